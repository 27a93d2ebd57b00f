/** Findings on the network between the nodes and on the way out of them: MTU, ports, routes. */
import { listText } from '../../model/values/list-text.ts';
import { makes } from './finding.ts';

interface MTU {
  /** MTU of pods today; undefined if it is unknown. */
  readonly mtu: number | undefined;
  /** Bytes that VXLAN and Geneve add. */
  readonly vxlan: number;
  readonly geneve: number;
}

/** The MTU of pods shrinks. */
export const clusterMTU = makes('ClusterMTU', ({ mtu, vxlan, geneve }: MTU) => {
  const least = geneve - vxlan;
  return {
    severity: 'info',
    kind: 'ClusterNetwork',
    name: 'default',
    today:
      mtu === undefined
        ? `Pods have an MTU ${vxlan} bytes below that of the network between the nodes.`
        : `Pods have an MTU of ${mtu} bytes, ${vxlan} below that of the network between the nodes.`,
    tomorrow: `OVN-Kubernetes needs ${geneve} bytes, so the MTU falls by ${least}${mtu === undefined ? '' : ` to ${mtu - least}`}, unless the network between the nodes carries more.`,
    action: `Check that no program needs packets that large, and set spec.migration.mtu of the network operator to match.`,
  };
});

/** Where the MTU between the nodes is from: the configuration, the operator's ConfigMap, or OpenShift SDN's MTU. */
export type MTUSource = 'configured' | 'found' | 'derived';

interface TooLargeMTU extends Omit<MTU, 'vxlan'> {
  /** Field of the network operator's configuration, and its value. */
  readonly field: string;
  readonly value: number;
  /** MTU between the nodes. */
  readonly between: number;
  readonly source: MTUSource;
}

/** The MTU that the operator will give pods does not fit. */
export const mtuTooLarge = makes('ClusterMTU', ({ field, value, between, source, mtu, geneve }: TooLargeMTU) => {
  const sources: Readonly<Record<MTUSource, string>> = {
    configured: ' (spec.migration.mtu.machine.to)',
    found: ' (ConfigMap openshift-network-operator/mtu)',
    derived: `, as far as OpenShift SDN's MTU of ${mtu} shows`,
  };
  return {
    severity: source === 'configured' ? 'blocker' : 'warning',
    span: 'until-fixed',
    kind: 'Network',
    name: 'cluster',
    today: `The network between the nodes has an MTU of ${between} bytes${sources[source]}.`,
    tomorrow: `${field} is ${value}: with the ${geneve} bytes of OVN-Kubernetes packets are too large for it, and get lost.`,
    action: `Set ${field} to ${between - geneve} or less, or raise the MTU between the nodes with spec.migration.mtu.machine.`,
  };
});

const onMTUConfigMap = { kind: 'ConfigMap', namespace: 'openshift-network-operator', name: 'mtu' };
const remake = 'Delete the ConfigMap, and wait until the network operator has made it again.';

/** There is no ConfigMap with the MTU of the nodes. */
export const mtuConfigMapMissing = makes('MTUConfigMap', () => ({
  ...onMTUConfigMap,
  severity: 'warning',
  today: 'The cluster does not have it. The network operator keeps the MTU of the nodes in it.',
  tomorrow: "The vendor's live migration is stuck without it.",
  action: 'Find out why the network operator has not made it (its logs name job mtu-prober), or migrate offline.',
}));

/** Files do not have it, and do not tell whether the cluster does. */
export const mtuConfigMapUnknown = makes('MTUConfigMap', () => ({
  ...onMTUConfigMap,
  severity: 'info',
  today: 'The input does not have it, and does not say whether the cluster does.',
  tomorrow: "The vendor's live migration is stuck without it.",
  action: 'Add it to the input, or look: oc -n openshift-network-operator get configmap mtu',
}));

/** It holds no number. */
export const mtuConfigMapInvalid = makes('MTUConfigMap', ({ text }: { readonly text: string }) => ({
  ...onMTUConfigMap,
  severity: 'warning',
  today: `data.mtu is ${JSON.stringify(text)}, which is no MTU.`,
  tomorrow: "The vendor's live migration takes the MTU of the nodes from it, and cannot.",
  action: remake,
}));

interface StaleMTU {
  /** What the ConfigMap says of the nodes' uplinks. */
  readonly found: number;
  /** MTU of pods, and the bytes that VXLAN adds. */
  readonly mtu: number;
  readonly vxlan: number;
}

/** Pods' MTU does not fit below it: one of the two is left from another network. */
export const mtuConfigMapStale = makes('MTUConfigMap', ({ found, mtu, vxlan }: StaleMTU) => ({
  ...onMTUConfigMap,
  severity: 'warning',
  today: `It says that the nodes have an MTU of ${found} bytes; pods have ${mtu}, which needs ${mtu + vxlan} between the nodes. One of the two is left from another network.`,
  tomorrow:
    "The vendor's live migration takes the MTU of the nodes from it, and pods get too small or too large a one.",
  action: `Look at the MTU of the nodes' uplinks. ${remake}`,
}));

/** Another port must be open between the nodes. */
export const genevePort = makes(
  'GenevePort',
  ({ vxlan, geneve }: { readonly vxlan: number; readonly geneve: number }) => ({
    kind: 'ClusterNetwork',
    name: 'default',
    today: `Nodes reach each other's pods over UDP port ${vxlan} (VXLAN).`,
    tomorrow: `OVN-Kubernetes uses UDP port ${geneve} (Geneve): where a firewall or security group between nodes lets only ${vxlan} pass, pods on different nodes do not reach each other. No object shows whether it is open.`,
    action: `Open UDP port ${geneve} between all nodes before the switch, and leave ${vxlan} open until the migration is finished.`,
  }),
);

/** No object shows the routes of nodes. */
export const nodeRoutesUnknown = makes('NodeRoutes', () => ({
  severity: 'info',
  kind: 'Network',
  name: 'cluster',
  today:
    "Pods' traffic to the outside goes by the routes of its node, which no object shows: by whichever interface they say.",
  tomorrow:
    'OVN-Kubernetes sends it out at the gateway of the default route, by the interface that became br-ex, and passes other routes of the node over.',
  action:
    'Look at the routes of the nodes (ip route). If destinations are behind another interface, set gatewayConfig.routingViaHost and ipForwarding of the network operator before the switch.',
}));

interface Routes {
  readonly name: string;
  readonly routes: readonly { readonly destination: string; readonly via: string }[];
}

const shownRoutes = 3;

/** nmstate sets routes of nodes, which pods will not follow. */
export const nodeRoutesLost = makes('NodeRoutes', ({ name, routes }: Routes) => ({
  severity: 'warning',
  kind: 'NodeNetworkConfigurationPolicy',
  name,
  today: `nmstate routes ${listText(
    routes.map(({ destination, via }) => `${destination} by ${via === '' ? 'any interface' : via}`),
    shownRoutes,
  )} on nodes, and pods' traffic follows.`,
  tomorrow:
    'OVN-Kubernetes passes these routes over: it sends it out at the gateway of the default route, by the interface that became br-ex.',
  action:
    'Set gatewayConfig.routingViaHost to true in the configuration of the network operator before the switch, and ipForwarding to Global, if pods must follow the routes.',
}));
