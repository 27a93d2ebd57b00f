/**
 * Which EgressIP serves a namespace that several select: the one that was first to have an address. Another takes over
 * as soon as it has none, even for an instant, and keeps the namespace from then on. Pure.
 */

/** An EgressIP as far as that is concerned. */
export interface Candidate {
  readonly name: string;
  readonly hasAddress: boolean;
  /** The namespaces that it selects. */
  readonly namespaces: readonly string[];
}

/** By namespace, the EgressIP that serves it. */
export type Serving = ReadonlyMap<string, string>;

export interface Served {
  readonly serving: Serving;
  /** By namespace, the EgressIPs that stand by. */
  readonly standby: ReadonlyMap<string, readonly string[]>;
}

/** Who serves after a look at all EgressIPs. Of several that are new the first in their order serves. */
export function served(before: Serving, candidates: readonly Candidate[]): Served {
  const able = new Map<string, string[]>();
  for (const { name, hasAddress, namespaces } of candidates)
    for (const namespace of hasAddress ? namespaces : []) able.set(namespace, [...(able.get(namespace) ?? []), name]);
  const serving = new Map<string, string>();
  const standby = new Map<string, readonly string[]>();
  for (const [namespace, names] of able) {
    const present = before.get(namespace);
    const server = names.find((name) => name === present) ?? names[0] ?? '';
    serving.set(namespace, server);
    const others = names.filter((name) => name !== server);
    if (others.length > 0) standby.set(namespace, others);
  }
  return { serving, standby };
}
