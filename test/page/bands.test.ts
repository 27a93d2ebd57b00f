import { type Band, layoutOf, linesIn, noFilter, sizes, toneOf } from '../../src/page/bands.ts';
import { frame, node, row } from './states.ts';

const offline = { health: 'offline' } as const;
const state = {
  frame: frame(),
  rows: [
    row({ egressIP: '192.0.2.1', namespaces: ['shop'], node: 'a' }),
    row({ egressIP: '192.0.2.2', namespaces: ['crm'], node: 'a', inUse: false, reason: 'NotOnNode: not yet' }),
    row({ egressIP: '192.0.2.3', namespaces: ['erp'], node: 'c', inUse: false, traffic: 'dropped' }),
    row({ egressIP: '192.0.2.4', namespaces: ['new'], node: null, inUse: false, traffic: 'dropped' }),
    row({ egressIP: '192.0.2.5', namespaces: [], vnid: null, node: null, inUse: false, traffic: 'unused' }),
    row({ egressIP: '192.0.2.6', namespaces: ['pay'], node: 'b' }),
    row({ egressIP: '192.0.2.7', namespaces: ['lost'], node: 'gone', inUse: null }),
  ],
  nodes: [node('a'), node('b'), node('c', offline), node('d'), node('e', offline)],
};

const names = (bands: readonly Band[]): readonly string[] => bands.map(({ kind, name }) => `${kind} ${name}`.trim());

test('what is wrong comes first: no node, nodes with problems, nodes that are well, what nobody requests', () => {
  const { bands, idle } = layoutOf(state, noFilter);
  expect(names(bands)).toEqual(['nowhere', 'node a', 'node c', 'node gone', 'node b', 'unused']);
  expect(bands[1]?.rows.map(({ egressIP }) => egressIP)).toEqual(['192.0.2.2', '192.0.2.1']);
  expect(idle.map((one) => one.node)).toEqual(['d', 'e']);
});

test('bands lie below each other, and only the lines in a window count', () => {
  const { bands, height } = layoutOf(state, noFilter);
  let top = 0;
  for (const band of bands) {
    expect([band.top, band.height]).toEqual([top, sizes.head + band.rows.length * sizes.line]);
    top += band.height + sizes.gap;
  }
  expect(height).toBe(top - sizes.gap);
  const rows = Array.from({ length: 1000 }, (_, index) => row({ vnid: index }));
  const [band] = layoutOf({ ...state, rows }, noFilter).bands;
  expect(linesIn(band!, 0, 100)).toEqual([0, 2]);
  expect(linesIn(band!, sizes.head + 10 * sizes.line, sizes.head + 12 * sizes.line)).toEqual([10, 12]);
  expect(linesIn(band!, -500, -100)).toEqual([0, 0]);
  expect(linesIn(band!, 1e6, 2e6)).toEqual([1000, 1000]);
});

test.each([
  ['a namespace', { text: ' SHOP ' }, ['node a'], []],
  ['an address', { text: '192.0.2.6' }, ['node b'], []],
  ['a reason', { text: 'notonnode' }, ['node a'], []],
  ['a node', { node: 'b' }, ['node b'], []],
  ['a node without egress IPs', { node: 'd' }, [], ['d']],
  ['problems', { problemsOnly: true }, ['nowhere', 'node a', 'node c', 'node gone'], ['e']],
])('it finds %s', (_, filter, bands, idle) => {
  const found = layoutOf(state, { ...noFilter, ...filter });
  expect(names(found.bands)).toEqual(bands);
  expect(found.idle.map((one) => one.node)).toEqual(idle);
});

test('what is not known looks neither good nor bad', () => {
  expect(toneOf(row({ inUse: null }))).toBe('unsure');
  expect(toneOf(row({ inUse: false }))).toBe('bad');
  expect(toneOf(row({ namespaces: [] }))).toBe('quiet');
});
