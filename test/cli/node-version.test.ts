import { readFileSync } from 'node:fs';
import { nodeProblem } from '../../src/cli/node-version.ts';

test('a Node.js that is too old is named, with what to do', () => {
  expect(nodeProblem('20.20.2')).toMatch(/^Node\.js 22\.19 or later is needed and this is 20\.20\.2; /);
  expect(nodeProblem('22.18.9')).toBeDefined();
});

test('from the version that package.json names on, none is refused', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
  expect(nodeProblem(engines.node.replace('>=', ''))).toBeUndefined();
  for (const version of ['22.19.0', '22.20.1', '23.0.0', '24.9.0', '100.0.0'])
    expect(nodeProblem(version)).toBeUndefined();
});
