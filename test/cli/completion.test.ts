/** Completion in a real shell. */
import { execFileSync } from 'node:child_process';
import { program } from '../program.ts';

const scriptFor = (shell: string): string =>
  execFileSync(process.execPath, [...program, 'completion', shell], {
    encoding: 'utf8',
  });
const script = scriptFor('bash');

/** What bash offers behind these words; the last one is not finished. */
function offered(...words: readonly string[]): readonly string[] {
  const line = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sdn_compat; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const printed = execFileSync('bash', ['-c', `${script}${line}`, 'bash', ...words], { encoding: 'utf8' });
  return printed.split('\n').filter((word) => word !== '');
}

test('commands, subcommands, options and their choices', () => {
  expect(offered('sdn-compat', 'sta')).toEqual(['status']);
  expect(offered('sdn-compat', 'migrate', 'pl')).toEqual(['plan']);
  expect(offered('sdn-compat', 'lab', '')).toEqual(expect.arrayContaining(['up', 'down', 'walkthrough']));
  expect(offered('sdn-compat', 'status', '--pro')).toEqual(['--problems-only']);
  expect(offered('kubectl-sdn_compat', 'status', '-o', 'w')).toEqual(['wide']);
  expect(offered('sdn-compat', 'status', '--output', '')).toEqual(['table', 'wide', 'json', 'yaml', 'name']);
  expect(offered('sdn-compat', 'completion', 'x')).toEqual([]);
});

test('what users do not call is not offered', () => {
  expect(offered('sdn-compat', 'cni')).toEqual([]);
  expect(offered('sdn-compat', 'lab', 'kub')).toEqual([]);
});

test('zsh reads the same by its own words for it, fish has a line for each word', () => {
  expect(scriptFor('zsh').replace(/^.*\n/, '')).toBe(script);
  const lines = scriptFor('fish').split('\n');
  expect(
    lines.filter((line) =>
      line.startsWith('complete -c sdn-compat -n \'test "$(__sdn_compat_path)" = "status"\' -l output '),
    ),
  ).toHaveLength(1);
});
