/** Flows for the other nodes (VXLAN in and out) and for the pods of this one. */
import { addressAt, ipNumber } from '../../model/address.ts';
import type { IsolationMode } from '../../model/clusternetwork.ts';
import type { Vnid } from '../../model/vnid.ts';
import { type Flow, goto, hex, output, set, vnidToTunnel } from '../ovs/flow.ts';
import { port, priority, table } from '../ovs/pipeline.ts';
import type { LocalPod, RemoteNode } from '../values/facts.ts';
import { kept } from '../values/memo.ts';

/** What this node needs to know of another: VXLAN from it is accepted, its subnet is reached through it. */
export const remoteNodeFlows = kept((node: RemoteNode): readonly Flow[] => {
  const subnet = node.subnet.text;
  const tunnel = [vnidToTunnel, set('tun_dst', node.nodeIP), output(port.vxlan0)];
  return [
    {
      table: table.fromVxlan,
      priority: priority.match,
      match: { tun_src: node.nodeIP },
      actions: [goto(table.commit)],
    },
    { table: table.arpRemote, priority: priority.match, match: { proto: 'arp', arp_tpa: subnet }, actions: tunnel },
    { table: table.toRemotePod, priority: priority.match, match: { proto: 'ip', nw_dst: subnet }, actions: tunnel },
  ];
});

/** The MAC of a pod: 0a:58 and the four bytes of its address. */
export function podMac(ip: LocalPod['ip']): string {
  const bytes = ipNumber(ip).toString(16).padStart(8, '0').match(/../g) ?? [];
  return ['0a', '58', ...bytes].join(':');
}

/** The flows of a pod: what it may send from, and how it is reached. */
export const podFlows = kept((pod: LocalPod): readonly Flow[] => {
  const vnid = set('reg0', hex(pod.vnid));
  const hardware = podMac(pod.ip).replace(/^0a:58/, '00:00');
  return [
    {
      table: table.fromPod,
      priority: priority.match,
      match: { proto: 'arp', in_port: pod.ofport, arp_spa: pod.ip, arp_sha: `${hardware}/00:00:ff:ff:ff:ff` },
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
      actions: [set('reg1', hex(pod.vnid)), set('reg2', hex(pod.ofport)), goto(table.isolation)],
    },
  ];
});

/** The isolation flows of one VNID that has pods here; those of the NetworkPolicy mode are in networkpolicy.ts. */
export function vnidFlows(mode: IsolationMode, vnid: Vnid): Flow[] {
  if (mode !== 'multitenant' || vnid === 0) return [];
  return [
    {
      table: table.isolation,
      priority: priority.isolation.sameVnid,
      match: { reg0: hex(vnid), reg1: hex(vnid) },
      actions: [goto(table.deliver)],
    },
  ];
}

/** A register's value as ovs-ofctl prints it: zero without `0x`. */
export function regValue(vnid: Vnid): string {
  return vnid === 0 ? '0' : hex(vnid);
}

/** The gateway of a subnet: its first address, as OpenShift SDN gives it to tun0. */
export function gatewayOf(subnet: RemoteNode['subnet']): LocalPod['ip'] {
  return addressAt(subnet, 1);
}
