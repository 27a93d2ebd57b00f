/**
 * What other programs write to nft on real hosts: a firewall, programs that mark packets, container engines that
 * masquerade, service proxies. Each has its own tables, as input for nft or iptables-restore. Pure.
 */
import { defaultVxlanPort } from '../../model/objects/clusternetwork.ts';
import { tunDevice } from '../../node/ovs/pipeline.ts';
import { network } from '../layout.ts';

const uplink = 'br-ex';

/** The Service that a proxied host rewrites. Whoever creates the pod sets it as the endpoint (see docs/lab.md). */
export const service = {
  clusterIP: '172.30.0.10',
  port: 80,
  nodePort: 30080,
  targetPort: 8080,
  masqueradeBit: 0x4000,
} as const;

function table(name: string, lines: readonly string[]): string {
  return [`table ${name} {`, ...lines.map((line) => `  ${line}`), '}', ''].join('\n');
}

function chain(name: string, hook: string, rules: readonly string[]): string[] {
  return [`chain ${name} {`, `  type ${hook}; policy accept;`, ...rules.map((rule) => `  ${rule}`), '}'];
}

/** A zone firewall: drops what conntrack considers invalid, trusts tun0, and accepts what a node serves. */
export const zoneFirewall = table('inet lab_firewall', [
  ...chain('input', 'filter hook input priority filter + 10', [
    'ct state { established, related } accept',
    'ct status dnat accept',
    `iifname { "lo", "${tunDevice}" } accept`,
    'ct state invalid drop',
    'meta l4proto { icmp, icmpv6 } accept',
    'tcp dport { 22, 10250 } accept',
    `udp dport ${defaultVxlanPort} accept`,
    'reject with icmpx admin-prohibited',
  ]),
  ...chain('forward', 'filter hook forward priority filter + 10', [
    'ct state { established, related } accept',
    'ct status dnat accept',
    'ct state invalid drop',
    `iifname "${tunDevice}" accept`,
    `oifname "${tunDevice}" accept`,
    'reject with icmpx admin-prohibited',
  ]),
  ...chain('output', 'filter hook output priority filter + 10', [
    'ct state { established, related } accept',
    'oifname "lo" accept',
  ]),
]);

/** A program that marks packets: one bit on everything that arrives, a number on everything that leaves. */
export const packetMarks = table('ip lab_marks', [
  ...chain('arriving', 'filter hook prerouting priority mangle', ['meta mark set meta mark | 0x00010000']),
  ...chain('departing', 'filter hook postrouting priority mangle', [`oifname "${uplink}" meta mark set 10`]),
]);

/**
 * The table of a VPN or load balancer: saves the mark with the connection when it leaves and restores it when it
 * arrives.
 */
export const connectionMarks = table('ip lab_connmark', [
  ...chain('restore', 'filter hook prerouting priority mangle', [
    'meta l4proto udp meta mark set ct mark',
    'ct mark != 0 meta mark set ct mark',
  ]),
  ...chain('save', 'filter hook postrouting priority mangle', ['meta mark != 0 ct mark set meta mark']),
]);

/** The table of a container engine or hypervisor, which masquerades everything that leaves. */
export function masqueradeAll(name: string, priority: string): string {
  return table(
    `ip ${name}`,
    chain('postrouting', `nat hook postrouting priority ${priority}`, [`oifname "${uplink}" masquerade`]),
  );
}

const bit = `0x${service.masqueradeBit.toString(16)}`;
const isNodePort = `fib daddr type local ip daddr != 127.0.0.0/8 tcp dport ${service.nodePort}`;
const masquerading = [`meta mark & ${bit} == 0 return`, `meta mark set meta mark ^ ${bit}`, 'masquerade fully-random'];

/** A service proxy in nftables: one Service with a cluster address and a node port; the map `endpoint` has its pod. */
export const proxy = table('ip lab_proxy', [
  'map endpoint { type inet_service : ipv4_addr . inet_service; }',
  'chain mark_for_masquerade {',
  `  meta mark set meta mark | ${bit}`,
  '}',
  'chain to_endpoint {',
  '  dnat ip to tcp dport map @endpoint',
  '}',
  'chain cluster_ip {',
  `  ip saddr != ${network.podNetwork} jump mark_for_masquerade`,
  '  goto to_endpoint',
  '}',
  'chain node_port {',
  '  jump mark_for_masquerade',
  '  goto to_endpoint',
  '}',
  'chain services {',
  `  ip daddr ${service.clusterIP} tcp dport ${service.port} goto cluster_ip`,
  `  ${isNodePort} goto node_port`,
  '}',
  ...chain('nat_prerouting', 'nat hook prerouting priority dstnat', ['jump services']),
  ...chain('nat_output', 'nat hook output priority -100', ['jump services']),
  ...chain('nat_postrouting', 'nat hook postrouting priority srcnat', masquerading),
  ...chain('forward', 'filter hook forward priority filter', [
    'ct state invalid drop',
    `meta mark & ${bit} != 0 accept`,
    'ct state { established, related } accept',
  ]),
]);

