/** The plan of every fixture for every target but OVN-Kubernetes, which has its own. */
import { otherRows } from '../../src/migrate/findings/catalog/others.ts';
import { lossesOf, rows } from '../../src/migrate/findings/rows.ts';
import type { Snapshot } from '../../src/migrate/snapshot.ts';
import { type Target, unsetOptions } from '../../src/migrate/target.ts';
import { newPlugins } from '../../src/migrate/targets.ts';
import type { Translation } from '../../src/migrate/translation.ts';
import type { JsonObject } from '../../src/model/values/json.ts';
import { expectGoldenAt } from '../golden.ts';
import { generator } from '../random.ts';
import { clusters, type Named } from './clusters.ts';
import { generatedCluster } from './generated.ts';
import { more } from './more-clusters.ts';
import { goldenName, planSummary, readDump } from './summary.ts';

const others = newPlugins.filter(({ name }) => name !== 'ovn');
const all: readonly (readonly [string, Named])[] = [...Object.entries<Named>(clusters), ...Object.entries(more)];

function translated(
  target: Target,
  snapshot: Snapshot,
  { only, namespaces, prefix }: Named['options'] = {},
): Translation {
  const given: JsonObject = {
    ...unsetOptions(target),
    ...(only === undefined ? {} : { only }),
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(prefix === undefined ? {} : { prefix }),
  };
  const translator = target.translator(given);
  if (translator === undefined) throw new Error(`${target.name} does not know its options`);
  return translator.translate(target.before(snapshot));
}

describe.each(others.map((target) => [target.name, target] as const))('%s', (name, target) => {
  test.each(all)('%s', async (cluster, { objects, options }) => {
    const snapshot = await readDump(objects, name);
    const summary = planSummary(name, snapshot, translated(target, snapshot, options));
    expectGoldenAt(new URL(`golden/${name}/${goldenName(cluster)}`, import.meta.url), summary);
  });

  test('the order of the input does not matter', async () => {
    for (const [cluster, { objects, options }] of all) {
      const random = generator(cluster.length * 7919);
      const shuffled = objects
        .map((object) => ({ object, key: random(1_000_000) }))
        .sort((a, b) => a.key - b.key)
        .map(({ object }) => object);
      const [one, other] = [await readDump(objects, name), await readDump(shuffled, name)];
      expect(planSummary(name, other, translated(target, other, options))).toBe(
        planSummary(name, one, translated(target, one, options)),
      );
    }
  });

  test('every namespace that leaves with an egress IP today has one, or a blocker says that it has none', async () => {
    for (const { objects, options } of [...all.map(([, one]) => one), generated]) {
      const snapshot = await readDump(objects, name);
      const { addresses, findings } = translated(target, snapshot, options);
      const blocked = new Set(findings.filter(({ severity }) => severity === 'blocker').map((one) => one.name));
      const members = new Map(snapshot.netNamespaces.map(({ metadata, netid }) => [metadata.name ?? '', netid]));
      const isBlocked = (namespace: string): boolean =>
        [...members].some(([one, netid]) => netid === members.get(namespace) && blocked.has(one));
      const lost = (addresses?.ends ?? []).filter(
        ({ namespace, today, after }) =>
          !today.nodes && today.egressIPs.length > 0 && after.nodes && !isBlocked(namespace),
      );
      expect(lost.map(({ namespace }) => namespace)).toEqual([]);
    }
  });
});

const generated: Named = { objects: generatedCluster({ namespaces: 300, nodes: 20 }) };

test('every code of these targets is in one of these clusters, with a severity and a span that its row has', async () => {
  const found = new Set<string>();
  for (const target of others)
    for (const [, { objects, options }] of all)
      for (const { code, severity, lost } of translated(target, await readDump(objects, target.name), options)
        .findings) {
        found.add(code);
        expect(rows[code].severities).toContain(severity);
        if (lost !== undefined) expect(lossesOf(code)?.spans).toContain(lost.span);
      }
  expect(Object.keys(otherRows).filter((code) => !found.has(code))).toEqual([]);
});
