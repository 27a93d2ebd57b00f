import fc from 'fast-check';
import {
  firstSpoiler,
  type Pool,
  type Share,
  sharesOf,
  spoilerOf,
} from '../../../../../src/migrate/targets/ovn/placement/shares.ts';
import { rounds } from '../../../../rounds.ts';

const anywhere = (): boolean => true;
const pool = (loads: Readonly<Record<string, number>>, mayHave: Pool<string>['mayHave'] = anywhere): Pool<string> => ({
  loads: new Map(Object.entries(loads)),
  mayHave,
});
const share = (node: string, count: number): Share<string> => ({
  node,
  egressIPs: Array.from({ length: count }, (_, index) => `${node}-${index}`),
});

it('orders nodes by how much each is to have, largest first, then by name', () => {
  const expected = new Map([
    ['1', 'b'],
    ['2', 'c'],
    ['3', 'a'],
    ['4', 'c'],
    ['5', 'b'],
    ['6', 'd'],
  ]);
  expect(sharesOf(expected)).toEqual([
    { node: 'b', egressIPs: ['1', '5'] },
    { node: 'c', egressIPs: ['2', '4'] },
    { node: 'a', egressIPs: ['3'] },
    { node: 'd', egressIPs: ['6'] },
  ]);
  expect(sharesOf(new Map())).toEqual([]);
});

describe('another labeled node', () => {
  it('spoils a share if it has no more than the node before its last', () => {
    expect(spoilerOf(share('a', 3), pool({ b: 2 }))).toEqual({ node: 'b', has: 2, needed: 2 });
    expect(spoilerOf(share('a', 3), pool({ b: 3 }))).toBeUndefined();
  });

  it('spoils it also if the node has some already', () => {
    expect(spoilerOf(share('a', 1), pool({ a: 4, b: 4 }))).toEqual({ node: 'b', has: 4, needed: 4 });
    expect(spoilerOf(share('a', 1), pool({ a: 3, b: 4 }))).toBeUndefined();
  });

  it('spoils nothing if it may have none of the egress IPs', () => {
    expect(
      spoilerOf(
        share('a', 2),
        pool({ b: 0 }, () => false),
      ),
    ).toBeUndefined();
    expect(
      spoilerOf(
        share('a', 2),
        pool({ b: 0 }, (_, ip) => ip === 'a-1'),
      )?.node,
    ).toBe('b');
  });

  it('is not the node itself, and spoils nothing that is empty', () => {
    expect(spoilerOf(share('a', 2), pool({ a: 0 }))).toBeUndefined();
    expect(spoilerOf(share('a', 0), pool({ b: 0 }))).toBeUndefined();
  });
});

describe('all shares in order', () => {
  it('have no spoiler if only their own nodes are labeled, one after the other', () => {
    expect(firstSpoiler([share('a', 3), share('b', 2), share('c', 2)], pool({}))).toBeUndefined();
  });

  it('spoil one another if a smaller one comes first', () => {
    expect(firstSpoiler([share('a', 1), share('b', 2)], pool({}))).toEqual({ node: 'a', has: 1, needed: 1 });
  });

  it('add to what a node has already', () => {
    expect(firstSpoiler([share('a', 2), share('b', 4)], pool({ a: 3 }))).toBeUndefined();
    expect(firstSpoiler([share('a', 2), share('b', 4)], pool({ a: 1 }))?.node).toBe('a');
  });

  it('do not change the loads that they are given', () => {
    const given = pool({ z: 9 });
    firstSpoiler([share('a', 2)], given);
    expect([...given.loads]).toEqual([['z', 9]]);
  });

  it('put every egress IP where it is wanted, when each goes to an emptiest labeled node', () => {
    const homes = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
    fc.assert(
      fc.property(homes, (nodes) => {
        const expected = new Map(nodes.map((node, index) => [`ip${index}`, node]));
        const loads = new Map<string, number>();
        for (const { node, egressIPs } of sharesOf(expected)) {
          loads.set(node, 0);
          for (const one of egressIPs) {
            const least = Math.min(...loads.values());
            const emptiest = [...loads].filter(([, load]) => load === least).map(([name]) => name);
            expect({ one, emptiest }).toEqual({ one, emptiest: [node] });
            loads.set(node, least + 1);
          }
        }
      }),
      { numRuns: rounds(1_000) },
    );
  });
});
