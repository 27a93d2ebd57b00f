import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forthRows } from '../../src/migrate/findings/catalog/forth.ts';
import type { Finding } from '../../src/migrate/findings/finding.ts';
import { lossText } from '../../src/migrate/findings/loss.ts';
import { catalogTable, lossesOf, rows } from '../../src/migrate/findings/rows.ts';
import { snapshotFromFiles } from '../../src/migrate/input/files.ts';
import { planOf } from '../../src/migrate/plan/make.ts';
import { refText } from '../../src/migrate/ref.ts';
import type { Snapshot } from '../../src/migrate/snapshot.ts';
import { oldPlugin, wanted } from '../../src/migrate/targets.ts';
import type { TranslateOptions } from '../../src/migrate/targets/ovn/options.ts';
import { toOVN } from '../../src/migrate/targets/ovn/translate.ts';
import { type Change, refOf } from '../../src/migrate/translation.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { expectGoldenAt } from '../golden.ts';
import { generator } from '../random.ts';
import { clusters, type Named } from './clusters.ts';
import { generatedCluster } from './generated.ts';
import { options as defaults } from './snapshots.ts';

const folder = mkdtempSync(join(tmpdir(), 'migrate-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

/** Reads the objects as a user's dump: from a file. */
async function read(objects: readonly KubeObject[]): Promise<Snapshot> {
  const file = join(folder, `${files++}.json`);
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const snapshot = await snapshotFromFiles([file], {
    ...wanted,
    needed: oldPlugin.makesItself,
    progress: () => undefined,
  });
  if (!snapshot.ok) throw new Error(snapshot.error.reason);
  return snapshot.value;
}

async function summary({ objects, options }: Named): Promise<string> {
  const snapshot = await read(objects);
  const all: TranslateOptions = { ...defaults, ...options };
  const translation = toOVN(snapshot, all);
  const plan = planOf({ tool: 'test', target: 'ovn', options: {}, strict: false, snapshot, translation });
  return [
    ...plan.steps.flatMap(({ name, changes }) => [`${name}:`, ...changes.map(changeText)]),
    '',
    ...[...plan.placement].map(
      ([ip, { today, allowed }]) => `${ip}: ${today.join(', ') || 'nowhere'} -> ${allowed.join(', ') || 'nowhere'}`,
    ),
    `assigned: ${(translation.assignedCount ?? []).join(', ')}`,
    '',
    ...plan.findings.flatMap(findingText),
    '',
    `backup: ${[...plan.backup.keys()].join(' ')}`,
    '',
  ].join('\n');
}

/** Long rule lists are cut. */
function changeText(change: Change): string {
  const text = JSON.stringify(
    change.action === 'apply'
      ? { ...change.object, apiVersion: undefined, kind: undefined }
      : change.action === 'clear'
        ? change.patch
        : null,
  );
  return `  ${change.action} ${refText(refOf(change))} ${text.length > 1_500 ? `${text.slice(0, 200)} … ${text.length}` : text}`.trimEnd();
}

function findingText({ severity, code, kind, namespace, name, today, tomorrow, action, lost }: Finding): string[] {
  return [
    `${severity} ${code} ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
    `  ${today}`,
    `  ${tomorrow}`,
    `  ${action}`,
    ...(lost === undefined ? [] : [`  lost: ${lossText(lost)}`]),
  ];
}

const named = Object.entries<Named>(clusters);

test.each(named)('%s', async (name, cluster) => {
  expectGoldenAt(new URL(`golden/${name.replaceAll(/[^a-z]+/gi, '-')}.txt`, import.meta.url), await summary(cluster));
});

test.each(named)('%s: the order of the input does not matter', async (name, cluster) => {
  const random = generator(name.length * 7919);
  const shuffled = cluster.objects
    .map((object) => ({ object, key: random(1_000_000) }))
    .sort((a, b) => a.key - b.key)
    .map(({ object }) => object);
  expect(await summary({ ...cluster, objects: shuffled })).toBe(await summary(cluster));
});

test('10,000 namespaces on 500 nodes have as many changes and findings as recorded', async () => {
  const snapshot = await read(generatedCluster({ namespaces: 10_000, nodes: 500 }));
  const { changes, findings, placement, assignedCount } = toOVN(snapshot, defaults);
  const count = (keys: readonly string[]): readonly string[] =>
    [...Map.groupBy(keys, (key) => key)].map(([key, all]) => `${key}: ${all.length}`).sort();
  const lines = [
    ...count(changes.map((change) => `${change.step} ${change.action} ${refOf(change).kind}`)),
    ...count(findings.map(({ severity, code }) => `${severity} ${code}`)),
    `assigned: ${(assignedCount ?? []).join(', ')} of ${placement.size}`,
    ...count(
      [...placement.values()].map(
        ({ today, allowed }) => `on ${today.length} today, on one of ${allowed.length} tomorrow`,
      ),
    ),
  ];
  expectGoldenAt(new URL('golden/10000-namespaces.txt', import.meta.url), `${lines.join('\n')}\n`);
});

test('every code of a finding is in one of these clusters, with a severity and a span that its row has', async () => {
  const found = new Set<string>();
  for (const [, { objects, options }] of named) {
    for (const { code, severity, lost } of toOVN(await read(objects), { ...defaults, ...options }).findings) {
      found.add(code);
      expect(rows[code].severities).toContain(severity);
      if (lost !== undefined) expect(lossesOf(code)?.spans).toContain(lost.span);
    }
  }
  expect(Object.keys(forthRows).filter((code) => !found.has(code))).toEqual([]);
});

test('docs/migrate.md has the table of the catalog', () => {
  const text = readFileSync(new URL('../../docs/migrate.md', import.meta.url), 'utf8');
  expect(text).toContain(`\n${catalogTable()}\n`);
});
