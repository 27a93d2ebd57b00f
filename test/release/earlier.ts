/** An earlier version of the program, built from this repository's history. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../e2e/lab.ts';

const root = join(import.meta.dirname, '../..');
const git = (...args: readonly string[]): Promise<string> => must('git', ['-C', root, ...args]);

/** What to upgrade from: SDN_COMPAT_UPGRADE_FROM, else the last release before this, else the hundredth commit back. */
async function earlierCommit(): Promise<string> {
  const asked = process.env['SDN_COMPAT_UPGRADE_FROM'];
  if (asked !== undefined) return git('rev-parse', '--verify', `${asked}^{commit}`);
  const tags = await git('tag', '--merged', 'HEAD~1', '--list', 'v*', '--sort=-v:refname');
  const [newest] = tags.split('\n');
  if (newest !== undefined && newest !== '') return git('rev-parse', `${newest}^{commit}`);
  return git('rev-parse', 'HEAD~100');
}

/** Builds it in a temporary folder; returns the folder and the commit. */
export async function buildEarlier(): Promise<{ readonly folder: string; readonly commit: string }> {
  const commit = await earlierCommit();
  const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-earlier-'));
  const archive = join(folder, 'source.tar');
  await git('archive', '--output', archive, commit);
  await must('tar', ['-xf', archive, '-C', folder]);
  await must('npm', ['--prefix', folder, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  await must('npm', ['--prefix', folder, 'run', '--silent', 'build']);
  return { folder, commit };
}
