/**
 * Our annotations that say more exactly which traffic of a namespace takes which of its egress IPs. One that cannot be
 * read counts as absent: without it all of the namespace's traffic takes an egress IP.
 */
import { type Cidr, contains, type Ip, parseCidr } from '../values/address.ts';
import { parseRate } from '../values/rate.ts';
import { err, ok, type Result } from '../values/result.ts';
import { parseCidrv4, parseIpv4 } from './fields.ts';
import type { LabelSelectorObject } from './raw.ts';
import { parseSelector, selectorTerms } from './selector-text.ts';
import { ourAnnotations, type PortRange } from './well-known.ts';

/** Traffic by its destination: all of a network, or what goes to some ports there. */
export interface Destination {
  readonly cidr: Cidr;
  /** Undefined: all of them, those without ports too. */
  readonly protocol: PortProtocol | undefined;
  /** Undefined: all of them. Never without a protocol. */
  readonly ports: PortRange | undefined;
}

export type PortProtocol = 'tcp' | 'udp';

/** A network that is reached with one egress IP alone. */
export interface DestinationIP {
  readonly cidr: Cidr;
  readonly egressIP: Ip;
}

/** What the annotations of one namespace say. */
export interface EgressRules {
  /** The only traffic that takes an egress IP; undefined: all. */
  readonly destinations: readonly Destination[] | undefined;
  /** Traffic that takes none of them. */
  readonly except: readonly Destination[];
  /** Longest prefixes first. */
  readonly destinationIPs: readonly DestinationIP[];
  /** The only pods whose traffic takes an egress IP; not there: all. */
  readonly podSelector?: LabelSelectorObject;
}

/** An annotation that cannot be read. */
export interface AnnotationProblem {
  readonly annotation: string;
  readonly value: string;
  readonly reason: string;
}

/** What is read of the annotations. */
export interface ReadRules {
  /** Undefined if they say nothing, or nothing that can be read. */
  readonly rules: EgressRules | undefined;
  readonly problems: readonly AnnotationProblem[];
}

/** The annotations of NetNamespaces, by what they say. */
export const ruleAnnotations = {
  destinations: `${ourAnnotations}destinations`,
  except: `${ourAnnotations}except-destinations`,
  destinationIPs: `${ourAnnotations}destination-ips`,
  podSelector: `${ourAnnotations}pod-selector`,
} as const;

/** The annotation of NetNamespaces with how much their pods may send by each of the egress IPs. */
export const bandwidthAnnotation = `${ourAnnotations}bandwidth`;

/** The annotation of the ClusterNetwork with networks that are never reached with an egress IP. */
export const excludedAnnotation = `${ourAnnotations}excluded-cidrs`;

type Annotations = Readonly<Record<string, string>>;

/** The most entries of one annotation: each destination is a flow on every node with pods of the namespace. */
export const mostEntries = 100;

const anywhere = parseCidr('0.0.0.0/0');

/** All addresses. */
export function everywhere(): Cidr {
  if (!anywhere.ok) throw new Error(anywhere.error);
  return anywhere.value;
}

/** Parses a network, or an address as the network that has it alone. */
function parseNetwork(text: string): Result<Cidr> {
  if (text.includes('/')) return parseCidrv4(text);
  return parseIpv4(text).ok ? parseCidrv4(`${text}/32`) : err(`${JSON.stringify(text)} is no address and no CIDR`);
}

