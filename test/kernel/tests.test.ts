import { readdirSync, readFileSync } from 'node:fs';

const lines = readFileSync(new URL('tests', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean);
const named = lines.filter((line) => !line.startsWith('#') && !line.includes(' › '));
const e2e = new URL('../e2e/', import.meta.url);
const names = readdirSync(e2e).flatMap((file) => /^(.*)\.test\.ts$/.exec(file)?.[1] ?? []);

test('every file of test/e2e runs on the kernel datapath, too, or is left out by name', () => {
  expect(named.map((line) => line.replace(/^- ([a-z-]+):.*/, '$1')).sort()).toEqual(names.sort());
});

test('every test of the userspace datapath or of a running clock alone is left out by name', () => {
  const titles = names.flatMap((name) => {
    const text = readFileSync(new URL(`${name}.test.ts`, e2e), 'utf8');
    return [...text.matchAll(/(?:userspace|runningClock)Test\(\s*(['"])(.*?)\1/g)].map(
      ([, , title]) => `- ${name} › ${title!}`,
    );
  });
  const left = lines.filter((line) => line.includes(' › ')).map((line) => line.replace(/: .*/, ''));
  expect(left.sort()).toEqual(titles.sort());
});

test('what is left out says why', () => {
  const left = lines.filter((line) => line.startsWith('-'));
  expect(left.length).toBeGreaterThan(0);
  for (const line of left) expect(line).toMatch(/: .{20,}$/);
});
