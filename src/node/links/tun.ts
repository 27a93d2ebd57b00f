/** tun0 and the routes of the node: the gateway address, the way to pods and services, the guard against leaks. */
import type { Exec } from '../../io/exec.ts';
import { must } from '../../io/exec.ts';
import type { Cidr } from '../../model/address.ts';
import { asList, isRecord } from '../../model/json.ts';
import { hex } from '../ovs/flow.ts';
import { guard, seenBit, tunDevice } from '../ovs/pipeline.ts';
import type { NodeFacts, Networks } from '../facts.ts';
import type { Uplink } from './addresses.ts';

/**
 * Kernel settings of a node: it forwards, tells nobody of a shorter way through tun0, and asks for pods' MACs in the
 * name of the gateway (table 0 takes no ARP from tun0 in another one).
 */
const onTun = { send_redirects: 0, rp_filter: 0, arp_announce: 2 };
const settings = ['net.ipv4.ip_forward=1', ...Object.entries(onTun).map(([key, value]) => `net.ipv4.conf.${tunDevice}.${key}=${value}`)];

/** Bytes that VXLAN adds to a packet: outer Ethernet, IPv4, UDP and VXLAN headers. */
export const vxlanOverhead = 50;

/** Brings tun0 up with the gateway address, its MTU and the routes to pods and services. Idempotent. */
export async function configureTun(run: Exec, facts: NodeFacts, networks: Networks, mtu: number): Promise<void> {
  const present = await must(run, 'ip', ['-j', 'addr', 'show', 'dev', tunDevice]);
  const wanted = `${facts.gateway}/${facts.subnet.length}`;
  const stale = addressesOf(present).filter((address) => address !== wanted);
  const lines = [
    ...stale.map((address) => `addr del ${address} dev ${tunDevice}`),
    `addr replace ${wanted} brd + dev ${tunDevice}`,
    `link set dev ${tunDevice} mtu ${mtu} up`,
    ...[...networks.cluster, networks.service].map(({ text }) => `route replace ${text} dev ${tunDevice} proto ${guard.protocol} scope link`),
  ];
  await must(run, 'ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
  await must(run, 'sysctl', ['-q', '-w', ...settings]);
  if (facts.datapath === 'netdev') await must(run, 'ethtool', ['-K', tunDevice, 'tx', 'off']);
}

/** Whether tun0 is up with its address and MTU, and no other address, in what `ip -j -4 addr show` prints. */
export function isTunConfigured(json: string, facts: NodeFacts, mtu: number): boolean {
  const links: unknown = JSON.parse(json);
  const tun = asList(links).filter(isRecord).find((link) => link['ifname'] === tunDevice);
  if (tun === undefined || tun['mtu'] !== mtu || !asList(tun['flags']).includes('UP')) return false;
  const addresses = addressesOn([tun]);
  return addresses.length === 1 && addresses[0] === `${facts.gateway}/${facts.subnet.length}`;
}

function addressesOf(json: string): string[] {
  const links: unknown = JSON.parse(json);
  return addressesOn(asList(links).filter(isRecord));
}

function addressesOn(links: readonly Readonly<Record<string, unknown>>[]): string[] {
  return links
    .flatMap((link) => asList(link['addr_info']).filter(isRecord))
    .filter((info) => info['family'] === 'inet')
    .map((info) => `${String(info['local'])}/${String(info['prefixlen'])}`);
}

/**
 * The guard: what comes from tun0 without the bits that our nft table sets goes nowhere but to pods, services and the
 * nodes. When the table is lost the node is closed, not open. (`not` in an ip rule inverts its whole selector, the
 * interface included, so the packets to let by jump over the rule instead.)
 */
export async function configureGuard(run: Exec, networks: Networks, uplink: Uplink): Promise<void> {
  const inside: readonly Cidr[] = [...networks.cluster, networks.service, uplink.network];
  const { rulePriority, routeTable, protocol } = guard;
  const routes = [
    ...new Set(inside.map(({ text }) => `route replace throw ${text} table ${routeTable} proto ${protocol}`)),
    `route replace unreachable default table ${routeTable} proto ${protocol}`,
  ];
  await must(run, 'ip', ['-batch', '-'], { input: `${routes.join('\n')}\n` });
  const mark = `${hex(seenBit.set)}/${hex(seenBit.set | seenBit.clear)}`;
  const rules: readonly (readonly [number, string])[] = [
    [rulePriority + 2, 'nop'],
    [rulePriority, `iif ${tunDevice} fwmark ${mark} goto ${rulePriority + 2}`],
    [rulePriority + 1, `iif ${tunDevice} lookup ${routeTable}`],
  ];
  const present = new Set(prioritiesOf(await must(run, 'ip', ['-j', 'rule', 'show'])));
  const missing = rules.filter(([priority]) => !present.has(priority));
  if (missing.length === 0) return;
  const lines = missing.map(([priority, rule]) => `rule add pref ${priority} ${rule} protocol ${protocol}`);
  await must(run, 'ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}

function prioritiesOf(json: string): number[] {
  const rules: unknown = JSON.parse(json);
  return asList(rules)
    .filter(isRecord)
    .map((rule) => Number(rule['priority']));
}
