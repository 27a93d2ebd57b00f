/** How nft is asked for lists, with an nft that has a console, echoes in it, or has none. */
import type { Exec } from '../../../src/io/programs/exec.ts';
import { listed } from '../../../src/node/nft/read.ts';

const lists: Readonly<Record<string, string>> = {
  'table ip one': 'table ip one {\n\tset nft { }\n}\n',
  'table ip two': 'table ip two {\n}\n',
};

function nft(has: 'a console' | 'one that echoes' | 'no console') {
  const ran: string[] = [];
  const exec: Exec = (program, args, options) => {
    ran.push([program, ...args].join(' '));
    const isConsole = args.at(-1) === '-i';
    if (isConsole && has === 'no console') return Promise.resolve({ status: 1, stdout: '', stderr: 'Error: none' });
    const asked = isConsole
      ? (options?.input ?? '').split('\n').filter((line) => line !== '')
      : [args.slice(1).join(' ')];
    const answers = asked.map((line) => {
      const answer = lists[line.replace(/^list /, '')] ?? '';
      return has === 'one that echoes' ? `nft> ${line}\n${answer}` : answer;
    });
    const stdout = answers.join('') + (has === 'one that echoes' ? 'nft> ' : '');
    return Promise.resolve({ status: !isConsole && stdout === '' ? 1 : 0, stdout, stderr: '' });
  };
  return { ran, exec };
}

const all = `${lists['table ip one']}${lists['table ip two']}`;
const asked = ['table ip one', 'table ip absent', 'table ip two'];

test.each(['a console', 'one that echoes'] as const)('with %s one program lists all', async (has) => {
  const { ran, exec } = nft(has);
  expect(await listed(exec, ['-s'], asked)).toBe(all);
  expect(ran).toEqual(['nft -s -i']);
});

test('without a console each list has a program of its own', async () => {
  const { ran, exec } = nft('no console');
  expect(await listed(exec, ['-s'], asked)).toBe(all);
  expect(ran).toEqual(['nft -s -i', ...asked.map((list) => `nft -s list ${list}`)]);
});
