/** HostSubnets as values. One that is invalid for egress counts as absent there, with the reasons. */
import type { Cidr, Ip } from '../values/address.ts';
import { isNodeName, type NodeName } from '../values/names.ts';
import { err, ok, type Result } from '../values/result.ts';
import { parseVnid, type Vnid } from '../values/vnid.ts';
import { type FieldProblem, parseCidrv4, parseHostedIp, parseIpv4, parseList, take } from './fields.ts';
import type { HostSubnetObject } from './raw.ts';
import { fixedVnidAnnotation } from './well-known.ts';

/** A node's subnet and the egress IPs it lists. */
export interface HostSubnet {
  readonly name: NodeName;
  readonly hostIP: Ip;
  readonly subnet: Cidr;
  /** In the order of the object, without repetitions and prefix lengths. */
  readonly egressIPs: readonly Ip[];
  /** If not empty, the controller owns `egressIPs`. */
  readonly egressCIDRs: readonly Cidr[];
  readonly uid: string | undefined;
}

/** A HostSubnet that counts as absent for egress: the fields that still matter to others. */
export interface AbsentHostSubnet {
  readonly name: string;
  /** The address of its node, so nobody may use it as an egress IP. */
  readonly hostIP: Ip | undefined;
  /** What it lists, as far as readable. Its node may still have these addresses, so they are not placed elsewhere. */
  readonly egressIPs: readonly Ip[];
  /** Whether it has egressCIDRs, valid or not, so that the controller owns its list, and the list is not empty. */
  readonly isToEmpty: boolean;
}

/** A HostSubnet that is invalid for egress; the readable fields are kept for other uses. */
export interface InvalidHostSubnet extends AbsentHostSubnet {
  readonly uid: string | undefined;
  readonly subnet: Cidr | undefined;
  readonly problems: readonly [FieldProblem, ...FieldProblem[]];
}

/**
 * Parses a HostSubnet. Invalid, as in OpenShift SDN: `host` differs from the name, an empty subnet, an address or CIDR
 * that is not IPv4, a CIDR with host bits set. Reports all invalid fields, not only the first.
 */
export function parseHostSubnet(raw: HostSubnetObject): Result<HostSubnet, InvalidHostSubnet> {
  const problems: FieldProblem[] = [];
  const name = raw.metadata.name ?? '';
  const uid = raw.metadata.uid;
  if (name === '') problems.push({ field: 'metadata.name', reason: 'is missing' });
  else if (raw.host !== name)
    problems.push({ field: 'host', reason: `${JSON.stringify(raw.host)} is not the name of the object` });
  const hostIP = take(parseIpv4(raw.hostIP), 'hostIP', problems);
  const subnet = take(parseSubnet(raw.subnet ?? ''), 'subnet', problems);
  take(fixedVnidOf(raw), 'metadata.annotations', problems);
  const ips = parseList(raw.egressIPs, 'egressIPs', parseHostedIp, (ip) => ip);
  const cidrs = parseList(raw.egressCIDRs, 'egressCIDRs', parseCidrv4, (cidr) => cidr.text);
  const [first, ...more] = [...problems, ...ips.problems, ...cidrs.problems];
  if (first !== undefined) {
    return err({
      name,
      uid,
      hostIP,
      subnet,
      egressIPs: ips.values,
      isToEmpty: isNotEmpty(raw.egressCIDRs) && isNotEmpty(raw.egressIPs),
      problems: [first, ...more],
    });
  }
  if (!isNodeName(name) || hostIP === undefined || subnet === undefined)
    throw new Error('a HostSubnet without problems has all its fields');
  return ok({ name, hostIP, subnet, egressIPs: ips.values, egressCIDRs: cidrs.values, uid });
}

/**
 * The VNID that packets to the pods of this HostSubnet have, whoever sends them; undefined if each has its sender's.
 * Names the annotation if it holds no VNID.
 */
export function fixedVnidOf({ metadata }: HostSubnetObject): Result<Vnid | undefined> {
  const text = metadata.annotations?.[fixedVnidAnnotation];
  if (text === undefined) return ok(undefined);
  const vnid = parseVnid(/^\d{1,8}$/.test(text) ? Number(text) : Number.NaN);
  return vnid.ok ? vnid : err(`${fixedVnidAnnotation}: ${JSON.stringify(text)} is not a VNID`);
}

/** The longest prefix of a node's subnet: it holds the gateway's address and one for a pod. */
const longestSubnet = 30;

function parseSubnet(text: string): Result<Cidr> {
  if (text === '') return err('is empty');
  const cidr = parseCidrv4(text);
  if (!cidr.ok || cidr.value.length <= longestSubnet) return cidr;
  return err(`${text} has no room for a gateway and pods: the prefix may have ${longestSubnet} bits at most`);
}

function isNotEmpty(list: readonly unknown[] | null | undefined): boolean {
  return (list ?? []).length > 0;
}

/** Turns a valid HostSubnet into one that counts as absent. */
export function asAbsent({ name, hostIP, egressIPs, egressCIDRs }: HostSubnet): AbsentHostSubnet {
  return { name, hostIP, egressIPs, isToEmpty: egressCIDRs.length > 0 && egressIPs.length > 0 };
}

/** The HostSubnet after the controller has emptied its list. */
export function emptied<T extends AbsentHostSubnet>(host: T): T {
  return { ...host, egressIPs: [], isToEmpty: false };
}
