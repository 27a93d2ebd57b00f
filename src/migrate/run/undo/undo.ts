/** Undoes a plan from its backup. After a kill at any moment, the next run finishes. */
import { inParallel } from '../../../io/async/parallel.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { alone, isTaken } from '../../plan/lock.ts';
import { type Plan, planHash } from '../../plan/plan.ts';
import { refKey, refText } from '../../ref.ts';
import { clusterUID } from '../../snapshot.ts';
import { oldPlugin } from '../../targets.ts';
import type { ApplyDeps, ApplyOutcome, Work } from '../apply/apply.ts';
import { failed, giveUp, kindFor, named } from '../apply/change.ts';
import { otherCluster } from '../identity.ts';
import { type Entry, Journal, type Progress, progressOf, readJournal } from '../journal.ts';
import { type Now, readNow } from '../now.ts';
import { progressTeller } from '../progress.ts';
import { ownMatter, withRight } from '../refusal.ts';
import { pendingLabel, typeProblem } from '../switched.ts';
import { purgedKinds, type WayBack, wayBack } from './undo-plan.ts';
import type { Undo } from './undo-value.ts';

export interface BackOptions {
  /** `ask` asks the server what it would do, `show` only prints what would be done; both write nothing. */
  readonly mode: 'write' | 'ask' | 'show';
  /** Undo what others changed too. */
  readonly force: boolean;
}

/** Field manager for what the backup had, so that nothing has our mark afterward. */
const restorer = 'sdn-compat-restore';
const atOnce = 8;

const verbs: Readonly<Record<Undo['kind'], string>> = {
  create: 'created',
  restore: 'restored',
  delete: 'deleted',
  release: 'freed of our fields',
};

/** Goes back as far as possible now. Throws if the API server cannot be reached or a right is missing. */
export async function goBack(work: Work, options: BackOptions): Promise<ApplyOutcome> {
  try {
    const begun = async (): Promise<ApplyOutcome> => begunBack({ ...work, plan: await work.plan() }, options);
    return options.mode === 'write'
      ? ((await alone(work.folder, begun)) ?? { kind: 'refused', writes: 0, reasons: [isTaken] })
      : await begun();
  } catch (error) {
    if (work.signal.aborted) return { kind: 'stopped', writes: 0 };
    throw error;
  }
}

async function begunBack(deps: ApplyDeps, options: BackOptions): Promise<ApplyOutcome> {
  const { client, folder, plan, signal, tell } = deps;
  const entries = await readJournal(folder);
  if (!entries.ok) return { kind: 'unreadable', writes: 0, reasons: [entries.error] };
  const progress = progressOf(entries.value);
  if (progress.plan !== undefined && progress.plan !== planHash(plan)) {
    return { kind: 'refused', writes: 0, reasons: ['the plan was changed since it was begun: restore it'] };
  }
  if (isUntouched(progress)) {
    tell('the plan was never begun, so there is nothing to undo');
    return { kind: 'done', writes: 0, left: 'nothing' };
  }
  const now = await readNow(client, signal);
  const stranger = otherCluster(plan, progress, clusterUID(now.snapshot));
  if (stranger !== undefined) return { kind: 'refused', writes: 0, reasons: [stranger] };
  const way = wayBack(plan, { live: now.live, progress, force: options.force });
  if (way.objections.length > 0)
    return {
      kind: 'refused',
      writes: 0,
      reasons: way.objections.map((text) => `somebody changed it (--force undoes that too): ${text}`),
    };
  for (const note of way.notes) tell(note);
  const waiting = waitingFor(way, now, progress);
  if (options.mode !== 'write') return show(deps, { way, options, waiting });
  const journal = await Journal.open(folder);
  try {
    for (const entry of beginnings(plan, progress, now)) await journal.add(entry);
    return await walk({ deps, journal }, way, waiting);
  } finally {
    await journal.close();
  }
}

function isUntouched({ begun, isGoingBack }: Progress): boolean {
  return begun.size === 0 && !isGoingBack;
}

/** What is to be remembered of the moment when the way back began, or when the new plugin was last seen. */
function beginnings(plan: Plan, progress: Progress, now: Now): readonly Entry[] {
  const boots = progress.boots.size === 0 ? bootsOf(now) : {};
  if (progress.isGoingBack && Object.keys(boots).length === 0) return [];
  return [{ event: 'back-begin', boots, purged: progress.isGoingBack ? [] : purgedKinds(plan, now.live) }];
}

/** The boot of each node while the new plugin still ran; empty if the old one runs already. */
function bootsOf({ snapshot, networkConfig }: Now): Readonly<Record<string, string>> {
  if (networkConfig.kind !== 'known' || networkConfig.value.type === oldPlugin.networkType) return {};
  return Object.fromEntries(snapshot.nodes.flatMap(({ name, bootID }) => (bootID === '' ? [] : [[name, bootID]])));
}

