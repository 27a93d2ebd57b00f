/** What `migrate compare` says of three clusters, and of one without egress IPs. */
import { comparisonTable } from '../../../src/cli/migrate/look/compare.ts';
import { compareTargets } from '../../../src/migrate/compare/compare.ts';
import { criteria } from '../../../src/migrate/compare/criteria.ts';
import { newPlugins } from '../../../src/migrate/targets.ts';
import { expectGoldenAt } from '../../golden.ts';
import { clusters } from '../clusters.ts';
import { more } from '../more-clusters.ts';
import { make, snapshotOf } from '../snapshots.ts';
import { goldenName } from '../summary.ts';

const compared = (objects: Parameters<typeof snapshotOf>[0]) => compareTargets(snapshotOf(objects), newPlugins, []);

test.each([
  ['manual', clusters.manual.objects],
  ['joined projects', clusters['joined projects'].objects],
  ['pinned and automatic', more['pinned and automatic']!.objects],
])('%s', (name, objects) => {
  expectGoldenAt(new URL(goldenName(name), import.meta.url), comparisonTable(compared(objects)));
});

test('every target but the old plugin is compared, and says what it can do', () => {
  expect(compared([make.clusterNetwork()]).targets.map(({ target }) => target)).toEqual(
    newPlugins.map(({ name }) => name),
  );
});

test('the one that is recommended is beaten in nothing before it wins', () => {
  for (const { objects } of [...Object.values(clusters), ...Object.values(more)]) {
    const { targets, recommended } = compared(objects);
    const best = targets.find(({ target }) => target === recommended?.target);
    if (best === undefined) continue;
    for (const other of targets) {
      const first = criteria.map(({ score }) => score(best) - score(other)).find((difference) => difference !== 0) ?? 0;
      expect(first).toBeGreaterThanOrEqual(0);
    }
  }
});

test('without egress IPs nothing is recommended', () => {
  const comparison = compared([make.clusterNetwork(), make.namespace('shop'), make.netNamespace('shop', 10)]);
  expect(comparison.recommended).toBeUndefined();
  expect(comparisonTable(comparison)).toContain('there is nothing to recommend');
});
