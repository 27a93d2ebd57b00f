import { type Competition, enumerate, type Wish } from '../../../../../src/migrate/targets/ovn/placement/enumerate.ts';

const wish = (ip: string, classes: readonly number[] = [0], stops = false): Wish => ({ ip, classes, stops });
const nodes = (size: number, capacity = Infinity) => ({ size, capacity });
function outcomes(competition: Partial<Competition>, budget = 10_000) {
  const found = enumerate(
    { classes: [nodes(2)], objects: [], shared: new Set(), order: 'given', ...competition },
    budget,
  );
  return found === undefined
    ? undefined
    : {
        allowed: Object.fromEntries([...found.allowed].map(([ip, places]) => [ip, [...places].sort()])),
        counts: [...found.counts].sort(),
      };
}

describe('what may become of egress IPs', () => {
  it('is nothing if there are none', () => {
    expect(outcomes({})).toEqual({ allowed: {}, counts: [0] });
  });

  it('is each on a node of its own, as long as there are nodes', () => {
    expect(outcomes({ objects: [[wish('a'), wish('b')]] })).toEqual({ allowed: { a: [0], b: [0] }, counts: [2] });
    expect(outcomes({ objects: [[wish('a'), wish('b'), wish('c')]] })).toEqual({
      allowed: { a: [0, null], b: [0, null], c: [0, null] },
      counts: [2],
    });
  });

  it('is one of two classes that are equally empty', () => {
    expect(outcomes({ classes: [nodes(1), nodes(1)], objects: [[wish('a', [0, 1])]] })?.allowed).toEqual({ a: [0, 1] });
  });

  it('is the emptier class', () => {
    const objects = [[wish('a', [0])], [wish('b', [0, 1])]];
    expect(outcomes({ classes: [nodes(1), nodes(1)], objects })?.allowed).toEqual({ a: [0], b: [1] });
  });

  it('is a fuller class where the emptier one does not fit or has no room', () => {
    const objects = [[wish('a', [0])], [wish('b', [0])]];
    expect(outcomes({ classes: [nodes(1), nodes(1)], objects })?.allowed).toEqual({ a: [0], b: [0] });
    const full = [[wish('a', [0])], [wish('b', [1])], [wish('c', [0, 1])]];
    expect(outcomes({ classes: [nodes(1), nodes(1, 1)], objects: full })?.allowed).toMatchObject({ c: [0] });
  });

  it('is none where the capacity is spent', () => {
    const objects = [[wish('a')], [wish('b')], [wish('c')]];
    expect(outcomes({ classes: [nodes(1, 2)], objects })).toEqual({
      allowed: { a: [0], b: [0], c: [null] },
      counts: [2],
    });
    expect(outcomes({ classes: [nodes(1, 0)], objects: [[wish('a')]] })).toEqual({
      allowed: { a: [null] },
      counts: [0],
    });
  });

  it('depends on the order of objects unless that may be any', () => {
    const objects = [[wish('a')], [wish('b')]];
    expect(outcomes({ classes: [nodes(1, 1)], objects })?.allowed).toEqual({ a: [0], b: [null] });
    expect(outcomes({ classes: [nodes(1, 1)], objects, order: 'any' })?.allowed).toEqual({
      a: [0, null],
      b: [0, null],
    });
  });

  it("stops at a node's address: it is never assigned, and what comes after it in the random order is not either", () => {
    const objects = [[wish('a'), wish('node', [], true)]];
    expect(outcomes({ objects })).toEqual({ allowed: { a: [0, null], node: [null] }, counts: [0, 1] });
  });
});

describe('an egress IP that two objects request', () => {
  const shared = new Set(['a']);

  it('is assigned once, by whichever comes first', () => {
    expect(outcomes({ objects: [[wish('a')], [wish('a')]], shared })).toEqual({ allowed: { a: [0] }, counts: [1] });
  });

  it('is left unassigned only if neither assigns it', () => {
    const objects = [[wish('a')], [wish('a')]];
    expect(outcomes({ classes: [nodes(1, 0)], objects, shared })).toEqual({ allowed: { a: [null] }, counts: [0] });
    const later = [[wish('b')], [wish('a')], [wish('a')]];
    expect(outcomes({ classes: [nodes(1, 1)], objects: later, shared })?.allowed).toEqual({ a: [null], b: [0] });
  });

  it('takes no node of the second object, which then has room for another', () => {
    const objects = [[wish('a')], [wish('a'), wish('b'), wish('c')]];
    expect(outcomes({ objects, shared })?.allowed).toMatchObject({ b: [0], c: [0] });
  });
});

describe('the budget', () => {
  const objects = Array.from({ length: 4 }, (_, index) => [wish(`a${index}`, [0, 1]), wish(`b${index}`, [0, 1])]);
  const classes = [nodes(3), nodes(3)];

  it('ends the search, without an answer', () => {
    expect(outcomes({ classes, objects }, 5)).toBeUndefined();
    expect(outcomes({ classes, objects })?.counts).toEqual([8]);
  });

  it('is not even begun if the orders of the objects are more than that', () => {
    const one = Array.from({ length: 3 }, (_, index) => [wish(`a${index}`)]);
    expect(outcomes({ objects: one, order: 'any' }, 11)).toBeUndefined();
    expect(outcomes({ objects: [], order: 'any' }, 0)).toEqual({ allowed: {}, counts: [0] });
  });

  it('does not count the orders of objects that come as given', () => {
    const one = Array.from({ length: 5 }, (_, index) => [wish(`a${index}`)]);
    expect(outcomes({ objects: one }, 20)?.counts).toEqual([5]);
  });

  it('is spent by one for each state', () => {
    expect(outcomes({ objects: [[wish('a')]] }, 2)).toEqual({ allowed: { a: [0] }, counts: [1] });
    expect(outcomes({ objects: [[wish('a')]] }, 1)).toBeUndefined();
  });
});
