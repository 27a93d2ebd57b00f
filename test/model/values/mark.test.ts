import { readFileSync } from 'node:fs';
import { markOf } from '../../../src/model/values/mark.ts';
import { vnid } from '../parsed.ts';

const text = readFileSync(new URL('../../conformance/marks.txt', import.meta.url), 'utf8');
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('0x'))
  .map((line) => line.split(' '));

test.each(rows)('VNID %s has the recorded marks', (id, unset, bit0, bit14) => {
  const marks = [undefined, 0, 14].map(
    (bit) =>
      `0x${markOf(vnid(Number(id)), bit)
        .toString(16)
        .padStart(8, '0')}`,
  );
  expect(marks).toEqual([unset, bit0, bit14]);
});

test('marks are unique and never carry the bits others act on', () => {
  const seen = new Set<number>();
  for (let id = 0; id < 2 ** 24; id += 97) seen.add(markOf(vnid(id), 14));
  expect([...seen].filter((mark) => (mark & 0xc000) !== 0)).toEqual([]);
  expect(seen.size).toBe(Math.ceil(2 ** 24 / 97));
});
