/** What the catalog says of a code. */
/** blocker: `apply` refuses; warning: somebody must look (refused with --strict); info: good to know. */
export const severities = ['blocker', 'warning', 'info'] as const;

export type Severity = (typeof severities)[number];

/** How long a loss lasts, in words that follow "is lost". */
export const spans = {
  reboots: 'while nodes are rebooted',
  'until-apply': 'from the switch until apply',
  'until-fixed': 'from the switch until it is fixed',
  'for-good': 'from the switch, for good',
} as const;

export type Span = keyof typeof spans;

export interface Row {
  /** The first applies if a finding does not name another. */
  readonly severities: readonly [Severity, ...Severity[]];
  /** What it is about, for the documentation. */
  readonly about: string;
  /** Whether a request leads to no change, whichever nodes are Ready at the moment. */
  readonly isRefused?: true;
  /** Whether it says, unless it is an info, that nothing tells what would be planned. */
  readonly isUnknown?: true;
  /** What a namespace loses, and for how long; the first applies if a finding does not name another. */
  readonly loses?: { readonly what: string; readonly spans: readonly [Span, ...Span[]] };
}
