/** What a namespace loses by a migration, and for how long. */

/** How long a loss lasts, in words that follow "is lost". */
export const spans = {
  reboots: 'while nodes are rebooted',
  'until-apply': 'from the switch until apply',
  'until-fixed': 'from the switch until it is fixed',
  'for-good': 'from the switch, for good',
} as const;

export type Span = keyof typeof spans;

export const spanNames: readonly Span[] = Object.keys(spans).filter(isSpan);

function isSpan(text: string): text is Span {
  return Object.hasOwn(spans, text);
}

export interface Loss {
  /** What it is, for a sentence: `the multicast of joined namespaces`. */
  readonly what: string;
  readonly span: Span;
}

/** `multicast, while nodes are rebooted`. */
export function lossText({ what, span }: Loss): string {
  return `${what}, ${spans[span]}`;
}
