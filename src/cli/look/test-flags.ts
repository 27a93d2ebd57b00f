/** The options of `sdn-compat test`. */
import type { ClientFlags } from '../client.ts';

export interface TestFlags extends ClientFlags {
  readonly to: string;
  readonly image: string;
  readonly namespace: readonly string[];
  readonly all: boolean;
  readonly sample: number;
  readonly perNode: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly output: 'table' | 'json' | 'yaml' | 'junit';
  /** The node that is cut off meanwhile. */
  readonly disruptive?: string;
  /** Milliseconds. */
  readonly outage: number;
  /** With `disruptive`: image with nft, and the namespace of its pod. */
  readonly nodeImage?: string;
  readonly nodeNamespace: string;
}
