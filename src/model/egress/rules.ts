/**
 * Which traffic of a VNID takes which of its egress IPs. What the rules do not cover leaves with the address of the pod's
 * node, whatever becomes of the egress IPs.
 */
import {
  type Destination,
  destinationText,
  type EgressRules,
  isTo,
  type OutsidePacket,
} from '../objects/egressrules.ts';
import type { NetNamespace } from '../objects/netnamespace.ts';
import { type Labels, matches } from '../objects/selector.ts';
import { selectorText } from '../objects/selector-text.ts';
import { type Cidr, contains, type Ip } from '../values/address.ts';

/** The rules of a pod that those of its VNID do not select: all of its traffic leaves as its node. */
export const notSelected: EgressRules = { destinations: [], except: [], destinationIPs: [] };

/** The rules for a pod, by those of its VNID. One whose labels are not known, that is undefined, counts as selected. */
export function rulesForPod(rules: EgressRules | undefined, labels: () => Labels | undefined): EgressRules | undefined {
  if (rules?.podSelector === undefined) return rules;
  const known = labels();
  return known === undefined || matches(rules.podSelector, known) ? rules : notSelected;
}

/** How a packet leaves: as its node, with any egress IP of its VNID, or with this one alone. */
export type Choice =
  { readonly kind: 'node' } | { readonly kind: 'any' } | { readonly kind: 'only'; readonly egressIP: Ip };

const asNode: Choice = { kind: 'node' };
const any: Choice = { kind: 'any' };

/** How a packet to the outside leaves, by the rules for its pod. The truth that flows, locks and the judge of connections are held against. */
export function choiceFor(rules: EgressRules | undefined, packet: OutsidePacket): Choice {
  if (rules === undefined) return any;
  const { destinations, except, destinationIPs } = rules;
  const goesTo = (one: Destination): boolean => isTo(one, packet);
  if (except.some(goesTo) || destinations?.some(goesTo) === false) return asNode;
  const pair = destinationIPs.find(({ cidr }) => contains(cidr, packet.destination));
  return pair === undefined ? any : { kind: 'only', egressIP: pair.egressIP };
}

/** The rules of a VNID, which may be those of several namespaces, and of the cluster. */
export interface JoinedRules {
  readonly rules: EgressRules | undefined;
  /** Whether the namespaces of the VNID say different things: then none of it counts. */
  readonly disagree: boolean;
}

/** A text that is the same for rules that say the same in the same order; empty if there are none. */
export function rulesText(rules: EgressRules | undefined): string {
  if (rules === undefined) return '';
  const { destinations, except, destinationIPs, podSelector } = rules;
  return JSON.stringify([
    destinations?.map(destinationText) ?? null,
    except.map(destinationText),
    destinationIPs.map(({ cidr, egressIP }) => `${cidr.text}=${egressIP}`),
    ...(podSelector === undefined ? [] : [selectorText(podSelector)]),
  ]);
}

const none: EgressRules = { destinations: undefined, except: [], destinationIPs: [] };

/** The rules that all of the namespaces have, with the networks that the cluster excludes. */
export function joinedRules(namespaces: readonly NetNamespace[], excluded: readonly Cidr[]): JoinedRules {
  const [first, ...others] = namespaces;
  const own = first?.rules;
  const disagree = others.length > 0 && others.some((one) => rulesText(one.rules) !== rulesText(own));
  const common = disagree ? undefined : own;
  if (excluded.length === 0) return { rules: common, disagree };
  const never = excluded.map((cidr): Destination => ({ cidr, protocol: undefined, ports: undefined }));
  const rules = { ...none, ...common };
  return { rules: { ...rules, except: [...rules.except, ...never] }, disagree };
}

/** What all of the namespaces may send by each of their egress IPs: the least that one of them says, in bits per second. */
export function joinedBandwidth(namespaces: readonly Pick<NetNamespace, 'bandwidth'>[]): number | undefined {
  const all = namespaces.flatMap(({ bandwidth }) => bandwidth ?? []);
  return all.length === 0 ? undefined : Math.min(...all);
}

/** The egress IPs that pairs name and the namespaces do not request: what would take them is dropped. */
export function unrequested(rules: EgressRules | undefined, requests: readonly Ip[]): readonly Ip[] {
  return [...new Set((rules?.destinationIPs ?? []).map(({ egressIP }) => egressIP))].filter(
    (egressIP) => !requests.includes(egressIP),
  );
}
