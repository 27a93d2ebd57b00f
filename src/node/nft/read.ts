/** What nft lists, by one program for several lists: starting one costs more than what it does. */
import type { Exec, RunOptions } from '../../io/programs/exec.ts';

/** Where nft keeps no history of the lines in its console. */
export const noHome = { HOME: '/nonexistent' };

/**
 * What nft prints for these lists (`table ip NAME`, …), one after another, with these flags; nothing for what is not
 * there. An nft without a console lists each with a program of its own.
 */
export async function listed(
  exec: Exec,
  flags: readonly string[],
  lists: readonly string[],
  options: Pick<RunOptions, 'timeout'> = {},
): Promise<string> {
  const input = lists.map((list) => `list ${list}\n`).join('');
  const all = await exec('nft', [...flags, '-i'], { ...options, input, env: noHome });
  // some consoles echo what they are asked
  if (all.status === 0) return all.stdout.replace(/^nft> .*\n?/gm, '');
  const each = await Promise.all(lists.map((list) => exec('nft', [...flags, 'list', ...list.split(' ')], options)));
  return each.map(({ status, stdout }) => (status === 0 ? stdout : '')).join('');
}
