/** By which objects of a plugin pods leave with addresses of their own: what a way back without a plan is made from. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import type { Ip } from '../model/values/address.ts';
import type { Finding } from './findings/finding.ts';
import type { Snapshot } from './snapshot.ts';
import type { Change } from './translation.ts';

/** An address of a claim, and the names of the nodes that may have it, sorted. */
export interface ClaimedAddress {
  readonly ip: Ip;
  readonly nodes: readonly string[];
}

/** What the old plugin can express of an object. */
export interface Claim {
  readonly object: KubeObject;
  /** Names of the namespaces that it selects, sorted. */
  readonly namespaces: readonly string[];
  readonly addresses: readonly ClaimedAddress[];
}

export interface Claims {
  readonly claims: readonly Claim[];
  /** On what the old plugin cannot express of these objects. */
  readonly findings: readonly Finding[];
  /** What is left of the plugin, in `finalize`. */
  readonly removals: readonly Change[];
}

/** How to leave a plugin without the plan that led to it. */
export interface WayOut {
  /** Without objects of one of these kinds there is nothing to translate. */
  readonly needs: readonly Kind[];
  /** Other kinds that are read or removed. */
  readonly reads: readonly Kind[];
  /** Reads the objects. Pure; the order of the input does not matter. */
  readonly claims: (snapshot: Snapshot) => Claims;
}
