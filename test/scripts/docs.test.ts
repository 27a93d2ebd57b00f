/** What the documents name is there: files that they link to, commands and options that they tell people to type. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { wholeCommand } from '../../src/cli/main.ts';

const root = join(import.meta.dirname, '../..');
const documents = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const program = await wholeCommand();

/** What is in code blocks and code spans, a command a line; lines that end with a backslash go on. */
function commandsIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^ *```[a-z]*\n([\s\S]*?)^ *```/gm)].map(([, block = '']) => block);
  const spans = [...text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
  const lines = blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, ' ').split('\n'));
  return [...lines, ...spans.map((span) => span.replaceAll(/\s+/g, ' '))].flatMap((line) => {
    const found = /(?:^|&& |npx |bin\/)sdn-compat ([a-z][^#|;&>]*)/.exec(line.replace(/^\$ /, ''));
    return found === null ? [] : [found[1]!.trim()];
  });
}

/** What is wrong with the command, by our own parser's lists; undefined if nothing is. */
function wrongIn(line: string): string | undefined {
  const words = line.split(/\s+/);
  let command: Command = program;
  while (command.commands.length > 0) {
    const [word = ''] = words;
    if (word === '' || !/^[a-z][a-z-]*$/.test(word)) return undefined;
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) return `${command.name()} has no command ${word}`;
    command = next;
    words.shift();
  }
  const end = words.indexOf('--');
  const flags = (end < 0 ? words : words.slice(0, end)).flatMap((word) => /^--[a-z-]+/.exec(word)?.[0] ?? []);
  const known = new Set([
    '--help',
    '--version',
    ...command.options.flatMap(({ long }) => (long === undefined ? [] : [long])),
  ]);
  const unknown = flags.filter((flag) => !known.has(flag));
  return unknown.length === 0 ? undefined : `${command.name()} has no option ${unknown.join(', ')}`;
}

test.each(documents)('%s names commands and options that exist', (path) => {
  const text = readFileSync(join(root, path), 'utf8');
  const wrong = commandsIn(text).flatMap((line) => {
    const why = wrongIn(line);
    return why === undefined ? [] : [`${line}: ${why}`];
  });
  expect(wrong).toEqual([]);
});

test.each(documents)('%s links to files that are there', (path) => {
  const text = readFileSync(join(root, path), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
  const missing = links.filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(path), link)));
  expect(missing).toEqual([]);
});

test('a wrong command or option is found', () => {
  const text =
    'Run `sdn-compat simulat`, then\n\n```\nsdn-compat node --chekc   # look\nsdn-compat lab down \\\n  --nam x\n```\n';
  expect(commandsIn(text).map(wrongIn)).toEqual([
    'node has no option --chekc',
    'down has no option --nam',
    'sdn-compat has no command simulat',
  ]);
});
