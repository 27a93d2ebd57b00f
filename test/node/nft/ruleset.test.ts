/** The nft tables as text, on both datapaths. */
import { renderBase, tablesOf } from '../../../src/node/nft/ruleset.ts';
import { isWhole } from '../../../src/node/nft/whole.ts';
import { planNode } from '../../../src/node/plan/node.ts';
import type { NodeFacts } from '../../../src/node/values/facts.ts';
import { expectGolden } from '../../golden.ts';
import { nodeInput, type Scene, scenes } from '../states.ts';

const base = (scene: Scene, other: Partial<Pick<NodeFacts, 'masqueradeBit' | 'nodePorts'>> = {}) => {
  const input = nodeInput(scene);
  const { facts, networks, uplink } = input;
  return renderBase({ ...facts, ...other, ...networks, uplink, finerRules: planNode(input).finerRules });
};

test.each(['netdev', 'system'] as const)('the tables of the datapath %s are as recorded', (datapath) => {
  const text = base({ datapath });
  expectGolden(`node/golden/ruleset-${datapath}.nft`, text);
  expect([...text.matchAll(/^table (.+) \{$/gm)].map(([, name]) => name)).toEqual(tablesOf(datapath));
});

test('the locks share nothing: the table of addresses reads no mark, and that of marks none of its sets', () => {
  for (const datapath of ['netdev', 'system'] as const) {
    const { 'egress-finer-rules': ruled = {} } = scenes;
    const [, nat = '', guard = ''] = base({ ...ruled, datapath }).split(/^delete table .*$/m);
    expect(guard).toMatch(/chain finer_/);
    expect(guard).toContain('chain leak_guard');
    expect(guard).not.toMatch(/\bmark\b/);
    expect(nat).toContain('chain choose_source');
    expect(nat).not.toMatch(/@(egress_hosted|restricted_pods|pod_sources)/);
  }
});

test('a chain of finer rules accepts what they do not cover, and nothing else', () => {
  const { 'egress-finer-rules': scene = {} } = scenes;
  const text = base(scene);
  const chains = [...text.matchAll(/^ {2}chain (finer_\w+) \{\n((?: {4}.*\n)*)/gm)].map(([, name, rules = '']) => [
    name,
    rules
      .trimEnd()
      .split('\n')
      .map((rule) => rule.trim()),
  ]);
  const [name] = chains[0] ?? [];
  const rules = (otherwise: string): string[] => [
    'ip daddr 10.1.9.0/24 accept',
    'tcp dport 80-90 accept',
    'ip daddr 192.0.2.0/24 accept',
    `ip daddr 10.1.0.0/16 ${otherwise}`,
    `ip daddr 10.0.0.0/8 tcp dport 443 ${otherwise}`,
    `ip daddr 172.16.0.0/12 meta l4proto udp ${otherwise}`,
    'accept',
  ];
  expect(chains).toEqual([
    [name, rules('goto stranger')],
    [name, rules('drop')],
  ]);
});

test('node ports are those that the API server gives', () => {
  const given = base({}, { nodePorts: { first: 20_000, last: 20_999 } });
  expect(given).not.toContain('30000');
  expect(given.replaceAll('20000-20999', '30000-32767')).toBe(base({}));
});

test('without a masquerade bit no packet is let by for it', () => {
  expect(base({}, { masqueradeBit: undefined })).not.toMatch(/0x4000\b/);
  expect(base({})).toContain('meta mark & 0x4000 != 0 accept');
});

test.each(['netdev', 'system'] as const)(
  'what lacks a table, a chain or all rules of one is not whole: %s',
  (datapath) => {
    const text = base({ datapath });
    expect(isWhole(text, text)).toBe(true);
    const lines = text.split('\n');
    const without = (from: number, to: number): string => [...lines.slice(0, from), ...lines.slice(to)].join('\n');
    const chains = lines.flatMap((line, index) => (line.startsWith('  chain ') ? [index] : []));
    expect(chains.length).toBeGreaterThan(10);
    for (const chain of chains) {
      const end = lines.indexOf('  }', chain);
      expect(isWhole(text, without(chain, end + 1))).toBe(false);
      const rules = chain + (lines[chain + 1]!.includes(' type ') ? 2 : 1);
      if (rules < end) expect(isWhole(text, without(rules, end))).toBe(false);
    }
    const [first = ''] = tablesOf(datapath);
    expect(isWhole(text, text.replace(`table ${first} {\n`, 'table ip other {\n'))).toBe(false);
  },
);
