/** Reads a snapshot from files and directories. */
import partition from 'lodash/partition.js';
import { apiVersionOf, configMaps, customResourceDefinitions, type Kind } from '../../../api/kinds.ts';
import { isIndexRow } from '../../io/input/index-row.ts';
import {
  type InputProblem,
  isOfKind,
  type Manifest,
  type Misnamed,
  problemAt,
  readManifests,
} from '../../io/input/manifests.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { compareText } from '../../model/values/names.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { installConfig, mtuConfigMap } from '../kinds/configmap.ts';
import { textAt } from '../kinds/item.ts';
import { kindsOfSDN } from '../kinds/sdn.ts';
import { macvlanMark, mentionsMacvlan } from '../kinds/workload.ts';
import { resourceName } from '../ref.ts';
import type { Snapshot, Unread } from '../snapshot.ts';
import { unreadInRow } from './gather.ts';
import { shapeOf, snapshotOf } from './make-snapshot.ts';
import { allKinds, macvlanKinds, macvlanOnly, minorKinds, namespacesOf, type Wanted } from './source.ts';

export interface FileReading extends Wanted {
  readonly needed: readonly Kind[];
  readonly progress: (what: string) => void;
}

/**
 * Reads all paths and calls `progress` with each file. One of the `needed` kinds must have objects. Returns the first
 * problem, with file and line.
 */
export async function snapshotFromFiles(
  paths: readonly string[],
  { progress, needed, ...wanted }: FileReading,
): Promise<Result<Snapshot, InputProblem>> {
  const listed = new Set<Kind>();
  const unreadFiles: InputProblem[] = [];
  const misnamed: Misnamed[] = [];
  const manifests = await readManifests(paths, [...wanted.kinds, ...minorKinds, configMaps], {
    kinds: macvlanOnly(wanted),
    mark: macvlanMark,
    progress,
    listed,
    unread: unreadFiles,
    misnamed,
  });
  if (!manifests.ok) return manifests;
  const [rows, own] = partition(manifests.value, ({ object }) => isIndexRow(object));
  const objects = objectsIn(own, wanted);
  if (!objects.ok) return objects;
  const found = objects.value;
  if (!needed.some((kind) => found.has(kind))) {
    return err({
      file: paths.join(', '),
      line: undefined,
      field: '',
      reason: `there is no ${needed.map(({ kind }) => kind).join(' or ')} in it, so nothing to migrate`,
    });
  }
  const routers = namespacesOf(macvlanKinds.flatMap((kind) => found.get(kind) ?? []).filter(mentionsMacvlan));
  const maps = (found.get(configMaps) ?? []).filter(
    ({ metadata }) =>
      routers.has(metadata.namespace ?? '') || isNamed(metadata, installConfig) || isNamed(metadata, mtuConfigMap),
  );
  // what was not gathered may have been added; of ConfigMaps only some are read
  const isGiven = (kind: Kind): boolean => kind !== configMaps && (found.has(kind) || listed.has(kind));
  const unread = [
    ...rows.flatMap((row) => unreadIn(row, wanted)).filter(({ kind }) => !isGiven(kind)),
    ...misnamed.filter((one) => matters(one.kind, one, wanted)).map(unreadObject),
  ];
  const isLacking = (kind: Kind): boolean => !isGiven(kind) && !unread.some((one) => one.kind === kind);
  return ok(
    snapshotOf(found.set(configMaps, maps), unread, {
      // a dump or a must-gather may have nothing of these, though the cluster has some
      missing: kindsOfSDN.filter(isLacking),
      unreadFiles: files(unreadFiles),
    }),
  );
}

/** The objects of each kind of which a plan is made, or the first that is not of its kind's shape. */
function objectsIn(manifests: readonly Manifest[], wanted: Wanted): Result<Map<Kind, KubeObject[]>, InputProblem> {
  const found = new Map<Kind, KubeObject[]>();
  const kinds = allKinds(wanted);
  for (const manifest of manifests) {
    const kind = kindOf(manifest, kinds);
    if (kind === undefined || !matters(kind, manifest, wanted)) continue;
    const object = shapeOf(kind, manifest.object);
    if (!object.ok) return err(problemAt(manifest.source, object.error.field, object.error.reason));
    const list = found.get(kind);
    if (list === undefined) found.set(kind, [object.value]);
    else list.push(object.value);
  }
  return ok(found);
}

function unreadIn(row: Manifest, wanted: Wanted): readonly Unread[] {
  const kind = kindOf(row, allKinds(wanted));
  const unread = kind === undefined ? undefined : unreadInRow(kind, row.object);
  return unread === undefined ? [] : [unread];
}

/** An object that the API server would not take for one of the kind, though it is meant to be one. */
function unreadObject({ kind, object, source: { file } }: Misnamed): Unread {
  const shown = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value));
  const name = textAt(object, 'metadata', 'name');
  const reason = `${file}: ${kind.kind} ${name}: kind is ${shown(object['kind'])} and apiVersion ${shown(object['apiVersion'])}, not ${apiVersionOf(kind)} ${kind.kind}`;
  return { kind, reason, right: undefined, ...(minorKinds.includes(kind) ? { isMinor: true } : {}) };
}

function files(problems: readonly InputProblem[]): Snapshot['unreadFiles'] {
  return problems.map(({ file, reason }) => ({ file, reason })).sort((a, b) => compareText(a.file, b.file));
}

function kindOf({ object }: Manifest, kinds: readonly Kind[]): Kind | undefined {
  return kinds.find((kind) => isOfKind(object, kind));
}

/** Whether a plan is made from the object: of some kinds most are left alone. */
function matters(kind: Kind, { object }: Pick<Manifest, 'object'>, wanted: Wanted): boolean {
  const isWanted = (one: Kind): boolean => resourceName(one) === textAt(object, 'metadata', 'name');
  if (kind === customResourceDefinitions) return wanted.definitions.some(isWanted);
  return !macvlanOnly(wanted).includes(kind) || mentionsMacvlan(object);
}

function isNamed(
  { namespace, name }: KubeObject['metadata'],
  ref: typeof installConfig | typeof mtuConfigMap,
): boolean {
  return namespace === ref.namespace && name === ref.name;
}
