/** `explain`: every code that the program can say is explained. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec, type RunResult } from '../../../src/io/programs/exec.ts';
import { findingCodes } from '../../../src/migrate/findings/rows.ts';
import { explanations } from '../../../src/model/cluster/explanations.ts';
import { program } from '../../program.ts';

const root = join(import.meta.dirname, '../../..');
const explain = (...args: readonly string[]): Promise<RunResult> =>
  exec(process.execPath, [...program, 'explain', ...args]);

const sources = ['model', 'controllers', 'node', 'facade'].flatMap((layer) =>
  readdirSync(join(root, 'src', layer), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('explanations.ts'))
    .map((name) => readFileSync(join(root, 'src', layer, name), 'utf8')),
);

/** Names in capitals as the value of `reason` or `code`, or the members of the types of codes. */
function said(): Set<string> {
  const patterns = [
    /(?:reason|code): '([A-Z][a-z]\w+|VNID\w+)'/g,
    /#warn\('(\w+)'/g,
    /^ {2,4}\| '([A-Z]\w+)'/gm,
    /(?:reason: |= ')[`']?([A-Z][A-Za-z]+): /g,
  ];
  return new Set(
    sources.flatMap((text) => patterns.flatMap((one) => [...text.matchAll(one)].map(([, name = '']) => name))),
  );
}

/** Reasons in code that no Event and no status says: of kubelets, and within the allocator. */
const others = new Set(['NetworkPluginNotReady', 'ListedByHand', 'ListedByAbsentHostSubnet', 'NoCIDRContainsEgressIP']);

test('each reason in the code has an explanation, and none explains what nobody says', () => {
  const codes = [...said()].filter((name) => /[a-z][A-Z]/.test(name) && !others.has(name));
  expect(codes.length).toBeGreaterThan(30);
  expect(codes.filter((code) => !Object.hasOwn(explanations, code))).toEqual([]);
  const text = sources.join('\n');
  expect(Object.keys(explanations).filter((code) => !text.includes(code))).toEqual([]);
});

test('each reason in the documents has one, too', () => {
  const rows = ['controller', 'egress-model', 'operations']
    .flatMap((name) => readFileSync(join(root, 'docs', `${name}.md`), 'utf8').split('\n'))
    .filter((line) => line.startsWith('| `') || line.startsWith('| nothing'));
  const codes = rows.flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([A-Z][a-z]+[A-Z]\w+)`/g)]);
  const names = codes.map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !Object.hasOwn(explanations, name))).toEqual([]);
});

test('one code, in any case of letters, all of them, and findings', async () => {
  const one = await explain('egressipinsidecluster');
  expect([one.status, one.stdout]).toEqual([
    0,
    "EgressIPInsideCluster (reason)\n  The address lies in a network of pods or Services of ClusterNetwork default, so it is never used.\n  What to do: Request an address of the nodes' network.\n",
  ]);
  const all = JSON.parse((await explain('-o', 'json')).stdout) as { code: string }[];
  expect(all.map(({ code }) => code)).toEqual(
    [...Object.keys(explanations), ...findingCodes].sort((a, b) => (a < b ? -1 : 1)),
  );
  expect((await explain('ClusterMTU')).stdout).toContain('ClusterMTU (finding)');
});

test('an unknown code is an error with those that are like it', async () => {
  const { status, stderr } = await explain('EgressIpOnManyNodes');
  expect([status, stderr]).toEqual([2, expect.stringContaining('is it EgressIPOnSeveralNodes')]);
  expect((await explain('xyz')).stderr).toContain('without a code, all are listed');
});
