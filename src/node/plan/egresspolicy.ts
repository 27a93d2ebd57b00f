/** Table 100: EgressNetworkPolicy, what pods of a VNID may reach outside. */
import type { EgressPolicies, VnidPolicy } from '../../model/policy/egresspolicy.ts';
import { type EgressRule } from '../../model/policy/egressrule.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { type Flow, goto, type Match, registerValue } from '../ovs/flow.ts';
import { repliesOf } from '../ovs/owner.ts';
import { port, priority, table } from '../ovs/pipeline.ts';
import { memoized } from '../values/memo.ts';

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

/** The flows of one VNID. The first rule that matches decides, so it has the highest priority. */
function vnidFlows(vnid: Vnid, policy: VnidPolicy, addresses: (name: string) => readonly Ip[]): readonly Flow[] {
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
}

/** By policy the flows of the one VNID that has it, where no name must be looked up. */
const withoutNames = memoized<VnidPolicy, Map<Vnid, readonly Flow[]>>(() => new Map());

function vnidPart(vnid: Vnid, policy: VnidPolicy, addresses: (name: string) => readonly Ip[]): readonly Flow[] {
  if (policy.kind !== 'drop' && policy.rules.some(({ kind }) => kind === 'dns'))
    return vnidFlows(vnid, policy, addresses);
  const known = withoutNames(policy);
  const flows = known.get(vnid) ?? vnidFlows(vnid, policy, addresses);
  known.set(vnid, flows);
  return flows;
}

const always: readonly Flow[] = [checked];

/** The flows of table 100 for the VNIDs with pods here, in parts of one VNID each. */
export function egressPolicyFlows(
  policies: EgressPolicies,
  localVnids: ReadonlySet<Vnid>,
  addresses: (name: string) => readonly Ip[],
): readonly (readonly Flow[])[] {
  const parts = [...localVnids].flatMap((vnid) => {
    const policy = policies.byVnid.get(vnid);
    return policy === undefined ? [] : [vnidPart(vnid, policy, addresses)];
  });
  return [always, ...parts];
}
