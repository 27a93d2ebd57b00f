/** What a target makes of a cluster, in numbers. */
import type { Abilities } from '../target.ts';

/** What of something is kept. */
export interface Kept {
  readonly kept: number;
  readonly of: number;
}

/** What a target makes of the cluster. */
export interface TargetRow {
  /** Name in `--to`, and that of the plugin. */
  readonly target: string;
  readonly plugin: string;
  /** Namespaces that leave with egress IPs today, by what they leave with then. */
  readonly namespaces: { readonly all: number; readonly some: number; readonly none: number };
  /** Addresses that stay on the nodes where OpenShift SDN may put them. */
  readonly nodes: Kept;
  readonly policies: Kept;
  /** Multicast, isolation, pods with a macvlan interface. */
  readonly features: Kept;
  /** Addresses that an admin must put on nodes. */
  readonly byHand: number;
  readonly moves: Abilities['moves'];
  readonly drops: boolean;
  readonly blockers: number;
  readonly warnings: number;
}
