/** Egress IPs on the interface that carries the node's address: what is there, what should be, and the commands between. */
import { type Cidr, contains, type Ip, ipNumber, lastOf, parseIfaddr, parseIp } from '../../model/address.ts';
import { asList, asText, isRecord } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { recordsOf } from './ip.ts';

/** One address of one interface, as `ip -j addr` prints it. */
export interface LinkAddress {
  readonly device: string;
  readonly ip: Ip;
  readonly prefixLength: number;
  readonly label: string;
  /** Whether an address of the same network came before it: the kernel leaves with the first, where nothing says otherwise. */
  readonly isSecondary: boolean;
}

/** The interface that carries the node's address. */
export interface Uplink {
  readonly device: string;
  readonly prefixLength: number;
  /** The network the node's address lies in. */
  readonly network: Cidr;
  readonly mtu: number;
}

const labelSuffix = ':eip';
/** IFNAMSIZ less the closing zero: the kernel takes no longer label. */
const longestLabel = 15;

/** The label of our addresses on a device; refuses a device whose name leaves no room for it. */
export function labelOf(device: string): Result<string> {
  const label = `${device}${labelSuffix}`;
  if (label.length <= longestLabel) return ok(label);
  return err(
    `interface ${device}: the label ${label} of its egress IPs would have ${label.length} characters, at most ${longestLabel} are possible; give the interface a shorter name`,
  );
}

/** The IPv4 addresses in what `ip -j addr show` prints. */
export function parseAddresses(json: string): LinkAddress[] {
  return recordsOf(json).flatMap((link) => {
    const device = asText(link['ifname']);
    return asList(link['addr_info'])
      .filter(isRecord)
      .flatMap((info): LinkAddress[] => {
        const ip = parseIp(asText(info['local']));
        if (info['family'] !== 'inet' || !ip.ok) return [];
        return [
          {
            device,
            ip: ip.value,
            prefixLength: Number(info['prefixlen']),
            label: asText(info['label']),
            isSecondary: info['secondary'] === true,
          },
        ];
      });
  });
}

/** The MTU of a device in what `ip -j addr show` prints; 1500 when it is not there. */
function mtuOf(json: string, device: string): number {
  const link = recordsOf(json).find((one) => one['ifname'] === device);
  return typeof link?.['mtu'] === 'number' ? link['mtu'] : 1500;
}

/** The interface that carries the node's address, by what `ip -j addr show` prints. */
export function findUplink(json: string, nodeIP: Ip): Result<Uplink> {
  const address = parseAddresses(json).find(({ ip }) => ip === nodeIP);
  const ifaddr = address === undefined ? undefined : parseIfaddr(`${nodeIP}/${address.prefixLength}`);
  if (address === undefined || ifaddr?.ok !== true) {
    return err(`no interface of this machine has the node's address ${nodeIP} (hostIP of its HostSubnet)`);
  }
  const { device, prefixLength } = address;
  return ok({ device, prefixLength, network: ifaddr.value.network, mtu: mtuOf(json, device) });
}

/** The next hops in what `ip -j route show` prints. */
export function gatewaysOf(json: string): ReadonlySet<Ip> {
  const hops = recordsOf(json).flatMap((route) => [route, ...asList(route['nexthops']).filter(isRecord)]);
  return new Set(
    hops.flatMap((hop) => {
      const ip = parseIp(asText(hop['gateway']));
      return ip.ok ? [ip.value] : [];
    }),
  );
}

/** The shortest prefix length of a network without its own and broadcast address (RFC 3021). */
const pointToPoint = 31;

/** What an address is to the node that nobody may take from it; undefined when it is nothing of that kind. */
function standing({ device, network }: Uplink, { nodeIP, gateways }: NodeAddresses, ip: Ip): string | undefined {
  if (ip === nodeIP) return "the node's own address";
  if (gateways.has(ip)) return "the address of the node's gateway";
  if (network.length >= pointToPoint) return undefined;
  if (ipNumber(ip) === network.first) return `the address of the network of ${device}`;
  return ipNumber(ip) === lastOf(network) ? `the broadcast address of the network of ${device}` : undefined;
}

/** Addresses that a node cannot do without. */
export interface NodeAddresses {
  readonly nodeIP: Ip;
  /** Next hops of its routes. */
  readonly gateways: ReadonlySet<Ip>;
}

/** Why the node cannot carry an egress IP; undefined when it can. */
export function refusal(uplink: Uplink, node: NodeAddresses, egressIP: Ip): string | undefined {
  const taken = standing(uplink, node, egressIP);
  if (taken !== undefined) return `egress IP ${egressIP} is ${taken}`;
  if (!contains(uplink.network, egressIP))
    return `egress IP ${egressIP} lies outside ${uplink.network.text}, the network of ${uplink.device}`;
  const label = labelOf(uplink.device);
  return label.ok ? undefined : label.error;
}

/** What changes of the addresses. */
export interface AddressPlan {
  readonly add: readonly Ip[];
  readonly remove: readonly LinkAddress[];
  /** To be taken off and put back, so that they come behind the node's own address and the node leaves with that. */
  readonly behind: readonly LinkAddress[];
}

/** What to do so that exactly `wanted` bear our label on the uplink, behind the node's address, and nothing does elsewhere. */
export function planAddresses(
  present: readonly LinkAddress[],
  uplink: Uplink,
  nodeIP: Ip,
  wanted: ReadonlySet<Ip>,
): AddressPlan {
  const onUplink = present.filter(({ device }) => device === uplink.device);
  const there = new Set(onUplink.map(({ ip }) => ip));
  const own = onUplink.findIndex(({ ip }) => ip === nodeIP);
  const before = onUplink[own]?.isSecondary === true ? labelled(onUplink.slice(0, own)) : [];
  return {
    add: [...wanted].filter((ip) => !there.has(ip)),
    remove: labelled(present).filter(({ device, ip }) => device !== uplink.device || !wanted.has(ip)),
    behind: before.filter(({ ip }) => wanted.has(ip)),
  };
}

/** The addresses that bear our label. */
export function labelled(present: readonly LinkAddress[]): LinkAddress[] {
  return present.filter(({ label }) => label.endsWith(labelSuffix));
}

/** The `ip -batch` lines that remove addresses. */
export function removalLines(addresses: readonly LinkAddress[]): string[] {
  return addresses.map(({ ip, prefixLength, device }) => `addr del ${ip}/${prefixLength} dev ${device}`);
}

/** The `ip -batch` lines of a plan's additions, and those that bring the node's address to the front. */
export function addressCommands(plan: AddressPlan, uplink: Uplink, label: string): { add: string[]; behind: string[] } {
  const addition = (ip: Ip): string =>
    `addr add ${ip}/${uplink.prefixLength} brd + dev ${uplink.device} label ${label}`;
  return {
    add: plan.add.map(addition),
    behind: [...removalLines(plan.behind), ...plan.behind.map(({ ip }) => addition(ip))],
  };
}
