/** The nft tables as text, on both datapaths. */
import { renderBase, tablesOf } from '../../../src/node/nft/ruleset.ts';
import type { NodeFacts } from '../../../src/node/values/facts.ts';
import { expectGolden } from '../../golden.ts';
import { nodeInput, type Scene } from '../states.ts';

const base = (scene: Scene, other: Partial<Pick<NodeFacts, 'masqueradeBit' | 'nodePorts'>> = {}) => {
  const { facts, networks, uplink } = nodeInput(scene);
  return renderBase({ ...facts, ...other, ...networks, uplink });
};

test.each(['netdev', 'system'] as const)('the tables of the datapath %s are as recorded', (datapath) => {
  const text = base({ datapath });
  expectGolden(`node/golden/ruleset-${datapath}.nft`, text);
  expect([...text.matchAll(/^table (.+) \{$/gm)].map(([, name]) => name)).toEqual(tablesOf(datapath));
});

test('the locks share nothing: the table of addresses reads no mark, and that of marks none of its sets', () => {
  for (const datapath of ['netdev', 'system'] as const) {
    const [, nat = '', guard = ''] = base({ datapath }).split(/^delete table .*$/m);
    expect(guard).toContain('chain leak_guard');
    expect(guard).not.toMatch(/\bmark\b/);
    expect(nat).toContain('chain choose_source');
    expect(nat).not.toMatch(/@(egress_hosted|restricted_pods|pod_sources)/);
  }
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
