/** Checks objects by what OVN-Kubernetes itself reports about them, and by what would take their traffic. Pure. */
import { egressFirewalls, egressIPs } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { listText } from '../../../../model/values/list-text.ts';
import { compareText } from '../../../../model/values/names.ts';
import { type EgressFirewallItem, egressFirewallItem } from '../../../kinds/egressfirewall.ts';
import { type EgressIPItem, egressIPItem } from '../../../kinds/egressip.ts';
import { objectRef } from '../../../ref.ts';
import { bad, type Check, type CheckScene, type Stuck } from '../../../target.ts';
import { factsOf, type OvnFacts } from './facts.ts';
import { whyUnassigned } from './why-unassigned.ts';

/** Checks EgressIPs and EgressFirewalls by their status. */
export function checker(scene: CheckScene): (object: KubeObject) => readonly Check[] | undefined {
  const facts = factsOf(scene);
  return (object) => {
    if (object.kind === egressIPs.kind) return egressIPChecks(egressIPItem(object), scene, facts);
    if (object.kind === egressFirewalls.kind) return [firewallCheck(egressFirewallItem(object), facts)];
    return undefined;
  };
}

const applied = 'EgressFirewall Rules applied';

/** Splits `ZONE: TEXT`; the zone is a node's name, which may hold any word. */
function zoneMessage(message: string): { readonly zone: string; readonly text: string } {
  const at = message.indexOf(': ');
  return at < 0 ? { zone: '', text: message } : { zone: message.slice(0, at), text: message.slice(at + 2) };
}

/** A firewall is applied when every zone says so; the cluster manager then writes status.status. */
function firewallCheck({ object: is, status, messages }: EgressFirewallItem, { zones }: OvnFacts): Check {
  const object = objectRef(is);
  const said = messages.map(zoneMessage);
  const failed = [...said.map(({ text }) => text), status].find((text) => text !== '' && text.trim() !== applied);
  if (failed !== undefined) {
    const zone = said.find(({ text }) => text === failed)?.zone ?? '';
    return bad(object, 'rules', `OVN-Kubernetes says${zone === '' ? '' : ` in zone ${zone}`}: ${failed}`);
  }
  if (status !== '') return { object, part: 'rules', well: true };
  const silent = zones.filter((zone) => !said.some((one) => one.zone === zone));
  const where = said.length > 0 && silent.length > 0 ? `: zone ${listText(silent, 3)} is silent` : '';
  return bad(object, 'rules', `OVN-Kubernetes has not said that it applied the rules (status is empty)${where}`);
}

function egressIPChecks(is: EgressIPItem, scene: CheckScene, facts: OvnFacts): readonly Check[] {
  return [...is.egressIPs.map((ip) => addressCheck(ip, is, { scene, facts })), ...selectionChecks(is, facts)];
}

const unassigned = 'it is not assigned';

/**
 * EgressIPs that OVN-Kubernetes passed over. While one Node of the cluster lacks its annotations it assigns nothing,
 * without an Event, and does not come back to it by itself when the Node has them.
 */
export const stuck: Stuck = {
  kind: egressIPs,
  what: 'an unassigned address',
  isStuck: ({ part, well, node, problem = '' }) =>
    part !== '' && !well && node === undefined && problem.startsWith(unassigned),
};

function addressCheck(
  ip: string,
  is: EgressIPItem,
  { scene, facts }: { readonly scene: CheckScene; readonly facts: OvnFacts },
): Check {
  const object = objectRef(is.object);
  const node = is.assigned.get(ip);
  const { allowed, expected } = scene.placement.get(ip) ?? {};
  const shown = {
    ...(node === undefined ? {} : { node }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(expected === undefined ? {} : { expected }),
  };
  const problem =
    node === undefined
      ? `${unassigned}: ${whyUnassigned(ip, { own: is.name, count: is.egressIPs.length, allowed, facts }).join('; ')}`
      : placedProblem(ip, is, { node, allowed, facts });
  return problem === undefined ? { object, part: ip, well: true, ...shown } : { ...bad(object, ip, problem), ...shown };
}

interface Placed {
  readonly node: string;
  readonly allowed: readonly string[] | undefined;
  readonly facts: OvnFacts;
}

/** What is wrong with an assigned address: it may look well while it is not, or be so only until the next failure. */
function placedProblem(
  ip: string,
  { name: own, assignedTwice }: EgressIPItem,
  { node, allowed, facts }: Placed,
): string | undefined {
  const places = assignedTwice.get(ip);
  if (places !== undefined)
    return `its status lists it ${String(places.length)} times, on ${listText([...new Set(places)], 3)}: more than one node may answer for it`;
  const others = (facts.egressIPsByAddress.get(ip) ?? []).filter((name) => name !== own);
  if (others.length > 0)
    return `EgressIP ${listText(others, 3)} requests it too: after a restart of OVN-Kubernetes both have it`;
  if (!facts.ready.has(node)) return `it is on ${node}, which is not Ready: OVN-Kubernetes did not move it`;
  // nodes that were labeled or became Ready after the plan may have it as well
  if (allowed === undefined || allowed.includes(node) || facts.able.has(node)) return undefined;
  return `it is on ${node}, where the plan does not allow it`;
}

/** Whether its namespaces leave with its addresses and no others. */
function selectionChecks(is: EgressIPItem, facts: OvnFacts): readonly Check[] {
  const object = objectRef(is.object);
  const own = facts.servedBy.get(is.name) ?? [];
  const shared = own.flatMap((namespace) =>
    (facts.servers.get(namespace) ?? []).flatMap((name) => (name === is.name ? [] : [{ name, namespace }])),
  );
  if (facts.hasNamespaces && own.length === 0) return [bad(object, 'namespaces', 'it selects no namespace')];
  const rivals = [...Map.groupBy(shared, ({ name }) => name)].map(
    ([name, of]): readonly [name: string, text: string] => [
      name,
      `EgressIP ${name} selects ${listText(
        of.map(({ namespace }) => namespace),
        3,
      )} too`,
    ],
  );
  const sorted = rivals.toSorted(([a], [b]) => compareText(a, b));
  return sorted.map(([, text]) =>
    bad(object, 'namespaces', `${text}: pods leave with the addresses of one of the two`),
  );
}
