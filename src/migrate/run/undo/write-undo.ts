/** Makes one write of the way back. */
import type { KubeObject } from '../../../model/objects/raw.ts';
import { refKey } from '../../ref.ts';
import type { ApplyDeps } from '../apply/apply.ts';
import { failed, giveUp, kindFor, named } from '../apply/change.ts';
import type { Journal } from '../journal.ts';
import { ending, missingRight, ownMatter } from '../refusal.ts';
import { restorer, type Undo } from './undo-value.ts';

/**
 * Makes the write; without a journal the server is only asked. Returns the reason if this object could not be written:
 * a missing right too, because it may be there for others.
 */
export async function undone(
  deps: ApplyDeps,
  undo: Undo,
  { journal, step }: { readonly journal: Journal | undefined; readonly step: string },
): Promise<string | undefined> {
  const entry = { step: `back-${step}`, action: undo.kind, object: refKey(undo.object) };
  await journal?.add({ event: 'begin', ...entry });
  try {
    await write(deps, undo, journal === undefined);
  } catch (error) {
    const reason = missingRight(error, kindFor(undo.object))?.message ?? ownMatter(error);
    if (reason === undefined) throw ending(error, undo.object, kindFor(undo.object));
    return failed(undo.object, reason).reason;
  }
  await journal?.add({ event: 'done', ...entry, wrote: true });
  return undefined;
}

async function write({ client, plan }: ApplyDeps, undo: Undo, dryRun: boolean): Promise<void> {
  const [kind, ref] = [kindFor(undo.object), named(undo.object)];
  switch (undo.kind) {
    case 'create':
      await client.create(kind, undo.body, { fieldManager: restorer, dryRun });
      return;
    case 'restore':
      await client.patch(kind, ref, restoringPatch(undo), { type: 'json', fieldManager: restorer, dryRun });
      return;
    case 'delete':
      await client.delete(kind, ref, { preconditions: { uid: undo.uid }, ...(dryRun ? { dryRun: ['All'] } : {}) });
      return;
    case 'release': {
      if (undo.first !== undefined)
        await client.patch(kind, ref, undo.first, { type: 'apply', fieldManager: restorer, force: true, dryRun });
      await giveUp(undo.object, { client, plan, dryRun });
      const { labels, annotations } = undo;
      if (Object.keys({ ...labels, ...annotations }).length === 0) return;
      await client.patch(
        kind,
        ref,
        { metadata: { labels, annotations } },
        { type: 'merge', fieldManager: restorer, dryRun },
      );
    }
  }
}

/** A JSON patch, valid for one version of the object. It can write null, as some backups have; a merge patch cannot. */
function restoringPatch({ is, fields, annotations }: Extract<Undo, { kind: 'restore' }>): readonly object[] {
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: is.metadata.resourceVersion },
    ...[...fields].map(([field, value]) =>
      value === undefined ? { op: 'remove', path: pointer(field) } : { op: 'add', path: pointer(field), value },
    ),
    ...annotationOps(is, annotations),
  ];
}

function annotationOps({ metadata }: KubeObject, annotations: Readonly<Record<string, string>>): readonly object[] {
  const entries = Object.entries(annotations);
  if (entries.length === 0) return [];
  if (metadata.annotations === undefined) return [{ op: 'add', path: '/metadata/annotations', value: annotations }];
  return entries.map(([key, value]) => ({ op: 'add', path: `/metadata/annotations${pointer(key)}`, value }));
}

/** Escapes the key as a step of a JSON pointer (RFC 6901). */
function pointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
