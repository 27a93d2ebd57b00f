/**
 * Sets and maps of texts that know how they differ from the one that they were made of, so that what follows from both
 * need not compare them whole.
 */

/** How one differs from another: the members or keys that were added, and those that are gone. */
export interface Step {
  readonly before: object;
  readonly added: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
}

const steps = new WeakMap<object, Omit<Step, 'before'> & { readonly before: WeakRef<object> }>();

/** How it differs from what it was made of; undefined if it was not made of another, or nobody has that any more. */
export function stepOf(made: object): Step | undefined {
  const step = steps.get(made);
  const before = step?.before.deref();
  return step === undefined || before === undefined ? undefined : { ...step, before };
}

/** Whether both have the same members. */
export function sameMembers<T>(one: ReadonlySet<T>, other: ReadonlySet<T>): boolean {
  if (one.size !== other.size) return false;
  for (const member of one) if (!other.has(member)) return false;
  return true;
}

/**
 * The set in which each of the `doubtful` is where it belongs, and all others are as `before`; `before` itself if that
 * is the same.
 */
export function changedSet<T extends string>(
  before: ReadonlySet<T>,
  doubtful: Iterable<T>,
  belongs: (member: T) => boolean,
): ReadonlySet<T> {
  const [added, gone] = [new Set<T>(), new Set<T>()];
  for (const member of doubtful) {
    const [is, was] = [belongs(member), before.has(member)];
    if (is && !was) added.add(member);
    else if (was && !is) gone.add(member);
  }
  if (added.size + gone.size === 0) return before;
  const made = new Set(before);
  for (const member of gone) made.delete(member);
  for (const member of added) made.add(member);
  steps.set(made, { before: new WeakRef(before), added, gone });
  return made;
}

/** The map without these keys, and with these entries. */
export function changedMap<V>(
  before: ReadonlyMap<string, V>,
  gone: ReadonlySet<string>,
  added: ReadonlyMap<string, V>,
): ReadonlyMap<string, V> {
  const made = new Map(before);
  for (const key of gone) made.delete(key);
  for (const [key, value] of added) made.set(key, value);
  steps.set(made, { before: new WeakRef(before), added: new Set(added.keys()), gone });
  return made;
}