/** The same Service as iptables-nft writes it; the chain LAB-ENDPOINT has its pod. */
export const iptablesProxy = [
  '*nat',
  ':PREROUTING ACCEPT',
  ':OUTPUT ACCEPT',
  ':POSTROUTING ACCEPT',
  ...['LAB-SERVICES', 'LAB-NODEPORTS', 'LAB-CLUSTER-IP', 'LAB-ENDPOINT', 'LAB-MARK-MASQ', 'LAB-POSTROUTING'].map(
    (name) => `:${name} -`,
  ),
  '-A PREROUTING -m comment --comment "service portals" -j LAB-SERVICES',
  '-A OUTPUT -m comment --comment "service portals" -j LAB-SERVICES',
  '-A POSTROUTING -m comment --comment "masquerading of services" -j LAB-POSTROUTING',
  `-A LAB-SERVICES -d ${service.clusterIP}/32 -p tcp -m tcp --dport ${service.port} -j LAB-CLUSTER-IP`,
  '-A LAB-SERVICES -m addrtype --dst-type LOCAL -j LAB-NODEPORTS',
  `-A LAB-NODEPORTS -p tcp -m tcp --dport ${service.nodePort} -j LAB-MARK-MASQ`,
  `-A LAB-NODEPORTS -p tcp -m tcp --dport ${service.nodePort} -j LAB-ENDPOINT`,
  `-A LAB-CLUSTER-IP ! -s ${network.podNetwork} -j LAB-MARK-MASQ`,
  '-A LAB-CLUSTER-IP -j LAB-ENDPOINT',
  `-A LAB-MARK-MASQ -j MARK --set-xmark ${bit}/${bit}`,
  `-A LAB-POSTROUTING -m mark ! --mark ${bit}/${bit} -j RETURN`,
  `-A LAB-POSTROUTING -j MARK --set-xmark ${bit}/0x0`,
  '-A LAB-POSTROUTING -j MASQUERADE --random-fully',
  'COMMIT',
  '*filter',
  ':FORWARD ACCEPT',
  ':LAB-FORWARD -',
  '-A FORWARD -m comment --comment "forwarding of services" -j LAB-FORWARD',
  '-A LAB-FORWARD -m conntrack --ctstate INVALID -j DROP',
  `-A LAB-FORWARD -m mark --mark ${bit}/${bit} -j ACCEPT`,
  '-A LAB-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  'COMMIT',
  '',
].join('\n');

/**
 * The visible effects of IPVS: conntrack does not do the rewrite, so no connection has the status `dnat`. IPVS rewrites
 * after conntrack and tells it the reply's addresses; nft can only rewrite each incoming packet before conntrack, and
 * each answer while it is forwarded. The maps `address` and `port` and the set `endpoint` have the pod. Packets of the
 * node itself are not rewritten.
 */
export function ipvsProxy(nodeIP: string): string {
  const answer = 'ct direction reply ip saddr . tcp sport @endpoint';
  return table('ip lab_ipvs', [
    'map address { type inet_service : ipv4_addr; }',
    'map port { type inet_service : inet_service; }',
    'set endpoint { type ipv4_addr . inet_service; }',
    'chain to_endpoint {',
    '  ip daddr set tcp dport map @address tcp dport set tcp dport map @port',
    '}',
    ...chain('virtual_in', 'filter hook prerouting priority raw', [
      `ip daddr ${service.clusterIP} tcp dport ${service.port} goto to_endpoint`,
      `${isNodePort} goto to_endpoint`,
    ]),
    ...chain('nat_prerouting', 'nat hook prerouting priority dstnat', [
      `ip daddr . tcp dport @endpoint meta mark set meta mark | ${bit}`,
    ]),
    ...chain('virtual_out', 'filter hook forward priority filter + 99', [
      `oifname "${tunDevice}" ${answer} ip saddr set ${service.clusterIP} tcp sport set ${service.port}`,
      `oifname "${uplink}" ${answer} ip saddr set ${nodeIP} tcp sport set ${service.nodePort}`,
    ]),
    ...chain('nat_postrouting', 'nat hook postrouting priority srcnat', masquerading),
  ]);
}
