/** A plan and its journal, read together while an update may replace both. */
import { renameSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replacePlan, writePlan } from '../../../src/migrate/plan/folder.ts';
import { makePlan } from '../../../src/migrate/plan/make.ts';
import type { Plan } from '../../../src/migrate/plan/plan.ts';
import { readPlan } from '../../../src/migrate/plan/read-folder.ts';
import { journalText } from '../../../src/migrate/run/journal.ts';
import { planReader } from '../../../src/migrate/run/plan-reader.ts';
import { ovn } from '../../../src/migrate/targets/ovn/target.ts';
import { make, options, snapshotOf } from '../snapshots.ts';

const planOf = (name: string): Plan => {
  const objects = [make.namespace(name), make.netNamespace(name, 10, { egressIPs: ['192.168.7.101'] })];
  return makePlan(snapshotOf(objects), { tool: 'test', target: ovn, options: { ...options }, strict: false }).plan;
};
const [first, second] = [planOf('shop'), planOf('bank')];

let outer = '';
let folder = '';
beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), 'sdn-compat-reader-'));
  folder = join(outer, 'plan');
  await writePlan(folder, first);
});
afterEach(() => rm(outer, { recursive: true, force: true }));

const update = (): Promise<unknown> =>
  replacePlan(folder, second, { reports: new Map(), journal: journalText([{ event: 'plan', plan: 'second' }]) });

test('the plan is read once, the journal each time, and both again after an update', async () => {
  let reads = 0;
  const reader = planReader(folder, () => {
    reads++;
    return readPlan(folder);
  });
  expect(await reader()).toMatchObject({ ok: true, value: { plan: { id: first.id }, entries: [] } });
  await appendFile(join(folder, 'journal.ndjson'), journalText([{ event: 'plan', plan: 'first' }]));
  expect(await reader()).toMatchObject({ value: { plan: { id: first.id }, entries: [{ plan: 'first' }] } });
  expect(reads).toBe(1);
  await update();
  expect(await reader()).toMatchObject({ value: { plan: { id: second.id }, entries: [{ plan: 'second' }] } });
  expect(reads).toBe(2);
});

test('a plan is never given with the journal of another', async () => {
  let isUpdated = false;
  const reader = planReader(folder, async () => {
    const read = await readPlan(folder);
    if (!isUpdated) await update();
    isUpdated = true;
    return read;
  });
  expect(await reader()).toMatchObject({ value: { plan: { id: second.id }, entries: [{ plan: 'second' }] } });
});

test('what cannot be read is said, and read again', async () => {
  const reader = planReader(folder, () => readPlan(folder));
  await rm(join(folder, 'plan.yaml'));
  expect(await reader()).toMatchObject({ ok: false, error: expect.stringContaining('holds no plan') as string });
  await update();
  expect(await reader()).toMatchObject({ ok: true });
  await writeFile(join(folder, 'journal.ndjson'), '{"event":"unheard of"}\n');
  expect(await reader()).toMatchObject({
    ok: false,
    error: expect.stringContaining('no entry of a journal') as string,
  });
});

test('between the two renames of an update both are waited for', async () => {
  const reader = planReader(folder, () => readPlan(folder));
  renameSync(folder, `${folder}.new`);
  const waiting = reader();
  await new Promise(setImmediate);
  renameSync(`${folder}.new`, folder);
  expect(await waiting).toMatchObject({ ok: true, value: { plan: { id: first.id } } });
});
