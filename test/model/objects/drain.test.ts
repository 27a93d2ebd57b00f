import { joinedDrain, parseDrain, readDrain } from '../../../src/model/objects/drain.ts';

test.each([
  ['10m', 600_000],
  ['1s', 1_000],
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['24h', 86_400_000],
] as const)('%s is so many milliseconds', (text, milliseconds) => {
  expect(parseDrain(text)).toEqual({ ok: true, value: milliseconds });
});

test.each(['', '10', 'm', '0s', '25h', '1.5h', '-1m', '10 m', '1d'])('"%s" is refused', (text) => {
  expect(parseDrain(text).ok).toBe(false);
});

test('what cannot be read counts as absent', () => {
  const annotation = 'egress.sdn-compat.io/drain';
  expect(readDrain({})).toEqual({ drain: undefined, problems: [] });
  expect(readDrain({ [annotation]: 'soon' })).toMatchObject({
    ...{ drain: undefined, problems: [{ annotation, value: 'soon' }] },
  });
});

test('namespaces that share a VNID have the shortest, if each has one', () => {
  expect(joinedDrain([])).toBeUndefined();
  expect(joinedDrain([{ drain: 2 }, { drain: 1 }])).toBe(1);
  expect(joinedDrain([{ drain: 2 }, {}])).toBeUndefined();
});
