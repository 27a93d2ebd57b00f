/** What a cluster shows of Cilium: its agents, and whether gateways are there. Its policies have no status. Pure. */
import { ciliumEgressGatewayPolicies, ciliumNodes, namespaces } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { matches } from '../../../model/objects/selector.ts';
import { listAt, selectorAt, textAt } from '../../kinds/item.ts';
import { nodeItem } from '../../kinds/node.ts';
import { type Live, liveNodes, liveObject, liveObjectsOf } from '../../live.ts';
import { refNamed } from '../../ref.ts';
import { addressCheck } from '../../requests/checks.ts';
import type { Check, CheckScene } from '../../target.ts';
import { type Change, refOf } from '../../translation.ts';
import { gatewaysIn } from './gateways.ts';
import { podNamespaceLabel } from './objects.ts';

/** Why Cilium's agent does not run on the node. */
export function lacking({ metadata: { name = '' } }: KubeObject, live: Live): string | undefined {
  return liveObject(live, refNamed(ciliumNodes, name)) === undefined
    ? `Node ${name}: there is no ${ciliumNodes.kind} of its name`
    : undefined;
}

interface Gateway {
  readonly egressIP: string;
  /** The first of the selected nodes by name, which is the one that Cilium takes; empty if there is none. */
  readonly node: string;
}

function gatewaysOf(policy: KubeObject, live: Live): readonly Gateway[] {
  return gatewaysIn(policy).map((gateway) => {
    const selector = selectorAt(gateway, 'nodeSelector');
    const nodes =
      selector === undefined ? [] : liveNodes(live).filter((node) => matches(selector, nodeItem(node).labels));
    return { egressIP: textAt(gateway, 'egressIP'), node: nodes[0]?.metadata.name ?? '' };
  });
}

/** Checks that each gateway is a Ready node where the plan has it. That it has the address no object shows. */
export function checker(scene: CheckScene): (object: KubeObject) => readonly Check[] | undefined {
  return (object) =>
    object.kind === ciliumEgressGatewayPolicies.kind
      ? gatewaysOf(object, scene.live).map(({ egressIP: ip, node }) =>
          addressCheck(object, { ip, given: ip, node, why: 'no Node has the label of its gateway' }, scene),
        )
      : undefined;
}

/** The addresses of the gateways that there are, by namespace. */
export function leavesWith(changes: readonly Change[], live: Live): ReadonlyMap<string, readonly string[]> {
  const there = new Set(liveObjectsOf(live, namespaces).map(({ metadata }) => metadata.name));
  return new Map(
    changes.flatMap((change) => {
      const is = change.action === 'apply' ? liveObject(live, refOf(change)) : undefined;
      if (is?.kind !== ciliumEgressGatewayPolicies.kind) return [];
      const ips = gatewaysOf(is, live).flatMap(({ egressIP, node }) => (node === '' ? [] : [egressIP]));
      return listAt(is, 'spec', 'selectors')
        .map((one) => textAt(one, 'podSelector', 'matchLabels', podNamespaceLabel))
        .filter((name) => there.has(name))
        .map((name) => [name, ips] as const);
    }),
  );
}
