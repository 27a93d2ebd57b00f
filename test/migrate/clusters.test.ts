import { readFileSync } from 'node:fs';
import { forthRows } from '../../src/migrate/findings/catalog/forth.ts';
import { catalogTable, lossesOf, rows } from '../../src/migrate/findings/rows.ts';
import { toOVN } from '../../src/migrate/targets/ovn/translate.ts';
import { refOf } from '../../src/migrate/translation.ts';
import { expectGoldenAt } from '../golden.ts';
import { generator } from '../random.ts';
import { clusters, type Named } from './clusters.ts';
import { generatedCluster } from './generated.ts';
import { options as defaults } from './snapshots.ts';
import { goldenName, planSummary, readDump } from './summary.ts';

async function summary({ objects, options }: Named): Promise<string> {
  const snapshot = await readDump(objects);
  return planSummary('ovn', snapshot, toOVN(snapshot, { ...defaults, ...options }));
}

const named = Object.entries<Named>(clusters);

test.each(named)('%s', async (name, cluster) => {
  expectGoldenAt(new URL(`golden/${goldenName(name)}`, import.meta.url), await summary(cluster));
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
  const snapshot = await readDump(generatedCluster({ namespaces: 10_000, nodes: 500 }));
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
    for (const { code, severity, lost } of toOVN(await readDump(objects), { ...defaults, ...options }).findings) {
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
