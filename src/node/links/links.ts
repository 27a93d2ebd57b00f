/** The interfaces of this host with their IPv4 addresses: what `ip -j addr show` prints, parsed once. */
import { type Ip, parseIp } from '../../model/values/address.ts';
import { asList, asText, isRecord } from '../../model/values/json.ts';
import { recordsOf } from './ip.ts';

/** An address of an interface. */
export interface LinkAddress {
  readonly device: string;
  readonly ip: Ip;
  readonly prefixLength: number;
  /** Whether we put it there as an egress IP. */
  readonly isOurs: boolean;
  /** Whether another address of the same network comes first: by default the kernel uses the first as source. */
  readonly isSecondary: boolean;
}

/** An interface. */
export interface Link {
  readonly device: string;
  /** Undefined if ip did not print it. */
  readonly mtu: number | undefined;
  readonly isUp: boolean;
  /** Its IPv4 addresses, in the kernel's order. */
  readonly addresses: readonly LinkAddress[];
}

/** The arguments with which ip prints the input of `linksOf`. */
export const showAddresses = ['-j', '-4', 'addr', 'show'];

/** The end of the label of an address of ours. */
export const labelSuffix = ':eip';

/** Parses the output of `ip -j addr show`. */
export function linksOf(text: string): Link[] {
  return recordsOf(text).map((link) => {
    const device = asText(link['ifname']);
    return {
      device,
      mtu: typeof link['mtu'] === 'number' ? link['mtu'] : undefined,
      isUp: asList(link['flags']).includes('UP'),
      addresses: asList(link['addr_info']).flatMap((info) => addressOf(device, info)),
    };
  });
}

/** The addresses of all the interfaces. */
export function addressesOf(links: readonly Link[]): LinkAddress[] {
  return links.flatMap(({ addresses }) => addresses);
}

function addressOf(device: string, info: unknown): LinkAddress[] {
  if (!isRecord(info) || info['family'] !== 'inet') return [];
  const ip = parseIp(asText(info['local']));
  if (!ip.ok) return [];
  return [
    {
      device,
      ip: ip.value,
      prefixLength: Number(info['prefixlen']),
      isOurs: asText(info['label']).endsWith(labelSuffix),
      isSecondary: info['secondary'] === true,
    },
  ];
}
