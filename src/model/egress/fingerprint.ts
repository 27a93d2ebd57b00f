/**
 * A short text for what HostSubnets and NetNamespaces say of egress IPs: who read the same has the same. It is the sum of
 * a number for each object, so the order of reading does not matter, and a change costs what the object costs.
 *
 * What a reader finds out by itself, such as which node is offline, is not in it.
 */
import type { AbsentHostSubnet, HostSubnet } from '../objects/hostsubnet.ts';
import type { NetNamespace } from '../objects/netnamespace.ts';
import { rulesText } from './rules.ts';
import type { EgressInput } from './state.ts';

/** Two numbers of 32 bits. */
type Lanes = readonly [number, number];

const none: Lanes = [0, 0];

/** Odd constants, so that multiplying loses nothing. */
const [first, second] = [0x9e37_79b1, 0x85eb_ca77];

function mixed(lane: number, by: number): number {
  const once = Math.imul(lane ^ (lane >>> 16), by);
  return once ^ (once >>> 13);
}

/** The two halves of a hash of the text, in the manner of FNV-1a, mixed in the end so that sums of them differ, too. */
function lanesOf(text: string): Lanes {
  let [one, other] = [first, second];
  // nothing but the least that makes each character and its place count: agents run this without a compiler
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, first);
    other = Math.imul(other + code, second);
  }
  return [mixed(one ^ other, second), mixed(other, first)];
}

/** What the HostSubnet says; undefined if there is none or it lists no egress IP. */
export function textOfHost(host: HostSubnet | undefined): string | undefined {
  if (host === undefined) return undefined;
  const { name, hostIP, egressIPs } = host;
  return egressIPs.length === 0 ? undefined : JSON.stringify(['host', name, hostIP, ...egressIPs]);
}

/** What the HostSubnet that counts as absent says; undefined if it lists no egress IP. */
export function textOfAbsent({ name, egressIPs }: AbsentHostSubnet): string | undefined {
  return egressIPs.length === 0 ? undefined : JSON.stringify(['absent', name, ...egressIPs]);
}

/** What the NetNamespace says; undefined if there is none or it requests nothing. */
export function textOfNamespace(one: NetNamespace | undefined): string | undefined {
  if (one === undefined) return undefined;
  const { name, vnid, egressIPs, invalidEgressIPs, rules, bandwidth, drain } = one;
  const invalid = invalidEgressIPs.map(({ text }) => text);
  if (egressIPs.length + invalid.length === 0) return undefined;
  return JSON.stringify([
    'namespace',
    name,
    vnid,
    egressIPs,
    invalid,
    ...(rules === undefined ? [] : [rulesText(rules)]),
    ...(bandwidth === undefined ? [] : [bandwidth]),
    ...(drain === undefined ? [] : [{ drain }]),
  ]);
}

/** The fingerprint of objects that come and go. */
export class Fingerprint {
  #sum: Lanes = none;

  /** Something says `after` now where it said `before`; undefined says nothing. */
  replace(before: string | undefined, after: string | undefined): void {
    if (before === after) return;
    const [one, other] = this.#sum;
    const [gone, come] = [before, after].map((text) => (text === undefined ? none : lanesOf(text)));
    if (gone === undefined || come === undefined) return;
    this.#sum = [(one - gone[0] + come[0]) >>> 0, (other - gone[1] + come[1]) >>> 0];
  }

  /** 16 hexadecimal digits. */
  get text(): string {
    return this.#sum.map((lane) => lane.toString(16).padStart(8, '0')).join('');
  }
}

/** The fingerprint of these objects, equal to that of a tracker that has them. */
export function fingerprintOf({ hostSubnets, absent = [], netNamespaces }: EgressInput): string {
  const fingerprint = new Fingerprint();
  for (const one of hostSubnets) fingerprint.replace(undefined, textOfHost(one));
  for (const one of absent) fingerprint.replace(undefined, textOfAbsent(one));
  for (const one of netNamespaces) fingerprint.replace(undefined, textOfNamespace(one));
  return fingerprint.text;
}
