/** Keeps one HostSubnet for each Node, with the subnet and the address that OVN-Kubernetes gave it. */
import { hostSubnets } from '../../api/kinds.ts';
import { controllerManager } from '../controllers/field-manager.ts';
import type { ObjectReconciler } from '../controllers/objects.ts';
import { removeObject } from '../controllers/remove.ts';
import { hostSubnetOf, isOrphan } from '../controllers/subnets/plan.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { isAlreadyExists } from '../io/kube/error.ts';
import { guarded } from '../io/kube/fresh.ts';
import type { Logger } from '../io/log.ts';
import { ifaddrsIn, primaryAnnotation, subnetsAnnotation } from '../migrate/targets/ovn/marks/annotations.ts';
import { hostIPOf } from '../model/objects/node.ts';
import type { HostSubnetObject, NodeObject } from '../model/objects/raw.ts';
import { nodeUidAnnotation } from '../model/objects/well-known.ts';
import { type Cidr, type Ip, parseCidr } from '../model/values/address.ts';
import { asList, asText, fieldOf, jsonIn } from '../model/values/json.ts';
import type { FacadeCaches } from './caches.ts';
import type { FacadeMetrics } from './metrics.ts';
import { Rewriting } from './rewriting.ts';

/** What OVN-Kubernetes says of a node; undefined as long as it has not said all. */
export interface OvnHost {
  readonly hostIP: Ip;
  readonly subnet: Cidr;
}

/** Reads what OVN-Kubernetes wrote on the Node: its first IPv4 subnet for pods, and its address. */
export function ovnHostOf(node: NodeObject, isEgressIP: (ip: Ip) => boolean): OvnHost | undefined {
  const { annotations = {} } = node.metadata;
  const said = fieldOf(jsonIn(annotations[subnetsAnnotation] ?? '') ?? null, 'default');
  const [subnet] = (typeof said === 'string' ? [said] : asList(said).map(asText)).flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr.ok && cidr.value.family === 4 ? [cidr.value] : [];
  });
  const [primary] = ifaddrsIn(annotations[primaryAnnotation]);
  const hostIP = primary?.network.family === 4 ? primary.ip : hostIPOf(node, undefined, isEgressIP);
  return subnet === undefined || hostIP === undefined ? undefined : { hostIP, subnet };
}

export type HostStep =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'remove'; readonly present: HostSubnetObject }
  | { readonly kind: 'create'; readonly object: HostSubnetObject }
  | { readonly kind: 'patch'; readonly present: HostSubnetObject; readonly patch: object; readonly metadata: object };

/** The step that brings a HostSubnet to what OVN-Kubernetes says of its Node. `egress`: what one that is made offers. */
export function hostStep(
  node: NodeObject | undefined,
  present: HostSubnetObject | undefined,
  { host, egress = {} }: { readonly host: OvnHost | undefined; readonly egress?: object | undefined },
): HostStep {
  if (present !== undefined && isOrphan(present, node)) return { kind: 'remove', present };
  if (node === undefined || host === undefined) return { kind: 'nothing' };
  const wanted = hostSubnetOf(node, host.hostIP, host.subnet);
  if (present === undefined) return { kind: 'create', object: { ...wanted, ...egress } };
  return patchStep(present, wanted);
}

function patchStep(present: HostSubnetObject, { hostIP, subnet, metadata }: HostSubnetObject): HostStep {
  const isSame = present.subnet === subnet && present.hostIP === hostIP;
  const isRecorded = present.metadata.annotations?.[nodeUidAnnotation] !== undefined;
  if (isSame && isRecorded) return { kind: 'nothing' };
  const { annotations = {} } = metadata;
  return {
    ...{ kind: 'patch', present },
    patch: isSame ? {} : { subnet, hostIP },
    metadata: isRecorded ? {} : { annotations },
  };
}

export interface HostsDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Pick<FacadeCaches, 'nodes' | 'hostSubnets'>;
  /** What HostSubnets that were lost offered, by node. */
  readonly adopted: Map<string, object>;
  readonly facade: Pick<FacadeMetrics, 'refused'>;
}

/** Reconciles HostSubnets; woken by changes to them and to Nodes. The caches must be synced. */
export function hostsReconciler({ client, logger, caches, adopted, facade }: HostsDeps): ObjectReconciler {
  const isEgressIP = (ip: Ip): boolean =>
    caches.hostSubnets.list().some(({ egressIPs }) => asList(egressIPs).includes(ip));
  const rewriting = new Rewriting(() => performance.now());
  const reconcile = async (name: string, signal: AbortSignal): Promise<number | undefined> => {
    const [node, present] = [caches.nodes.get(name), caches.hostSubnets.get(name)];
    if (present !== undefined) adopted.delete(name);
    const host = node === undefined ? undefined : ovnHostOf(node, isEgressIP);
    const step = hostStep(node, present, { host, egress: adopted.get(name) });
    const write = { signal, fieldManager: controllerManager };
    switch (step.kind) {
      case 'nothing':
        return undefined;
      case 'remove':
        return removeObject(client, hostSubnets, step.present, signal).then(() => undefined);
      case 'create':
        await client.create(hostSubnets, step.object, write).catch((error: unknown) => {
          if (!isAlreadyExists(error)) throw error;
        });
        adopted.delete(name);
        logger.info({ node: name, subnet: step.object.subnet }, 'HostSubnet created');
        return undefined;
      case 'patch': {
        const text = JSON.stringify(step.patch);
        const left = rewriting.left(name, text);
        if (left > 0) return left;
        if (rewriting.isAgain(name, text)) facade.refused();
        const body = guarded(step.present, { ...step.patch }, { ...step.metadata });
        await client.patch(hostSubnets, { name }, body, { ...write, type: 'merge' });
        rewriting.wrote(name, text);
        return undefined;
      }
    }
  };
  return {
    name: 'node',
    watch: (wake) => [
      caches.nodes.subscribe(({ key }) => wake(key)),
      caches.hostSubnets.subscribe(({ key }) => wake(key)),
    ],
    reconcile,
    close: () => undefined,
  };
}
