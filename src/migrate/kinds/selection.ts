/**
 * Which Namespaces a label selector selects. There are many thousands of both, and most selectors name one Namespace.
 */
import type { LabelSelectorObject } from '../../model/objects/raw.ts';
import { type Labels, matches, namesIn } from '../../model/objects/selector.ts';
import { namespaceNameLabel } from '../../model/objects/well-known.ts';

/** The part of a Namespace that selectors look at. */
interface Labeled {
  readonly name: string;
  readonly labels: Labels;
}

/** The Namespace with the label that has its name, also where the input lacks it. */
export function withNameLabel({ name, labels }: Labeled): Labeled {
  return { name, labels: { [namespaceNameLabel]: name, ...labels } };
}

/**
 * Returns the function that finds the names of those of the Namespaces that a selector selects, in their order. One
 * that selects by name costs what it names; any other looks at all Namespaces.
 */
export function selecting(all: readonly Labeled[]): (selector: LabelSelectorObject) => readonly string[] {
  const numbered = all.map((one, index) => ({ ...one, index }));
  const byLabel = Map.groupBy(numbered, ({ labels }) => labels[namespaceNameLabel]);
  return (selector) => {
    const named = namesIn(selector);
    if (named === undefined) return all.filter(({ labels }) => matches(selector, labels)).map(({ name }) => name);
    return [...new Set(named)]
      .flatMap((value) => byLabel.get(value) ?? [])
      .sort((a, b) => a.index - b.index)
      .map(({ name }) => name);
  };
}
