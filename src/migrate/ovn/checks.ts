/** Checks objects by what OVN-Kubernetes itself reports about them. Pure. */
import { egressFirewalls, egressIPs } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects.ts';
import { type EgressFirewallItem, egressFirewallItem } from '../kinds/egressfirewall.ts';
import { type EgressIPItem, egressIPItem } from '../kinds/egressip.ts';
import { objectRef } from '../ref.ts';
import { bad, type Check, type CheckScene } from '../target.ts';
import { type Facts, factsOf, whyUnassigned } from './why-unassigned.ts';

/** Checks EgressIPs and EgressFirewalls by their status. */
export function checker(scene: CheckScene): (object: KubeObject) => readonly Check[] | undefined {
  const facts = factsOf(scene);
  return (object) => {
    if (object.kind === egressIPs.kind) return egressIPChecks(egressIPItem(object), scene, facts);
    if (object.kind === egressFirewalls.kind) return [firewallCheck(egressFirewallItem(object))];
    return undefined;
  };
}

function firewallCheck({ object: is, status, messages }: EgressFirewallItem): Check {
  const object = objectRef(is);
  const failed = [status, ...messages].find(
    (text) => text !== '' && (!/\bapplied\b/i.test(text) || /\bnot\b|error|fail/i.test(text)),
  );
  if (failed !== undefined) return bad(object, 'rules', `OVN-Kubernetes says: ${failed}`);
  return status === ''
    ? bad(object, 'rules', 'OVN-Kubernetes has not said that it applied the rules (status is empty)')
    : { object, part: 'rules', well: true };
}

function egressIPChecks(is: EgressIPItem, scene: CheckScene, facts: Facts): readonly Check[] {
  const { assigned, egressIPs: requested } = is;
  const object = objectRef(is.object);
  return requested.map((ip): Check => {
    const node = assigned.get(ip);
    const allowed = scene.placement.get(ip)?.allowed;
    const shown = { ...(node === undefined ? {} : { node }), ...(allowed === undefined ? {} : { allowed }) };
    if (node === undefined)
      return {
        ...bad(
          object,
          ip,
          `it is not assigned: ${whyUnassigned(ip, { own: object.name, count: requested.length, allowed, facts }).join('; ')}`,
        ),
        ...shown,
      };
    if (allowed === undefined || allowed.includes(node)) return { object, part: ip, well: true, ...shown };
    return { ...bad(object, ip, `it is on ${node}, where the plan does not allow it`), ...shown };
  });
}
