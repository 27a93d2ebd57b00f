import {
  joinedPlacement,
  placementAnnotations,
  readPlacement,
  selectorsText,
  selects,
} from '../../../src/model/objects/placement.ts';
import { netNamespace } from '../parsed.ts';

const { nodeSelector, noFailback } = placementAnnotations;

test.each([
  ['zone=a,disk in (ssd, nvme)', { zone: 'a', disk: 'nvme' }, true],
  ['zone=a,disk in (ssd, nvme)', { zone: 'a' }, false],
  ['zone==a', { zone: 'a' }, true],
  ['zone!=a', {}, true],
  ['zone notin (a,b)', { zone: 'b' }, false],
  ['example.com/egress', { 'example.com/egress': '' }, true],
  ['example.com/egress=', { 'example.com/egress': '' }, true],
  ['!zone', { zone: 'a' }, false],
  ['constructor', {}, false],
])('%s selects %j: %s', (text, labels, expected) => {
  const placement = joinedPlacement([netNamespace('shop', 42, [], { [nodeSelector]: text })]);
  expect(selects(placement!, labels)).toBe(expected);
});

test.each(['', ' ', ',', 'zone=a,', 'zone in a', 'zone in (a', 'zone = a b', 'a>5', 'zone=-'])(
  'as a selector of nodes %j cannot be read',
  (text) => {
    const placement = readPlacement({ [nodeSelector]: text });
    expect(placement?.nodeSelector).toBe('unreadable');
    expect(placement?.problems).toMatchObject([{ annotation: nodeSelector, value: text }]);
  },
);

test('no-failback is true or false; what cannot be read counts as true', () => {
  const read = (text: string) => readPlacement({ [noFailback]: text });
  expect(['true', 'false', 'yes', ''].map((text) => [read(text)?.stays, read(text)?.problems.length])).toEqual([
    [true, 0],
    [false, 0],
    [true, 1],
    [true, 1],
  ]);
  expect(readPlacement({ 'egress.sdn-compat.io/destinations': '10.0.0.0/8' })).toBeUndefined();
  expect(readPlacement()).toBeUndefined();
});

test('of namespaces that share a VNID all that any of them says holds', () => {
  const one = netNamespace('a', 42, [], { [nodeSelector]: 'zone=a' });
  const other = netNamespace('b', 42, [], { [nodeSelector]: 'disk=ssd', [noFailback]: 'true' });
  const silent = netNamespace('c', 42);
  const joined = joinedPlacement([one, silent, other])!;
  expect(joined.stays).toBe(true);
  expect(selectorsText(joined)).toBe('disk=ssd and zone=a');
  expect([{ zone: 'a' }, { zone: 'a', disk: 'ssd' }].map((labels) => selects(joined, labels))).toEqual([false, true]);
  expect(joinedPlacement([silent])).toBeUndefined();
  const unreadable = joinedPlacement([one, netNamespace('d', 42, [], { [nodeSelector]: '=' })])!;
  expect(selects(unreadable, { zone: 'a' })).toBeUndefined();
  expect(selects(joined, undefined)).toBeUndefined();
  expect(selects(joinedPlacement([netNamespace('e', 42, [], { [noFailback]: 'true' })])!, undefined)).toBe(true);
});
