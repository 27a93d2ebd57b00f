import { judgeOutage, type Spell, spellsIn } from '../../../src/cli/look/outage.ts';

const ip = '192.0.2.10';
const other = '192.0.2.11';

test('a change is dated from the question where the answer ends, and from the answer where it begins', () => {
  expect(spellsIn(`100.00 100.05 ${ip}; 105.10 106.10 ; 108.00 108.20 ${other};`)).toEqual([
    { from: 100.05, until: 105.1, address: ip },
    { from: 105.1, until: 108.2, address: null },
    { from: 108.2, until: Infinity, address: other },
  ]);
});

test('what is no answer with an address is none, and what is no note is left out', () => {
  expect(spellsIn('1.0 1.1 <html>busy</html>; nonsense; 2.0 2.1 {"ip": "192.0.2.10"}')).toEqual([
    { from: 1, until: 2.1, address: null },
    { from: 2.1, until: Infinity, address: ip },
  ]);
  expect(spellsIn('')).toEqual([]);
});

describe('is judged by the longest time without an answer', () => {
  const witness = { namespace: 'shop', node: 'n2' };
  const spell = (from: number, until: number, address: string | null): Spell => ({ from, until, address });
  const judged = (spells: readonly Spell[], isDropped = false) => {
    const { state, problem, without, address } = judgeOutage(
      { witness, spells },
      { addresses: [ip, other], isDropped, seconds: 20 },
    );
    return [state, without, address, problem];
  };

  test.each([
    ['another address at once', [spell(0, 5, ip), spell(5, Infinity, other)], 'well', 0, null],
    ['after a while', [spell(0, 5, ip), spell(5, 7.26, null), spell(7.26, Infinity, other)], 'well', 2.3, null],
    [
      'not before the node was back',
      [spell(0, 5, ip), spell(5, 26, null), spell(26, Infinity, ip)],
      ...(['wrong', 21, 'nothing left until the node was back'] as const),
    ],
    [
      'never again',
      [spell(0, 5, ip), spell(5, Infinity, null)],
      'wrong',
      null,
      'nothing left any more when the node was back',
    ],
    [
      'with the address of a node',
      [spell(0, 5, ip), spell(5, Infinity, '192.0.2.1')],
      'wrong',
      0,
      'it left with 192.0.2.1',
    ],
    ['not at all', [spell(0, Infinity, null)], 'unknown', null, 'no answer came at any time'],
  ] as const)('%s', (_what, spells, state, without, problem) => {
    const [is, seconds, , said] = judged(spells);
    expect([is, seconds, said]).toEqual([state, without, problem]);
  });

  test('who can have no other address may wait for the node', () => {
    const waits = [spell(0, 5, ip), spell(5, 26, null), spell(26, Infinity, ip)];
    expect(judged(waits, true)).toEqual(['well', 21, ip, null]);
  });

  test('a pod that says nothing proves nothing', () => {
    const result = judgeOutage(
      { witness, spells: { problem: 'it did not start' } },
      { addresses: [ip], isDropped: false, seconds: 20 },
    );
    expect(result).toMatchObject({ state: 'unknown', problem: 'it did not start' });
  });
});
