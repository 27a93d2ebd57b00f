/** Egress IPs on the interface that carries the node's address: what is there, what should be, and the commands between. */
import { type Cidr, contains, type Ip, parseCidr, parseIp } from '../../model/address.ts';
import { asList, asText, isRecord } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';

/** One address of one interface, as `ip -j addr` prints it. */
export interface LinkAddress {
  readonly device: string;
  readonly ip: Ip;
  readonly prefixLength: number;
  readonly label: string;
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
  const links: unknown = JSON.parse(json === '' ? '[]' : json);
  return asList(links)
    .filter(isRecord)
    .flatMap((link) => {
      const device = asText(link['ifname']);
      return asList(link['addr_info'])
        .filter(isRecord)
        .flatMap((info): LinkAddress[] => {
          const ip = parseIp(asText(info['local']));
          if (info['family'] !== 'inet' || !ip.ok) return [];
          return [{ device, ip: ip.value, prefixLength: Number(info['prefixlen']), label: asText(info['label']) }];
        });
    });
}

/** The MTU of a device in what `ip -j addr show` prints; 1500 when it is not there. */
function mtuOf(json: string, device: string): number {
  const links: unknown = JSON.parse(json);
  const link = asList(links).find((one) => isRecord(one) && one['ifname'] === device);
  return isRecord(link) && typeof link['mtu'] === 'number' ? link['mtu'] : 1500;
}

function networkOf(ip: Ip, prefixLength: number): Cidr | undefined {
  const direct = parseCidr(`${ip}/${prefixLength}`);
  if (direct.ok) return direct.value;
  const masked = /the network is (\S+)$/.exec(direct.error)?.[1];
  const network = masked === undefined ? direct : parseCidr(masked);
  return network.ok ? network.value : undefined;
}

/** The interface that carries the node's address, by what `ip -j addr show` prints. */
export function findUplink(json: string, nodeIP: Ip): Result<Uplink> {
  const address = parseAddresses(json).find(({ ip }) => ip === nodeIP);
  const network = address === undefined ? undefined : networkOf(nodeIP, address.prefixLength);
  if (address === undefined || network === undefined) {
    return err(`no interface of this machine has the node's address ${nodeIP} (hostIP of its HostSubnet)`);
  }
  const { device, prefixLength } = address;
  return ok({ device, prefixLength, network, mtu: mtuOf(json, device) });
}

/** Why the node cannot carry an egress IP; undefined when it can. */
export function refusal(uplink: Uplink, nodeIP: Ip, egressIP: Ip): string | undefined {
  if (egressIP === nodeIP) return `egress IP ${egressIP} is the node's own address`;
  if (!contains(uplink.network, egressIP)) return `egress IP ${egressIP} lies outside ${uplink.network.text}, the network of ${uplink.device}`;
  const label = labelOf(uplink.device);
  return label.ok ? undefined : label.error;
}

/** Commands for `ip -batch`, and the addresses that they add. */
export interface AddressPlan {
  readonly add: readonly Ip[];
  readonly remove: readonly LinkAddress[];
}

/** What to add and to remove so that exactly `wanted` bear our label on the uplink, and nothing does elsewhere. */
export function planAddresses(present: readonly LinkAddress[], uplink: Uplink, wanted: ReadonlySet<Ip>): AddressPlan {
  const onUplink = new Set(present.filter(({ device }) => device === uplink.device).map(({ ip }) => ip));
  return {
    add: [...wanted].filter((ip) => !onUplink.has(ip)),
    remove: labelled(present).filter(({ device, ip }) => device !== uplink.device || !wanted.has(ip)),
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

/** The `ip -batch` lines of a plan's additions or removals. */
export function addressCommands(plan: AddressPlan, uplink: Uplink, label: string): { add: string[]; remove: string[] } {
  return {
    add: plan.add.map((ip) => `addr add ${ip}/${uplink.prefixLength} brd + dev ${uplink.device} label ${label}`),
    remove: removalLines(plan.remove),
  };
}