/** Why the second half must wait until OpenShift SDN runs again on every node. */
function waitingFor(
  { remove, unserved }: WayBack,
  { snapshot, networkConfig }: Now,
  { boots }: Progress,
): readonly string[] {
  const absent = unserved.map((kind) => `the API server has no kind ${kind}: it comes with OpenShift SDN`);
  if (remove.length === 0) return absent;
  const type = typeProblem(oldPlugin, networkConfig);
  // status.networkType changes before the nodes are rebooted into the other plugin
  const old = snapshot.nodes.filter(({ name, bootID }) => bootID !== '' && boots.get(name) === bootID);
  const pending = snapshot.nodes.filter(({ labels }) => labels[pendingLabel] !== undefined);
  return [
    ...(type === undefined ? [] : [`${type}: what OVN-Kubernetes serves is removed when OpenShift SDN runs again`]),
    ...old.map(({ name }) => `Node ${name}: it was not rebooted since, so OVN-Kubernetes still runs on it`),
    ...pending.map(({ name }) => `Node ${name}: label ${pendingLabel} says that it is still to be switched`),
    ...absent,
  ];
}

interface Walk {
  readonly deps: ApplyDeps;
  /** Undefined if the server is only asked. */
  readonly journal: Journal | undefined;
}

async function walk(
  of: Walk,
  { restore, remove, awaited }: WayBack,
  waiting: readonly string[],
): Promise<ApplyOutcome> {
  const first = await half(of, 'restore', restore);
  if (first.stopped) return { kind: 'stopped', writes: first.writes };
  if (first.reasons.length > 0) return { kind: 'failed', writes: first.writes, reasons: first.reasons };
  if (waiting.length > 0) return { kind: 'waiting', writes: first.writes, reasons: waiting };
  const second = await half(of, 'remove', remove);
  const writes = first.writes + second.writes;
  if (second.stopped) return { kind: 'stopped', writes };
  if (second.reasons.length > 0) return { kind: 'failed', writes, reasons: second.reasons };
  if (awaited.length > 0) return { kind: 'waiting', writes, reasons: awaited };
  await of.journal?.add({ event: 'back-done' });
  return { kind: 'done', writes, left: 'nothing' };
}

interface Shown {
  readonly way: WayBack;
  readonly options: BackOptions;
  readonly waiting: readonly string[];
}

async function show(deps: ApplyDeps, { way, options, waiting }: Shown): Promise<ApplyOutcome> {
  for (const undo of way.restore) deps.tell(`${refText(undo.object)}: would be ${verbs[undo.kind]}`);
  if (waiting.length > 0) deps.tell('then you switch the network plugin back, and run this again');
  for (const undo of way.remove) deps.tell(`${refText(undo.object)}: would be ${verbs[undo.kind]}`);
  if (options.mode === 'show') return { kind: 'done', writes: 0, left: 'nothing' };
  const outcome = await walk({ deps, journal: undefined }, way, []);
  return { ...outcome, writes: 0 };
}

interface HalfDone {
  readonly writes: number;
  readonly reasons: readonly string[];
  readonly stopped: boolean;
}

async function half({ deps, journal }: Walk, step: string, undos: readonly Undo[]): Promise<HalfDone> {
  const reasons: string[] = [];
  const tellProgress = progressTeller(step, undos.length, deps.progress);
  let writes = 0;
  // several writes to one object happen one after another
  const byObject = [...Map.groupBy(undos, ({ object }) => refKey(object)).values()];
  await inParallel(byObject, atOnce, async (ofObject) => {
    for (const undo of ofObject) {
      if (deps.signal.aborted) return;
      const reason = await undone(deps, undo, { journal, step });
      if (reason !== undefined) {
        reasons.push(reason);
        return;
      }
      writes++;
    }
    tellProgress(writes);
  });
  return { writes, reasons: reasons.sort(), stopped: deps.signal.aborted };
}

/** Makes the write. Returns the reason if this object could not be written. */
async function undone(
  deps: ApplyDeps,
  undo: Undo,
  { journal, step }: { readonly journal: Journal | undefined; readonly step: string },
): Promise<string | undefined> {
  const entry = { step: `back-${step}`, action: undo.kind, object: refKey(undo.object) };
  await journal?.add({ event: 'begin', ...entry });
  try {
    await write(deps, undo, journal === undefined);
  } catch (error) {
    const reason = ownMatter(error);
    if (reason === undefined) throw withRight(error, verbOf(undo), kindFor(undo.object));
    return failed(undo.object, reason).reason;
  }
  await journal?.add({ event: 'done', ...entry, wrote: true });
  return undefined;
}

function verbOf({ kind }: Undo): string {
  return kind === 'restore' || kind === 'release' ? 'patch' : kind;
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
