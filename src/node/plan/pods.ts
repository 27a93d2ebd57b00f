/** Flows for the pods of this node. */
import type { IsolationMode } from '../../model/objects/clusternetwork.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { established, type Flow, goto, hex, output, outputReg2, registerValue, set } from '../ovs/flow.ts';
import { letInTo, repliesOf } from '../ovs/owner.ts';
import { priority, table } from '../ovs/pipeline.ts';
import { podMacEnd } from '../values/addressing.ts';
import type { LocalPod } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';

/** The flows of a pod: what it may send, and how it is reached. */
export const podFlows = memoized((pod: LocalPod): readonly Flow[] => {
  const vnid = set('reg0', registerValue(pod.vnid));
  return [
    {
      table: table.fromPod,
      priority: priority.match,
      match: { proto: 'arp', in_port: pod.ofport, arp_spa: pod.ip, arp_sha: podMacEnd(pod.ip) },
      actions: [vnid, goto(table.commit)],
    },
    {
      table: table.fromPod,
      priority: priority.match,
      match: { proto: 'ip', in_port: pod.ofport, nw_src: pod.ip },
      actions: [vnid, goto(table.policyEgress)],
    },
    {
      table: table.fromService,
      priority: priority.match,
      match: { proto: 'ip', nw_src: pod.ip },
      actions: [vnid, goto(table.policyEgress)],
    },
    {
      table: table.arpLocal,
      priority: priority.match,
      match: { proto: 'arp', arp_tpa: pod.ip },
      actions: [output(pod.ofport)],
    },
    {
      table: table.toLocalPod,
      priority: priority.match,
      match: { proto: 'ip', nw_dst: pod.ip },
      actions: [set('reg1', registerValue(pod.vnid)), set('reg2', hex(pod.ofport)), goto(table.isolation)],
    },
  ];
});

const isolationOf: Readonly<Record<IsolationMode, (vnids: ReadonlySet<Vnid>) => readonly Flow[]>> = {
  subnet: () => [],
  multitenant: memoized((vnids) => [...vnids].filter((vnid) => vnid !== 0).map(sameVnid)),
  networkpolicy: memoized((vnids) => [...vnids].map(replies)),
};

/** The isolation flows of the VNIDs with pods here; NetworkPolicies are in networkpolicy.ts. */
export function isolationFlows(mode: IsolationMode, vnids: ReadonlySet<Vnid>): readonly Flow[] {
  return isolationOf[mode](vnids);
}

function sameVnid(vnid: Vnid): Flow {
  return {
    table: table.isolation,
    priority: priority.isolation.sameVnid,
    match: { reg0: hex(vnid), reg1: hex(vnid) },
    actions: [goto(table.deliver)],
  };
}

/** A reply requires a connection that was let in, to a pod of this VNID. */
function replies(vnid: Vnid): Flow {
  return {
    table: table.policyEgress,
    priority: priority.policyEgress.replies,
    match: repliesOf(vnid),
    actions: [goto(table.commit)],
  };
}

/**
 * Delivery to the VNIDs with pods here, of connections that are recorded as let in to them: they need not be recorded
 * again, which is a pass through conntrack less for each packet.
 */
export const recordedFlows = memoized((vnids: ReadonlySet<Vnid>): readonly Flow[] =>
  [...vnids].map((vnid) => ({
    table: table.deliver,
    priority: priority.deliver.recorded,
    match: { ct_state: established, ct_mark: letInTo(vnid), proto: 'ip', reg1: registerValue(vnid) },
    actions: [outputReg2],
  })),
);
