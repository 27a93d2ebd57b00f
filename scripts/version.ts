/** The version of what is built: the git tag's, else package.json's. */
import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { readFileSync } from 'node:fs';

const options: ExecFileSyncOptionsWithStringEncoding = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };

/** git's answer; nothing without git, and for sources that somebody unpacked in a checkout of something else. */
function git(...args: readonly string[]): string | undefined {
  try {
    if (execFileSync('git', ['rev-parse', '--show-prefix'], options).trim() !== '') return undefined;
    return execFileSync('git', args, options).trim();
  } catch {
    return undefined;
  }
}

/**
 * `v1.2.0-3-gabc1234-dirty` as a version: what comes after the tag is a build's, which no version is older or newer for.
 */
export function versionOfTag(described: string): string | undefined {
  const found = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+?)??)(?:-(\d+)-g([0-9a-f]+))?(-dirty)?$/.exec(described);
  if (found === null) return undefined;
  const [, version = '', commits, commit, dirty] = found;
  const build = [commits, commit, dirty?.slice(1)].filter((part) => part !== undefined).join('.');
  return build === '' ? version : `${version}+${build}`;
}

/** The version of this checkout. Without git or a tag, as in a package, it is package.json's. */
export function version(): string {
  const { version: written } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const described = git('describe', '--tags', '--dirty', '--match', 'v[0-9]*.[0-9]*.[0-9]*');
  return (described === undefined ? undefined : versionOfTag(described)) ?? written;
}

/** The commit, marked if files of it were changed since, and its time in seconds since 1970; else nothing and 0. */
export function commit(): { readonly hash: string; readonly time: string } {
  const [hash = '', time = '0'] = git('log', '-1', '--format=%H %ct')?.split(' ') ?? [];
  const isChanged = git('status', '--porcelain', '--untracked-files=no') ?? '';
  return { hash: isChanged === '' ? hash : `${hash}-dirty`, time };
}
