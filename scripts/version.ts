/** The version of what is built: the git tag's, else package.json's. */
import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { readFileSync } from 'node:fs';

const options: ExecFileSyncOptionsWithStringEncoding = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };

/** `v1.2.0-3-gabc1234` as a version: what comes after the tag is a build's, which no version is older or newer for. */
export function versionOfTag(described: string): string | undefined {
  const found = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+?)??)(?:-(\d+)-g([0-9a-f]+))?$/.exec(described);
  if (found === null) return undefined;
  const [, version, commits, commit] = found;
  return commits === undefined ? version : `${version}+${commits}.${commit}`;
}

/** The version of this checkout. Without git or a tag, as in a package, it is package.json's. */
export function version(): string {
  const { version: written } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  try {
    const described = execFileSync('git', ['describe', '--tags', '--match', 'v[0-9]*'], options).trim();
    return versionOfTag(described) ?? written;
  } catch {
    return written;
  }
}

/** The commit and its time, in seconds since 1970; of sources without git, nothing and 0. */
export function commit(): { readonly hash: string; readonly time: string } {
  try {
    const [hash = '', time = '0'] = execFileSync('git', ['log', '-1', '--format=%H %ct'], options).trim().split(' ');
    return { hash, time };
  } catch {
    return { hash: '', time: '0' };
  }
}
