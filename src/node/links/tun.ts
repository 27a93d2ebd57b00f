/** tun0 and the node's routes: the gateway address, and the routes to pods and services. */
import { type Exec, must } from '../../io/programs/exec.ts';
import { asText } from '../../model/values/json.ts';
import { guard, tunDevice } from '../ovs/pipeline.ts';
import type { Networks, NodeFacts } from '../values/facts.ts';
import { ipBatch, recordsOf } from './ip.ts';
import { addressesOf, type Link, type LinkAddress, linksOf } from './links.ts';
import { applySysctls } from './sysctls.ts';

/** The bytes that VXLAN adds to a packet: outer Ethernet, IPv4, UDP and VXLAN headers. */
export const vxlanOverhead = 50;

/**
 * Brings tun0 up with the gateway address, its MTU and the routes to pods and services, and removes other routes of
 * ours. Idempotent.
 */
export async function configureTun(run: Exec, facts: NodeFacts, networks: Networks, mtu: number): Promise<void> {
  const present = await must(run, 'ip', ['-j', 'addr', 'show', 'dev', tunDevice]);
  const wanted = `${facts.gateway}/${facts.subnet.length}`;
  const stale = addressesOf(linksOf(present))
    .map(textOf)
    .filter((address) => address !== wanted);
  const reached = [...networks.cluster, networks.service].map(({ text }) => text);
  const routes = destinationsOf(
    await must(run, 'ip', ['-j', 'route', 'show', 'dev', tunDevice, 'proto', String(guard.protocol)]),
  );
  const lines = [
    ...stale.map((address) => `addr del ${address} dev ${tunDevice}`),
    `addr replace ${wanted} brd + dev ${tunDevice}`,
    `link set dev ${tunDevice} mtu ${mtu} up`,
    ...reached.map((network) => `route replace ${network} dev ${tunDevice} proto ${guard.protocol} scope link`),
    ...routes
      .filter((network) => !reached.includes(network))
      .map((network) => `route del ${network} dev ${tunDevice} proto ${guard.protocol}`),
  ];
  await ipBatch(run, lines);
  await applySysctls(run);
  if (facts.datapath === 'netdev') await must(run, 'ethtool', ['-K', tunDevice, 'tx', 'off']);
}

/** Whether tun0 is up with its address and MTU, and no other address. */
export function isTunConfigured(links: readonly Link[], facts: NodeFacts, mtu: number): boolean {
  const tun = links.find(({ device }) => device === tunDevice);
  if (tun === undefined || tun.mtu !== mtu || !tun.isUp) return false;
  const addresses = tun.addresses.map(textOf);
  return addresses.length === 1 && addresses[0] === `${facts.gateway}/${facts.subnet.length}`;
}

function textOf({ ip, prefixLength }: LinkAddress): string {
  return `${ip}/${prefixLength}`;
}

function destinationsOf(json: string): string[] {
  return recordsOf(json).map((route) => asText(route['dst']));
}
