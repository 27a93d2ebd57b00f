import { readdirSync, readFileSync } from 'node:fs';

const lines = readFileSync(new URL('tests', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean);
const named = lines.filter((line) => !line.startsWith('#'));

test('every file of test/e2e runs on the kernel datapath, too, or is left out by name with a reason', () => {
  const files = readdirSync(new URL('../e2e', import.meta.url))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => name.replace('.test.ts', ''));
  expect(named.map((line) => line.replace(/^- ([a-z-]+):.*/, '$1')).sort()).toEqual(files.sort());
  for (const line of named.filter((one) => one.startsWith('-'))) expect(line).toMatch(/^- [a-z-]+: .{20,}/);
});
