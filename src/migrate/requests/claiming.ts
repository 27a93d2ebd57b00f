/** Reads what objects of any plugin say of namespaces, nodes and addresses. Pure. */
import { type Kind, nodes } from '../../../api/kinds.ts';
import { parseIpv4 } from '../../model/objects/fields.ts';
import type { KubeObject, LabelSelectorObject } from '../../model/objects/raw.ts';
import { matches, namesIn, selectsAll } from '../../model/objects/selector.ts';
import type { Ip } from '../../model/values/address.ts';
import { compareText } from '../../model/values/names.ts';
import { egressIPFamilyLost, namespaceSelectorLost, nothingSelected, podSelectorLost } from '../findings/back.ts';
import { addressFixed, addressUnknown, fieldLost } from '../findings/claims.ts';
import type { Finding } from '../findings/finding.ts';
import { selecting, withNameLabel } from '../kinds/selection.ts';
import { objectRef, refNamed } from '../ref.ts';
import { objectsOf, type Snapshot } from '../snapshot.ts';
import type { Change } from '../translation.ts';
import { nodeLabel } from './node-labels.ts';

/** A part of a claim, and what of the object is lost with it. */
export interface Read<T> {
  readonly value: T;
  readonly findings: readonly Finding[];
}

/** The IPv4 addresses among the texts of an object. */
export function addressesRead(object: KubeObject, texts: readonly string[]): Read<readonly Ip[]> {
  const read = texts.map((text) => ({ text, ip: parseIpv4(text) }));
  const wrong = read.filter(({ ip }) => !ip.ok).map(({ text }) => text);
  return {
    value: read.flatMap(({ ip }) => (ip.ok ? [ip.value] : [])),
    findings: wrong.length === 0 ? [] : [egressIPFamilyLost({ ...objectRef(object), ips: wrong })],
  };
}

export interface Selecting {
  /**
   * The namespaces that an object selects by any of these selectors, sorted; those that the selectors name if the input
   * has no Namespaces.
   */
  readonly namespaces: (object: KubeObject, selectors: readonly LabelSelectorObject[]) => Read<readonly string[]>;
  /** Names of the nodes that the selector selects, sorted. */
  readonly nodes: (selector: LabelSelectorObject) => readonly string[];
}

/** What selectors select in a snapshot. */
export function selectingIn(snapshot: Snapshot): Selecting {
  const select = selecting(snapshot.namespaces.map(withNameLabel));
  const isBlind = snapshot.namespaces.length === 0;
  return {
    namespaces: (object, selectors) => {
      const names = selectors.flatMap((selector) => (isBlind ? (namesIn(selector) ?? []) : select(selector)));
      const selected = [...new Set(names)].sort(compareText);
      const ref = objectRef(object);
      const isByLabels = selectors.some((selector) => namesIn(selector) === undefined);
      return {
        value: selected,
        findings: [
          ...(isByLabels ? [namespaceSelectorLost({ ...ref, selected })] : []),
          ...(selected.length === 0 ? [nothingSelected(ref)] : []),
        ],
      };
    },
    nodes: (selector) =>
      snapshot.nodes
        .filter(({ labels }) => matches(selector, labels))
        .map(({ name }) => name)
        .sort(compareText),
  };
}

/** Says of an object whose address is any of a pool what is not fixed; `given` is what it has now, empty if nothing. */
export function givenByPool(object: KubeObject, given: string, pool: string | undefined): Finding {
  const ref = objectRef(object);
  if (given !== '') return addressFixed({ ...ref, ip: given, pool: pool ?? '' });
  return addressUnknown({
    ...ref,
    why: `It has no address yet${pool === undefined ? '' : `, and takes any of ${pool}`}`,
  });
}

/** Says of an object that selects pods that these alone leave with its address. */
export function podsRead(object: KubeObject, selector: LabelSelectorObject): readonly Finding[] {
  return selectsAll(selector) ? [] : [podSelectorLost(objectRef(object))];
}

/** A field that the old plugin has not, and whether the object uses it. */
export interface Unknown {
  readonly field: string;
  readonly isUsed: boolean;
  readonly tomorrow: string;
}

/** Says of each field that the object uses that it is lost. */
export function fieldsRead(object: KubeObject, fields: readonly Unknown[]): readonly Finding[] {
  return fields
    .filter(({ isUsed }) => isUsed)
    .map(({ field, tomorrow }) =>
      fieldLost({ ...objectRef(object), field, tomorrow, action: 'Decide whether that is meant.' }),
    );
}

/** Deletes all objects of the kinds, and takes from Nodes the label by which objects of plans name them. */
export function removalsOf(snapshot: Snapshot, kinds: readonly Kind[]): readonly Change[] {
  const labeled = snapshot.nodes.filter(({ labels }) => labels[nodeLabel] !== undefined);
  return [
    ...kinds
      .flatMap((kind) => objectsOf(snapshot, kind))
      .map((object): Change => ({ action: 'delete', step: 'finalize', object: objectRef(object), from: [] })),
    ...labeled.map(({ name }): Change => {
      const patch = { metadata: { labels: { [nodeLabel]: null } } };
      return { action: 'clear', step: 'finalize', object: refNamed(nodes, name), patch };
    }),
  ];
}
