/** Which EgressIP serves a namespace that several select. */
import { type Candidate, served, type Serving } from '../../../src/lab/ovn/serving.ts';

const one = (name: string, hasAddress = true): Candidate => ({ name, hasAddress, namespaces: ['shop'] });
const none: Serving = new Map();

test('the first with an address serves, the others stand by', () => {
  const { serving, standby } = served(none, [one('a', false), one('b'), one('c')]);
  expect([[...serving], [...standby]]).toEqual([[['shop', 'b']], [['shop', ['c']]]]);
});

test('who serves goes on, though another comes before it', () => {
  const before = served(none, [one('b')]).serving;
  expect(served(before, [one('a'), one('b')]).serving.get('shop')).toBe('b');
});

test('without its address another takes over, and keeps the namespace', () => {
  let { serving } = served(none, [one('a'), one('b')]);
  ({ serving } = served(serving, [one('a', false), one('b')]));
  ({ serving } = served(serving, [one('a'), one('b')]));
  expect(serving.get('shop')).toBe('b');
});

test('nobody with an address serves nobody', () => {
  const { serving, standby } = served(new Map([['shop', 'a']]), [one('a', false)]);
  expect([serving.size, standby.size]).toEqual([0, 0]);
});
