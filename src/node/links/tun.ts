/** tun0 and the node's routes: the gateway address, and the routes to pods and services. */
import { type Exec, must } from '../../io/programs/exec.ts';
import { asText } from '../../model/values/json.ts';
import { guard, tunDevice } from '../ovs/pipeline.ts';
import type { Networks, NodeFacts } from '../values/facts.ts';
import { ipBatch, recordsOf } from './ip.ts';
import { type Link, type LinkAddress, linksOf } from './links.ts';
import { applySysctls } from './sysctls.ts';

/** The bytes that VXLAN adds to a packet: outer Ethernet, IPv4, UDP and VXLAN headers. */
export const vxlanOverhead = 50;

/**
 * Brings tun0 up with the gateway address, its MTU and the routes to pods and services, and removes other routes of
 * ours. Idempotent; writes only the difference.
 */
export async function configureTun(run: Exec, facts: NodeFacts, networks: Networks, mtu: number): Promise<void> {
  const [links, routes] = await Promise.all([
    must(run, 'ip', ['-j', 'addr', 'show', 'dev', tunDevice]),
    must(run, 'ip', ['-j', 'route', 'show', 'dev', tunDevice, 'proto', String(guard.protocol)]),
  ]);
  await ipBatch(run, tunLines({ links, routes }, facts, networks, mtu));
  await applySysctls(run);
  if (facts.datapath === 'netdev') await must(run, 'ethtool', ['-K', tunDevice, 'tx', 'off']);
}

/** The `ip -batch` lines that make tun0, as `ip -j addr` and `ip -j route` print it and our routes, as it should be. */
export function tunLines(
  present: { readonly links: string; readonly routes: string },
  { gateway, subnet }: Pick<NodeFacts, 'gateway' | 'subnet'>,
  networks: Pick<Networks, 'cluster' | 'service'>,
  mtu: number,
): string[] {
  const tun = linksOf(present.links).find(({ device }) => device === tunDevice);
  const addresses = (tun?.addresses ?? []).map(textOf);
  const wanted = `${gateway}/${subnet.length}`;
  const isUp = tun?.isUp === true && tun.mtu === mtu;
  const reached = [...networks.cluster, networks.service].map(({ text }) => text);
  const routes = destinationsOf(present.routes);
  return [
    ...addresses.filter((one) => one !== wanted).map((one) => `addr del ${one} dev ${tunDevice}`),
    ...(addresses.includes(wanted) ? [] : [`addr replace ${wanted} brd + dev ${tunDevice}`]),
    ...(isUp ? [] : [`link set dev ${tunDevice} mtu ${mtu} up`]),
    ...reached
      .filter((network) => !isUp || !routes.includes(network))
      .map((network) => `route replace ${network} dev ${tunDevice} proto ${guard.protocol} scope link`),
    ...routes
      .filter((network) => !reached.includes(network))
      .map((network) => `route del ${network} dev ${tunDevice} proto ${guard.protocol}`),
  ];
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
