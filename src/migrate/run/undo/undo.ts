/** Undoes a plan from its backup. After a kill at any moment, the next run finishes. */
import { alone, isTaken } from '../../plan/lock.ts';
import { type Plan, planHash } from '../../plan/plan.ts';
import { objectRef, refKey, refText } from '../../ref.ts';
import { clusterUID } from '../../snapshot.ts';
import { newPluginOf, oldPlugin } from '../../targets.ts';
import { type Change, refOf } from '../../translation.ts';
import type { ApplyDeps, ApplyOutcome, Work } from '../apply/apply.ts';
import { skipsOf, unknownText } from '../apply/skips.ts';
import { otherCluster } from '../identity.ts';
import { backStep, changeKey, type Entry, Journal, type Progress, progressOf, readJournal } from '../journal.ts';
import { type Now, readNow } from '../now.ts';
import { purgedKinds } from '../purged.ts';
import { pendingLabel, typeProblem } from '../switched.ts';
import { standing } from './standing.ts';
import { type WayBack, wayBack } from './undo-plan.ts';
import type { Undo } from './undo-value.ts';
import { walk } from './walk.ts';

export interface BackOptions {
  /** `ask` asks the server what it would do, `show` only prints what would be done; both write nothing. */
  readonly mode: 'write' | 'ask' | 'show';
  /** Undo what others changed too. */
  readonly force: boolean;
  /** Objects to leave out, as `KIND/NAMESPACE/NAME` or `KIND/NAME`. */
  readonly skip: readonly string[];
}

const verbs: Readonly<Record<Undo['kind'], string>> = {
  create: 'created',
  restore: 'restored',
  delete: 'deleted',
  release: 'freed of our fields',
};

/** Goes back as far as possible now. Throws if the API server cannot be reached or the cluster may not be read. */
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
  const { client, folder, plan, signal } = deps;
  const entries = await readJournal(folder);
  if (!entries.ok) return { kind: 'unreadable', writes: 0, reasons: [entries.error] };
  const noted = progressOf(entries.value);
  if (noted.plan !== undefined && noted.plan !== planHash(plan))
    return refused(['the plan was changed since it was begun: restore it']);
  const now = await readNow(client, plan, signal);
  const stranger = otherCluster(plan, noted, clusterUID(now.snapshot));
  if (stranger !== undefined) return refused([stranger]);
  const { skipped, unknown } = skipsOf(options.skip, plan, now.live);
  if (unknown.length > 0) return refused(unknown.map(unknownText));
  const progress = { ...noted, leftOnBack: new Set([...noted.leftOnBack, ...skipped]) };
  const stand = standing(plan, { live: now.live, progress, force: options.force });
  switch (stand.kind) {
    case 'doubtful':
      return refused(stand.reasons);
    case 'never':
      deps.report('the plan was never begun, so there is nothing to undo');
      return { kind: 'done', writes: 0, left: 'nothing' };
    case 'begun':
      for (const note of stand.notes) deps.report(note);
      return goOn(deps, options, { noted, progress, now, skipped, assumed: stand.assumed });
  }
}

function refused(reasons: readonly string[]): ApplyOutcome {
  return { kind: 'refused', writes: 0, reasons };
}

interface Going {
  /** What the journal shows, and that with what is left out from now on. */
  readonly noted: Progress;
  readonly progress: Progress;
  readonly now: Now;
  readonly skipped: ReadonlySet<string>;
  /** What counts as begun though the journal does not say so. */
  readonly assumed: readonly Change[];
}

async function goOn(deps: ApplyDeps, options: BackOptions, given: Going): Promise<ApplyOutcome> {
  const { folder, plan, report } = deps;
  const { noted, progress, now, skipped } = given;
  const assumed = given.assumed.map(begunEntry);
  const known = { ...progress, begun: new Map([...progress.begun, ...assumed]) };
  const way = wayBack(plan, { live: now.live, progress: known, force: options.force });
  if (way.objections.length > 0)
    return refused(
      way.objections.map((text) => `somebody changed it (--force undoes that too, --skip leaves it): ${text}`),
    );
  for (const note of way.notes) report(note);
  const waiting = waitingFor(newPluginOf(plan), way, { now, progress: known });
  if (waiting.length > 0 || options.mode !== 'write') for (const text of way.awaited) report(text);
  if (options.mode !== 'write') return show(deps, { way, options, waiting });
  const journal = await Journal.open(folder);
  try {
    for (const entry of beginnings(plan, noted, now)) await journal.add(entry);
    for (const [, entry] of assumed) await journal.add(entry);
    for (const object of skipped) await journal.add({ event: 'skip', step: backStep, object });
    const outcome = await walk({ deps, journal }, way, waiting);
    return outcome.kind === 'done' && way.leftOut > 0 ? { ...outcome, left: 'skipped' } : outcome;
  } finally {
    await journal.close();
  }
}

/** The entry of a change that was begun though the journal does not say so, with its key. */
function begunEntry(change: Change): readonly [string, Entry] {
  const { step, action } = change;
  const object = refKey(refOf(change));
  return [changeKey(step, object), { event: 'begin', step, action, object }];
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

/** Why the second part must wait until OpenShift SDN runs again on every node. */
function waitingFor(
  plugin: string,
  { remove, unserved }: WayBack,
  { now: { snapshot, networkConfig }, progress }: { readonly now: Now; readonly progress: Progress },
): readonly string[] {
  const { boots, leftOnBack } = progress;
  const absent = unserved.map((kind) => `the API server has no kind ${kind}: it comes with ${oldPlugin.plugin}`);
  if (remove.length === 0) return absent;
  const type = typeProblem(oldPlugin, networkConfig);
  // status.networkType changes before the nodes are rebooted into the other plugin
  const nodes = snapshot.nodes.filter(({ object }) => !leftOnBack.has(refKey(objectRef(object))));
  const old = nodes.filter(({ name, bootID }) => bootID !== '' && boots.get(name) === bootID);
  const pending = nodes.filter(({ labels }) => labels[pendingLabel] !== undefined);
  return [
    ...(type === undefined ? [] : [`${type}: what ${plugin} serves is removed when ${oldPlugin.plugin} runs again`]),
    ...old.map(({ name }) => `Node ${name}: it was not rebooted since, so ${plugin} still runs on it`),
    ...pending.map(({ name }) => `Node ${name}: label ${pendingLabel} says that it is still to be switched`),
    ...absent,
  ];
}

interface Shown {
  readonly way: WayBack;
  readonly options: BackOptions;
  readonly waiting: readonly string[];
}

async function show(deps: ApplyDeps, { way, options, waiting }: Shown): Promise<ApplyOutcome> {
  for (const undo of way.restore) deps.report(`${refText(undo.object)}: would be ${verbs[undo.kind]}`);
  if (waiting.length > 0) deps.report('then you switch the network plugin back, and run this again');
  for (const undo of way.remove) deps.report(`${refText(undo.object)}: would be ${verbs[undo.kind]}`);
  if (options.mode === 'show') return { kind: 'done', writes: 0, left: 'nothing' };
  const outcome = await walk({ deps, journal: undefined }, way, []);
  return { ...outcome, writes: 0 };
}
