/** Answers to "is this done?", which may be unknown. Unknown is never taken for done. */
import type { Known } from '../known.ts';

/** `no` and `unknown` carry their reasons, each one line. */
export type Answer =
  { readonly kind: 'yes' } | { readonly kind: 'no' | 'unknown'; readonly reasons: readonly string[] };

export const yes: Answer = { kind: 'yes' };

/** It is not done. */
export function no(...reasons: readonly string[]): Answer {
  return { kind: 'no', reasons };
}

/** Nothing tells whether it is done. */
export function unknown(...reasons: readonly string[]): Answer {
  return { kind: 'unknown', reasons };
}

/** Yes if there are no reasons against it. */
export function unless(reasons: readonly string[]): Answer {
  return reasons.length === 0 ? yes : no(...reasons);
}

/** Asks about a value if it is known. `what` names it. */
export function ask<T>(known: Known<T>, what: string, question: (value: T) => Answer): Answer {
  switch (known.kind) {
    case 'known':
      return question(known.value);
    case 'absent':
      return unknown(`${what}: there is none`);
    case 'unreadable':
      return unknown(`${what}: it cannot be read: ${known.reason}`);
  }
}

/** Done if all are: not if one is not, unknown if one is unknown. */
export function all(...answers: readonly Answer[]): Answer {
  for (const kind of ['no', 'unknown'] as const) {
    const found = answers.flatMap((one) => (one.kind === kind ? [one] : []));
    if (found.length > 0) return { kind, reasons: found.flatMap(({ reasons }) => reasons) };
  }
  return yes;
}

/** Done if the first is, or else the second; the reasons are those of the second. */
export function either(first: Answer, second: Answer): Answer {
  if (first.kind === 'yes' || second.kind === 'yes') return yes;
  return first.kind === 'unknown' ? all(second.kind === 'unknown' ? second : yes, first) : second;
}
