/** The commands that the guide prints, as text for a shell. */
import { quoted } from '../../model/values/shell.ts';
import { convertedFeatures, liveAnnotation } from '../kinds/network.ts';
import type { Facts, NetworkType } from './facts.ts';
import { toPlugin } from './guided.ts';

type Resource = 'Network.config.openshift.io' | 'Network.operator.openshift.io' | 'MachineConfigPool';

function patch(resource: Resource, name: string, body: object): string {
  return `oc patch ${resource} ${name} --type merge -p '${JSON.stringify(body)}'`;
}

/** Empties spec.migration. */
export const clearMigration = patch('Network.operator.openshift.io', 'cluster', { spec: { migration: null } });

const features = Object.fromEntries(convertedFeatures.map((feature) => [feature, false]));

/** Asks for the plugin and keeps the vendor's converter out of it, in one patch. */
export function setMigration(networkType: NetworkType): string {
  return patch('Network.operator.openshift.io', 'cluster', { spec: { migration: { networkType, features } } });
}

/**
 * Keeps the vendor's converter out of a live migration, in which the operator sets the rest of spec.migration itself.
 */
export const setFeatures = patch('Network.operator.openshift.io', 'cluster', { spec: { migration: { features } } });

/** Switches the default plugin. */
export function switchTo(networkType: NetworkType): string {
  return patch('Network.config.openshift.io', 'cluster', { spec: { networkType } });
}

/** Starts a live migration: annotation and type in one patch. */
export function startLive(networkType: NetworkType): string {
  return patch('Network.config.openshift.io', 'cluster', {
    metadata: { annotations: { [liveAnnotation]: '' } },
    spec: { networkType },
  });
}

/** Takes back that a live migration to OVN-Kubernetes was asked for. */
export const withdrawLive = patch('Network.config.openshift.io', 'cluster', {
  metadata: { annotations: { [liveAnnotation]: null } },
  spec: { networkType: 'OpenShiftSDN' },
});

/** Removes the annotation of a live migration. */
export const endLive = patch('Network.config.openshift.io', 'cluster', {
  metadata: { annotations: { [liveAnnotation]: null } },
});

/** Pauses the pools, or ends their pause: those that are otherwise. */
export function pausePools({ pools }: Facts, paused: boolean): string {
  const names = pools.kind === 'known' ? pools.value.filter((one) => one.isPaused !== paused) : [];
  return names.map(({ name }) => patch('MachineConfigPool', name, { spec: { paused } })).join(' && ');
}

/**
 * Reboots all nodes at about the same time; the pods of the machine config operator stand in for a login on each node.
 */
export const rebootNodes =
  'for pod in $(oc -n openshift-machine-config-operator get pods -l k8s-app=machine-config-daemon -o name); do ' +
  'oc -n openshift-machine-config-operator rsh -c machine-config-daemon $pod chroot /rootfs shutdown -r +1; done';

/** Removes a Namespace. */
export function deleteNamespace(name: string): string {
  return `oc delete namespace ${name}`;
}

/** A command of this program with the plan's folder. */
export function withPlan({ plan }: Facts, command: 'apply' | 'back' | 'verify', flag = ''): string {
  return `sdn-compat migrate ${command} --plan ${quoted(plan?.folder ?? 'plan')}${flag === '' ? '' : ` ${flag}`}`;
}

/** This guide itself, with the plan that it was given. */
export function guide({ plan }: Facts, ...flags: readonly string[]): string {
  const folder = plan === undefined ? [] : ['--plan', quoted(plan.folder)];
  return ['sdn-compat migrate guide', ...folder, ...flags].join(' ');
}

/** Makes a plan. */
export const makePlan = `sdn-compat migrate plan ${toPlugin} --from-cluster --out plan`;
/** Shows what stands in the way of a migration, and the way out. */
export const inspect = 'sdn-compat migrate inspect --from-cluster';
