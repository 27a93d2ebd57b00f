/** What a cluster shows about EgressIPs and firewalls while OVN-Kubernetes runs. Pure. */
import { cloudPrivateIPConfigs, egressIPs, namespaces } from '../../../../../api/kinds.ts';
import { compareText } from '../../../../model/values/names.ts';
import { egressIPItem } from '../../../kinds/egressip.ts';
import { itemOf } from '../../../kinds/item.ts';
import { nodeItem } from '../../../kinds/node.ts';
import { selecting } from '../../../kinds/selection.ts';
import { liveNodes } from '../../../live.ts';
import { objectRef } from '../../../ref.ts';
import type { CheckScene } from '../../../target.ts';
import { assignableLabel, missingAnnotations, zoneAnnotation } from '../marks/annotations.ts';

/** What the reasons for all IPs are derived from. */
export interface OvnFacts {
  /** Nodes without OVN-Kubernetes's annotations. While there is one, nothing is assigned anywhere. */
  readonly unannotated: readonly string[];
  readonly labeled: readonly string[];
  readonly ready: ReadonlySet<string>;
  /** Labeled and Ready. */
  readonly able: ReadonlySet<string>;
  readonly nodeByAddress: ReadonlyMap<string, string>;
  readonly egressIPsByAddress: ReadonlyMap<string, readonly string[]>;
  /** Addresses of CloudPrivateIPConfigs, without those that replaced a deleted one: these are OVN-Kubernetes' own. */
  readonly heldByCloud: ReadonlySet<string>;
  /** Names of the namespaces that each EgressIP selects, and of the EgressIPs that select each namespace. */
  readonly servedBy: ReadonlyMap<string, readonly string[]>;
  readonly servers: ReadonlyMap<string, readonly string[]>;
  /** Whether there are Namespaces at all: without them nothing tells what is selected. */
  readonly hasNamespaces: boolean;
  /** Zones of OVN-Kubernetes, each of which applies firewalls by itself, sorted. */
  readonly zones: readonly string[];
}

/** Collects the facts of a cluster. */
export function factsOf({ live, isReplaced }: Pick<CheckScene, 'live' | 'isReplaced'>): OvnFacts {
  const all = liveNodes(live).map(nodeItem);
  const labeled = all.filter(({ labels }) => labels[assignableLabel] !== undefined);
  const objects = [...live.objects.values()];
  const egressIPItems = objects.filter(({ kind }) => kind === egressIPs.kind).map(egressIPItem);
  const requests = egressIPItems.flatMap((one) => one.egressIPs.map((ip) => [ip, one.name] as const));
  const namespaceItems = objects.filter(({ kind }) => kind === namespaces.kind).map(itemOf);
  const select = selecting(namespaceItems);
  const servedBy = new Map(egressIPItems.map((one) => [one.name, select(one.namespaceSelector).toSorted(compareText)]));
  const pairs = [...servedBy].flatMap(([name, served]) => served.map((namespace) => [name, namespace] as const));
  const cloud = objects.filter((one) => one.kind === cloudPrivateIPConfigs.kind && !isReplaced(objectRef(one)));
  return {
    unannotated: all.filter(({ object }) => missingAnnotations(object).length > 0).map(({ name }) => name),
    labeled: labeled.map(({ name }) => name),
    ready: new Set(all.filter(({ ready }) => ready === 'True').map(({ name }) => name)),
    able: new Set(labeled.filter(({ ready }) => ready === 'True').map(({ name }) => name)),
    nodeByAddress: new Map(all.flatMap(({ name, addresses }) => addresses.map((address) => [address, name] as const))),
    egressIPsByAddress: new Map(
      [...Map.groupBy(requests, ([ip]) => ip)].map(([ip, of]) => [ip, of.map(([, name]) => name).sort(compareText)]),
    ),
    heldByCloud: new Set(cloud.map(({ metadata }) => metadata.name ?? '')),
    servedBy,
    servers: new Map(
      [...Map.groupBy(pairs, ([, namespace]) => namespace)].map(([namespace, of]) => [
        namespace,
        of.map(([name]) => name).sort(compareText),
      ]),
    ),
    hasNamespaces: namespaceItems.length > 0,
    zones: [...new Set(all.flatMap(({ annotations }) => annotations[zoneAnnotation] ?? []))].sort(compareText),
  };
}
