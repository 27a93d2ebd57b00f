/** The nft tables as text, on both datapaths, and the routes of the guard behind them. */
import { guardRouteLines } from '../../../src/node/links/guard.ts';
import { renderBase, tablesOf } from '../../../src/node/nft/ruleset.ts';
import { expectGolden } from '../../golden.ts';
import { cidr, ip, nodeInput, type Scene } from '../states.ts';

const base = (scene: Scene, bits: { readonly masqueradeBit?: number | undefined } = {}) => {
  const { facts, networks, uplink } = nodeInput(scene);
  return renderBase({ ...facts, ...bits, ...networks, uplink });
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

test('without a masquerade bit no packet is let by for it', () => {
  expect(base({}, { masqueradeBit: undefined })).not.toMatch(/0x4000\b/);
  expect(base({})).toContain('meta mark & 0x4000 != 0 accept');
});

const networks = { ...nodeInput({}).networks, cluster: [cidr('10.254.0.0/16')] };
const nodes = ['192.168.7.11', '192.168.7.12'].map(ip);
const all = [
  'throw 10.254.0.0/16',
  'throw 172.30.0.0/16',
  'throw 192.168.7.11',
  'throw 192.168.7.12',
  'unreachable default',
];
const shown = (routes: readonly string[]): string =>
  JSON.stringify(routes.map((route) => ({ type: route.split(' ')[0], dst: route.split(' ')[1] })));

test("the guard lets by pods, Services and each node, and nobody else of the nodes' network", () => {
  expect(guardRouteLines('', networks, nodes)).toEqual(
    all.map((route) => `route replace ${route} table 10490 proto 157`),
  );
});

test('routes that are there are not written, and those of a removed network or node go', () => {
  expect(guardRouteLines(shown(all), networks, nodes)).toEqual([]);
  expect(guardRouteLines(shown([...all, 'throw 192.168.7.0/24', 'throw 192.168.7.13']), networks, nodes)).toEqual([
    'route del throw 192.168.7.0/24 table 10490 proto 157',
    'route del throw 192.168.7.13 table 10490 proto 157',
  ]);
  expect(guardRouteLines(shown(all.slice(1)), networks, nodes)).toEqual([
    'route replace throw 10.254.0.0/16 table 10490 proto 157',
  ]);
});
