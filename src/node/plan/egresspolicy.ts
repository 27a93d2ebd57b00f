/** Table 100: EgressNetworkPolicy, what pods of a VNID may reach outside. */
import type { EgressPolicies } from '../../model/policy/egresspolicy.ts';
import { type EgressRule } from '../../model/policy/egressrule.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { type Flow, goto, type Match, registerValue } from '../ovs/flow.ts';
import { repliesOf } from '../ovs/owner.ts';
import { port, priority, table } from '../ovs/pipeline.ts';

function destinations(rule: EgressRule, addresses: (name: string) => readonly Ip[]): Match[] {
  if (rule.kind === 'dns') return addresses(rule.name).map((ip) => ({ proto: 'ip', nw_dst: ip }));
  return [rule.cidr.length === 0 ? { proto: 'ip' } : { proto: 'ip', nw_dst: rule.cidr.text.replace(/\/32$/, '') }];
}

/** Packets from VXLAN were checked on their pod's node, whose resolver may know other addresses. */
const checked: Flow = {
  table: table.egressPolicy,
  priority: priority.egressPolicy.checked,
  match: { in_port: port.vxlan0 },
  actions: [goto(table.egressIP)],
};

/** Rules are about what pods open: replies to a connection that came in to this VNID pass. */
function replies(vnid: Vnid): Flow {
  return {
    table: table.egressPolicy,
    priority: priority.egressPolicy.ownReply,
    match: repliesOf(vnid),
    actions: [goto(table.egressIP)],
  };
}

/**
 * The flows of table 100 for the VNIDs with pods here. The first rule that matches decides, so it has the highest
 * priority.
 */
export function egressPolicyFlows(
  policies: EgressPolicies,
  localVnids: ReadonlySet<Vnid>,
  addresses: (name: string) => readonly Ip[],
): Flow[] {
  const flows = [...policies.byVnid].flatMap(([vnid, policy]): Flow[] => {
    if (!localVnids.has(vnid)) return [];
    const reg0 = registerValue(vnid);
    if (policy.kind === 'drop')
      return [
        replies(vnid),
        { table: table.egressPolicy, priority: priority.egressPolicy.all, match: { reg0 }, actions: [] },
      ];
    const seen = new Set<string>();
    const rules = policy.rules.flatMap((rule, index) =>
      destinations(rule, addresses).flatMap((match): Flow[] => {
        const key = match.nw_dst ?? '';
        if (seen.has(key)) return []; // an earlier rule has the same destination
        seen.add(key);
        const rank = policy.rules.length - index;
        return [
          {
            table: table.egressPolicy,
            priority: rank,
            match: { ...match, reg0 },
            actions: rule.allow ? [goto(table.egressIP)] : [],
          },
        ];
      }),
    );
    return rules.length === 0 ? [] : [replies(vnid), ...rules];
  });
  return [checked, ...flows];
}
