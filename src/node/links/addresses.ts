/** Egress IPs on the interface with the node's address: what is there, what should be, and the commands in between. */
import { type Cidr, contains, type Ip, ipNumber, lastOf, parseIfaddr, parseIp } from '../../model/values/address.ts';
import { asList, asText, isRecord } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { recordsOf } from './ip.ts';
import { addressesOf, labelSuffix, type Link, type LinkAddress } from './links.ts';

/** The interface with the node's address. */
export interface Uplink {
  readonly device: string;
  readonly prefixLength: number;
  /** The network of the node's address, or what the cloud says it is. */
  readonly network: Cidr;
  readonly mtu: number;
}

/** IFNAMSIZ minus the terminating zero: the kernel's limit for a label. */
const longestLabel = 15;

/** The label of our addresses on a device; undefined if the device name leaves no room for one. */
export function labelOf(device: string): string | undefined {
  const label = `${device}${labelSuffix}`;
  return label.length <= longestLabel ? label : undefined;
}

/** Hosts that announce their address by BGP have it on loopback as well as on the interface that carries it. */
const loopback = 'lo';
/** The MTU of an interface of which ip does not print it. */
const usualMtu = 1500;

/**
 * Finds the interface with the node's address. Clouds give nodes an address with 32 bits and say elsewhere what its
 * network is: that of `cloud` counts, if it has the node's address.
 */
export function findUplink(links: readonly Link[], nodeIP: Ip, cloud?: Cidr): Result<Uplink> {
  const having = addressesOf(links).filter(({ ip }) => ip === nodeIP);
  const address = having.find(({ device }) => device !== loopback) ?? having[0];
  const ifaddr = address === undefined ? undefined : parseIfaddr(`${nodeIP}/${address.prefixLength}`);
  if (address === undefined || ifaddr?.ok !== true) {
    return err(`no interface of this machine has the node's address ${nodeIP} (hostIP of its HostSubnet)`);
  }
  const { device, prefixLength } = address;
  const network = cloud !== undefined && contains(cloud, nodeIP) ? cloud : ifaddr.value.network;
  const mtu = links.find((link) => link.device === device)?.mtu ?? usualMtu;
  return ok({ device, prefixLength, network, mtu });
}

/** The next hops in the output of `ip -j route show`. */
export function gatewaysOf(json: string): ReadonlySet<Ip> {
  const hops = recordsOf(json).flatMap((route) => [route, ...asList(route['nexthops']).filter(isRecord)]);
  return new Set(
    hops.flatMap((hop) => {
      const ip = parseIp(asText(hop['gateway']));
      return ip.ok ? [ip.value] : [];
    }),
  );
}

/** The shortest prefix length without network and broadcast address (RFC 3021). */
const pointToPoint = 31;

/** What the address is to the node, if it must be left alone; undefined otherwise. */
function standing({ device, network }: Uplink, { nodeIP, gateways }: NodeAddresses, ip: Ip): string | undefined {
  if (ip === nodeIP) return "the node's own address";
  if (gateways.has(ip)) return "the address of the node's gateway";
  if (network.length >= pointToPoint) return undefined;
  if (ipNumber(ip) === network.first) return `the address of the network of ${device}`;
  return ipNumber(ip) === lastOf(network) ? `the broadcast address of the network of ${device}` : undefined;
}

/** Addresses that a node needs for itself. */
export interface NodeAddresses {
  readonly nodeIP: Ip;
  /** Next hops of its routes. */
  readonly gateways: ReadonlySet<Ip>;
}

/** Why the node cannot carry an egress IP; undefined if it can. */
export function refusal(uplink: Uplink, node: NodeAddresses, egressIP: Ip): string | undefined {
  const taken = standing(uplink, node, egressIP);
  if (taken !== undefined) return `egress IP ${egressIP} is ${taken}`;
  return contains(uplink.network, egressIP)
    ? undefined
    : `egress IP ${egressIP} lies outside ${uplink.network.text}, the network of ${uplink.device}`;
}

/** The changes to the addresses. */
export interface AddressPlan {
  readonly add: readonly Ip[];
  readonly remove: readonly LinkAddress[];
  /** To remove and add again, so that they come after the node's own address, which the node uses as source. */
  readonly behind: readonly LinkAddress[];
}

/**
 * Plans the changes after which exactly `wanted` are ours on the uplink, after the node's address, and nothing
 * has it elsewhere.
 */
export function planAddresses(
  present: readonly LinkAddress[],
  uplink: Uplink,
  nodeIP: Ip,
  wanted: ReadonlySet<Ip>,
): AddressPlan {
  const onUplink = present.filter(({ device }) => device === uplink.device);
  const there = new Set(onUplink.map(({ ip }) => ip));
  const own = onUplink.findIndex(({ ip }) => ip === nodeIP);
  const before = onUplink[own]?.isSecondary === true ? oursAmong(onUplink.slice(0, own)) : [];
  return {
    add: [...wanted].filter((ip) => !there.has(ip)),
    remove: oursAmong(present).filter(({ device, ip }) => device !== uplink.device || !wanted.has(ip)),
    behind: before.filter(({ ip }) => wanted.has(ip)),
  };
}

/** The wanted egress IPs that this machine has, but not from us, with the reason why they are refused. */
export function foreignAmong(present: readonly LinkAddress[], wanted: ReadonlySet<Ip>): Map<Ip, string> {
  const foreign = present.filter(({ ip, isOurs }) => !isOurs && wanted.has(ip));
  return new Map(
    foreign.map(({ ip, device }) => [ip, `egress IP ${ip} is on ${device} already, where somebody else has put it`]),
  );
}

/** The addresses that we put there. */
export function oursAmong(present: readonly LinkAddress[]): LinkAddress[] {
  return present.filter(({ isOurs }) => isOurs);
}

/** The `ip -batch` lines that remove addresses. */
export function removalLines(addresses: readonly LinkAddress[]): string[] {
  return addresses.map(({ ip, prefixLength, device }) => `addr del ${ip}/${prefixLength} dev ${device}`);
}

/** The `ip -batch` lines of a plan's additions, and those that move the node's address to the front. */
export function addressCommands(plan: AddressPlan, uplink: Uplink): { add: string[]; behind: string[] } {
  const label = labelOf(uplink.device);
  const addition = (ip: Ip): string =>
    [
      `addr add ${ip}/${uplink.prefixLength} brd + dev ${uplink.device}`,
      ...(label === undefined ? [] : [`label ${label}`]),
    ].join(' ');
  return {
    add: plan.add.map(addition),
    behind: [...removalLines(plan.behind), ...plan.behind.map(({ ip }) => addition(ip))],
  };
}
