/** What a namespace loses by a migration, and for how long. */
import { type Span, spans } from './catalog/row.ts';

export const spanNames: readonly Span[] = Object.keys(spans).filter(isSpan);

function isSpan(text: string): text is Span {
  return Object.hasOwn(spans, text);
}

export interface Loss {
  /** What it is, for a sentence: `the multicast of joined namespaces`. */
  readonly what: string;
  readonly span: Span;
}

/** How long it lasts, in words that follow "is lost". */
export function spanText({ span }: Pick<Loss, 'span'>): string {
  return spans[span];
}

/** `multicast, while nodes are rebooted`. */
export function lossText({ what, span }: Loss): string {
  return `${what}, ${spans[span]}`;
}
