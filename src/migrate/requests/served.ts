/** What a target makes of requests, and what it can do. */
import type { Ip } from '../../model/values/address.ts';
import type { Finding } from '../findings/finding.ts';
import type { Change } from '../translation.ts';
import type { RequestGroup } from './groups.ts';
import type { Requests } from './requests.ts';

/** A group for which the target gets objects. */
export interface ServedGroup {
  readonly group: RequestGroup;
  /** The addresses with which its pods leave. */
  readonly egressIPs: readonly Ip[];
  /** Names of the nodes that may have each of them, sorted. */
  readonly nodesOf: (ip: Ip) => readonly string[];
  /** Whether only some of its pods leave with them, the others with node addresses. */
  readonly isPartly?: true;
  /** The object that selects its namespaces, as messages name it. */
  readonly object: string;
}

/** What findings must know of a target. */
export interface Traits {
  /** Name of the plugin, for people. */
  readonly plugin: string;
  /** Whether its objects select namespaces by the label with their name. */
  readonly selectsByLabel: boolean;
  /** When it lets a namespace leave with node addresses, in words that follow "lets it leave"; absent if it drops. */
  readonly leaks?: string;
}

/** What a target is given. */
export interface Made {
  readonly served: readonly ServedGroup[];
  readonly changes: readonly Change[];
  readonly findings: readonly Finding[];
  /** Names of nodes that objects select by our label. */
  readonly named: Iterable<string>;
}

/** Translates requests to objects of a target. */
export type MakeObjects = (requests: Requests) => Made;

/**
 * The one address that a target which takes no more gives a group, of those that some node may have: one in use today
 * before others, in request order. Undefined if there is none, or nothing to select.
 */
export function oneAddress({ nodesOf }: Requests, { today, egressIPs, selected }: RequestGroup): Ip | undefined {
  if (selected.length === 0) return undefined;
  const hops = today.kind === 'via' ? today.hops.map(({ egressIP }) => egressIP) : [];
  return [...egressIPs.filter((ip) => hops.includes(ip)), ...egressIPs].find((ip) => nodesOf(ip).length > 0);
}
