/** What the command answers to the questions of the page. */

/** What would be after a change; the lists may be cut, the counts are not. */
export interface WhatIf {
  readonly moves: readonly { readonly egressIP: string; readonly from: string | null; readonly to: string | null }[];
  /** Namespaces that would be dropped, and are not now. */
  readonly drops: readonly string[];
  readonly recovers: readonly string[];
  readonly counts: { readonly moves: number; readonly drops: number; readonly recovers: number };
}

/** A packet's way, as far as the page shows it. */
export interface PageTrace {
  readonly pod: { readonly namespace: string; readonly name: string; readonly ip: string; readonly node: string };
  readonly to: string;
  readonly ways: readonly {
    readonly verdict: string;
    readonly address: string | null;
    readonly node: string;
    readonly reason: string;
    /** The Service that the destination is. */
    readonly service?: {
      readonly name: string;
      readonly backends: readonly { readonly address: string; readonly pod: string | null }[];
    };
    readonly steps: readonly { readonly node: string; readonly at: string; readonly says: string }[];
  }[];
  readonly unknown: readonly string[];
}
