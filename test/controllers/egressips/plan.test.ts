import { hostSubnetWrites, withoutPrefixes } from '../../../src/controllers/egressips/plan.ts';
import type { HostSubnetObject } from '../../../src/model/objects/raw.ts';
import type { Ip } from '../../../src/model/values/address.ts';
import { isNodeName, type NodeName } from '../../../src/model/values/names.ts';
import { ip, rawHostSubnet } from '../../model/parsed.ts';

const node = (name: string): NodeName => {
  if (!isNodeName(name)) throw new Error('empty');
  return name;
};

interface Decided {
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  readonly changed?: readonly string[];
  readonly released?: readonly string[];
}

/** What is written to HostSubnets that list these, when a round decided that: `NODE: IPS`, in order. */
function writes(present: Readonly<Record<string, readonly string[]>>, round: Decided): readonly string[] {
  const objects = new Map<string, HostSubnetObject>();
  for (const [name, egressIPs] of Object.entries(present))
    objects.set(name, rawHostSubnet(name, { egressIPs: [...egressIPs] }));
  const lists = new Map<NodeName, readonly Ip[]>();
  for (const [name, ips] of Object.entries(round.lists ?? {})) lists.set(node(name), ips.map(ip));
  const { changed = [], released = [] } = round;
  const found = hostSubnetWrites({ lists, changed: changed.map(node), released }, objects);
  for (const { object } of found) expect(object).toBe(objects.get(object.metadata.name!));
  return found.map(({ object, egressIPs }) => `${object.metadata.name}: ${egressIPs.join()}`);
}

test('what a round changed is written, by name of node, and nothing else', () => {
  const lists = { b: ['10.0.0.1'], a: ['10.0.0.2', '10.0.0.3'], c: ['10.0.0.4'] };
  expect(writes({ c: ['10.0.0.4'], b: [], a: [] }, { lists, changed: ['b', 'a'] })).toEqual([
    'a: 10.0.0.2,10.0.0.3',
    'b: 10.0.0.1',
  ]);
  expect(writes({ a: ['10.0.0.1'] }, { lists: { a: ['10.0.0.1'] } })).toEqual([]);
});

test('the egressIPs of a HostSubnet that counts as absent are emptied', () => {
  expect(writes({ a: ['10.0.0.1'], b: ['10.0.0.2/24'] }, { released: ['a', 'b'] })).toEqual(['a: ', 'b: ']);
});

test('a HostSubnet that is gone meanwhile is not written', () => {
  expect(writes({}, { lists: { a: ['10.0.0.1'] }, changed: ['a'], released: ['b'] })).toEqual([]);
});

test('prefixes are taken off where an admin wrote them; where the controller has the list, its own is written', () => {
  expect(writes({ a: ['10.0.0.1/24', '10.0.0.2'] }, {})).toEqual(['a: 10.0.0.1,10.0.0.2']);
  expect(writes({ a: ['10.0.0.1/24'] }, { lists: { a: ['10.0.0.9'] } })).toEqual(['a: 10.0.0.9']);
  expect(writes({ a: ['10.0.0.1/24'] }, { lists: { a: ['10.0.0.9'] }, changed: ['a'] })).toEqual(['a: 10.0.0.9']);
});

test('of two items that are one address without the prefix one stays', () => {
  expect(withoutPrefixes(['10.0.0.1/24', '10.0.0.1', '10.0.0.2/32'])).toEqual(['10.0.0.1', '10.0.0.2']);
  for (const bare of [['10.0.0.1', '10.0.0.1'], [], null, undefined]) expect(withoutPrefixes(bare)).toBeUndefined();
});
