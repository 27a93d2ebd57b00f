/** A plan in a folder of its own, with the commands that work on it, for a cluster that changes between them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { readServer } from '../../src/migrate/input/server.ts';
import { writePlan } from '../../src/migrate/plan/folder.ts';
import { makePlan } from '../../src/migrate/plan/make.ts';
import type { Plan } from '../../src/migrate/plan/plan.ts';
import { readPlan } from '../../src/migrate/plan/read-folder.ts';
import { type ApplyOptions, type ApplyOutcome, applyPlan } from '../../src/migrate/run/apply/apply.ts';
import { carryOver } from '../../src/migrate/run/carry-over.ts';
import { progressOf, readJournal } from '../../src/migrate/run/journal.ts';
import { readNow } from '../../src/migrate/run/now.ts';
import { goBack } from '../../src/migrate/run/undo/undo.ts';
import { type Verification, verification } from '../../src/migrate/run/verify/verify.ts';
import type { Snapshot } from '../../src/migrate/snapshot.ts';
import type { Target } from '../../src/migrate/target.ts';
import { wantedFor } from '../../src/migrate/targets.ts';
import type { TranslateOptions } from '../../src/migrate/targets/ovn/options.ts';
import { ovn } from '../../src/migrate/targets/ovn/target.ts';
import { applyDefaults, serveOVN, switchToOVN } from './cluster.ts';
import { options } from './snapshots.ts';

const nowhere = {
  signal: new AbortController().signal,
  report: () => undefined,
  progress: () => undefined,
};

export class PlanInFolder {
  readonly folder: string;
  plan: Plan;
  readonly #client: KubeClient;
  readonly #target: Target;

  private constructor(client: KubeClient, target: Target, folder: string, plan: Plan) {
    this.#client = client;
    this.#target = target;
    this.folder = folder;
    this.plan = plan;
  }

  static async of(
    client: KubeClient,
    changes: Partial<TranslateOptions> = {},
    target: Target = ovn,
  ): Promise<PlanInFolder> {
    const folder = join(await mkdtemp(join(tmpdir(), 'sdn-compat-moving-')), 'plan');
    const { plan } = await planNow(client, changes, target);
    const written = await writePlan(folder, plan);
    if (!written.ok) throw new Error(written.error);
    return new PlanInFolder(client, target, folder, plan);
  }

  apply(
    changes: Partial<ApplyOptions> = {},
    client = this.#client,
    signal: AbortSignal = nowhere.signal,
  ): Promise<ApplyOutcome> {
    const { folder, plan } = this;
    return applyPlan(
      { client, folder, plan: () => Promise.resolve(plan), ...nowhere, signal },
      { ...applyDefaults, ...changes },
    );
  }

  back(client = this.#client, force = false): Promise<ApplyOutcome> {
    const { folder, plan } = this;
    return goBack(
      { client, folder, plan: () => Promise.resolve(plan), ...nowhere },
      { mode: 'write', force, skip: [] },
    );
  }

  /** With `since`, a look as the second of `--watch`. */
  async verify(client = this.#client, since?: Snapshot): Promise<Verification> {
    const entries = await readJournal(this.folder);
    return verification(
      this.plan,
      await readNow(client, this.plan, nowhere.signal, since),
      progressOf(entries.ok ? entries.value : []),
    );
  }

  /** As `plan --update` does. */
  async update(changes: Partial<TranslateOptions> = {}, client = this.#client): Promise<void> {
    const entries = await readJournal(this.folder);
    if (!entries.ok) throw new Error(entries.error);
    const { plan: fresh, snapshot } = await planNow(client, changes, this.#target);
    const { folder, plan: old } = this;
    const reports = () => new Map<string, string>();
    const carried = await carryOver({ folder, old, entries: entries.value, fresh, snapshot, reports });
    if (!carried.ok) throw new Error(carried.error);
    await this.read();
  }

  /** Reads the plan from the folder, as each command does. */
  async read(): Promise<void> {
    const read = await readPlan(this.folder);
    if (!read.ok) throw new Error(read.error);
    this.plan = read.value;
  }

  /** Everything up to well. */
  async forth(): Promise<void> {
    await this.apply();
    await switchToOVN(this.#client);
    expect(await this.apply()).toMatchObject({ kind: 'done' });
    await serveOVN(this.#client);
  }

  remove(): Promise<void> {
    return rm(dirname(this.folder), { recursive: true, force: true });
  }
}

/** The plan of the cluster as it is. */
export async function planNow(
  client: KubeClient,
  changes: Partial<TranslateOptions> = {},
  target: Target = ovn,
): Promise<{ readonly plan: Plan; readonly snapshot: Snapshot }> {
  const snapshot = await readServer(client, { ...wantedFor({ target: target.name }), signal: nowhere.signal });
  const given = { ...options, machineNetworks: ['192.168.7.0/24'], allowAPIServer: true, ...changes };
  return { ...makePlan(snapshot, { tool: 'test', target, options: given, strict: false }), snapshot };
}

export const reasonsOf = (outcome: ApplyOutcome): readonly string[] => ('reasons' in outcome ? outcome.reasons : []);
export const problemsOf = ({ checks }: Verification): readonly string[] =>
  checks.filter(({ well }) => !well).map(({ object, problem = '' }) => `${object.kind} ${object.name}: ${problem}`);