/** Parses a port from 1 to 65535, or two with a dash between. */
function parsePorts(text: string): Result<PortRange> {
  const [, first = '', last = first] = /^([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?$/.exec(text) ?? [];
  const range: PortRange = { first: Number(first), last: Number(last) };
  const isRange = range.first >= 1 && range.first <= range.last && range.last <= 0xffff;
  return isRange ? ok(range) : err(`${JSON.stringify(text)} is no port from 1 to 65535`);
}

function isPortProtocol(text: string): text is PortProtocol {
  return text === 'tcp' || text === 'udp';
}

/** Parses `CIDR`, `PROTOCOL:PORT`, `PROTOCOL:CIDR` or `PROTOCOL:CIDR:PORT`. */
export function parseDestination(text: string): Result<Destination> {
  const [head = '', ...rest] = text.split(':');
  if (rest.length === 0) {
    const cidr = parseNetwork(head);
    return cidr.ok ? ok({ cidr: cidr.value, protocol: undefined, ports: undefined }) : cidr;
  }
  if (!isPortProtocol(head)) return err(`${JSON.stringify(head)} in ${JSON.stringify(text)} is neither tcp nor udp`);
  if (rest.length > 2) return err(`${JSON.stringify(text)} is not PROTOCOL:CIDR:PORT`);
  const [where = '', port] = rest;
  return port === undefined && !/[./]/.test(where) ? portsAt(head, undefined, where) : portsAt(head, where, port);
}

/** What goes by a protocol to ports of a network; undefined: to all of them, to any network. */
function portsAt(protocol: PortProtocol, where: string | undefined, number: string | undefined): Result<Destination> {
  const cidr = where === undefined ? ok(everywhere()) : parseNetwork(where);
  if (!cidr.ok) return cidr;
  const ports = number === undefined ? ok(undefined) : parsePorts(number);
  return ports.ok ? ok({ cidr: cidr.value, protocol, ports: ports.value }) : ports;
}

/** Parses `CIDR=ADDRESS`. */
function parseDestinationIP(text: string): Result<DestinationIP> {
  const [where = '', address, ...more] = text.split('=');
  if (address === undefined || more.length > 0) return err(`${JSON.stringify(text)} is not CIDR=EGRESSIP`);
  const cidr = parseNetwork(where);
  if (!cidr.ok) return cidr;
  const egressIP = parseIpv4(address);
  return egressIP.ok ? ok({ cidr: cidr.value, egressIP: egressIP.value }) : egressIP;
}

/** Parses a list with commas or white space between its entries; the first entry that cannot be read fails it. */
function parseEntries<T>(value: string, parse: (text: string) => Result<T>): Result<readonly T[]> {
  const texts = value.split(/[\s,]+/).filter((text) => text !== '');
  if (texts.length === 0) return err('it has no entry');
  if (texts.length > mostEntries) return err(`it has ${texts.length} entries; ${mostEntries} are the most`);
  const all: T[] = [];
  for (const text of texts) {
    const parsed = parse(text);
    if (!parsed.ok) return parsed;
    all.push(parsed.value);
  }
  return ok(all);
}

/** The pairs, longest prefixes first; a network may be there once. */
function parsePairs(value: string): Result<readonly DestinationIP[]> {
  const pairs = parseEntries(value, parseDestinationIP);
  if (!pairs.ok) return pairs;
  const seen = new Set<string>();
  for (const { cidr } of pairs.value) {
    if (seen.has(cidr.text)) return err(`${cidr.text} is there twice`);
    seen.add(cidr.text);
  }
  return ok(pairs.value.toSorted((a, b) => b.cidr.length - a.cidr.length || Number(a.cidr.first - b.cidr.first)));
}

/** Parses a label selector, which may not be empty. */
function parsePods(value: string): Result<LabelSelectorObject> {
  if (value.trim() === '') return err('it has no entry');
  const count = selectorTerms(value).length;
  return count > mostEntries ? err(`it has ${count} entries; ${mostEntries} are the most`) : parseSelector(value);
}

/** Reads one annotation; undefined if it is not there or cannot be read, which is then a problem. */
function read<T>(
  annotations: Annotations,
  annotation: string,
  parse: (value: string) => Result<T>,
  problems: AnnotationProblem[],
): T | undefined {
  const value = annotations[annotation];
  if (value === undefined) return undefined;
  const parsed = parse(value);
  if (parsed.ok) return parsed.value;
  problems.push({ annotation, value, reason: parsed.error });
  return undefined;
}

const parseDestinations = (value: string): Result<readonly Destination[]> => parseEntries(value, parseDestination);

const nothing: ReadRules = { rules: undefined, problems: [] };

/** Reads the rules in the annotations of a NetNamespace. */
export function readRules(annotations: Annotations = {}): ReadRules {
  if (!Object.values(ruleAnnotations).some((name) => annotations[name] !== undefined)) return nothing;
  const problems: AnnotationProblem[] = [];
  const destinations = read(annotations, ruleAnnotations.destinations, parseDestinations, problems);
  const except = read(annotations, ruleAnnotations.except, parseDestinations, problems) ?? [];
  const destinationIPs = read(annotations, ruleAnnotations.destinationIPs, parsePairs, problems) ?? [];
  const podSelector = read(annotations, ruleAnnotations.podSelector, parsePods, problems);
  const hasPairs = except.length > 0 || destinationIPs.length > 0;
  if (destinations === undefined && podSelector === undefined && !hasPairs) return { rules: undefined, problems };
  const ofPods = podSelector === undefined ? {} : { podSelector };
  return { rules: { destinations, except, destinationIPs, ...ofPods }, problems };
}

/** The most bits per second by each egress IP, by the annotations of a NetNamespace, and what is wrong: then there is none. */
export function readBandwidth(annotations: Annotations = {}): {
  readonly bandwidth: number | undefined;
  readonly problem: AnnotationProblem | undefined;
} {
  const problems: AnnotationProblem[] = [];
  return { bandwidth: read(annotations, bandwidthAnnotation, parseRate, problems), problem: problems[0] };
}

/** The networks that are never reached with an egress IP, and what is wrong: then there are none. */
export function readExcluded(annotations: Annotations = {}): {
  readonly excluded: readonly Cidr[];
  readonly problem: AnnotationProblem | undefined;
} {
  const problems: AnnotationProblem[] = [];
  const excluded = read(annotations, excludedAnnotation, (value) => parseEntries(value, parseNetwork), problems);
  return { excluded: excluded ?? [], problem: problems[0] };
}

/** An annotation that cannot be read, in words. */
export function problemText({ annotation, value, reason }: AnnotationProblem): string {
  const shown = value.length > 200 ? `${value.slice(0, 200)}…` : value;
  return `annotation ${annotation} is ${JSON.stringify(shown)}, which cannot be read: ${reason}`;
}

/** A destination as the annotations write it. */
export function destinationText({ cidr, protocol, ports }: Destination): string {
  if (protocol === undefined) return cidr.text;
  const range = ports === undefined ? undefined : rangeText(ports);
  const isAnywhere = cidr.length === 0 && range !== undefined;
  return [protocol, ...(isAnywhere ? [] : [cidr.text]), ...(range === undefined ? [] : [range])].join(':');
}

const rangeText = ({ first, last }: PortRange): string => (first === last ? `${first}` : `${first}-${last}`);

/** Whether what goes to an address, by a protocol and port if it has one, goes to the destination. */
export function isTo({ cidr, protocol, ports }: Destination, packet: OutsidePacket): boolean {
  if (!contains(cidr, packet.destination)) return false;
  if (protocol === undefined) return true;
  if (packet.protocol !== protocol) return false;
  return ports === undefined || (packet.port !== undefined && ports.first <= packet.port && packet.port <= ports.last);
}

/** What of a packet to the outside the rules ask for. */
export interface OutsidePacket {
  readonly destination: Ip;
  readonly protocol: string;
  readonly port: number | undefined;
}
