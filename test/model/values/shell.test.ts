/** Words of a shell: what it reads is what was written. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { quoted } from '../../../src/model/values/shell.ts';
import { rounds } from '../../rounds.ts';

describe('a word of a shell', () => {
  it.each(['plan', '/srv/plans/a-b_c.1', 'me@host:plan'])('is left as it is if it is plain: %s', (word) => {
    expect(quoted(word)).toBe(word);
  });

  it.each([
    ['', "''"],
    ['a b', "'a b'"],
    ['$HOME', "'$HOME'"],
  ])('is quoted otherwise: "%s"', (word, expected) => {
    expect(quoted(word)).toBe(expected);
  });

  it('is what the shell reads, whatever it is', () => {
    const words = fc.sample(
      fc.string().filter((text) => !text.includes('\0')),
      { numRuns: rounds(1_000), seed: 1 },
    );
    const read = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(quoted).join(' ')}`], { encoding: 'utf8' });
    expect(read.split('\0').slice(0, -1)).toEqual(words);
  });
});
