/** What Debian has: the mirror that this machine uses, and packages of a later Debian than this machine's. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../e2e/lab.ts';

const tools = join(import.meta.dirname, '../../.tools');
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The address of the mirror that this machine's apt takes its packages from. */
export async function mirrorOfDebian(): Promise<string> {
  const sources = await must('apt-get', ['indextargets', '--format', '$(SITE)', 'Codename: bookworm']);
  return sources.split('\n').find((site) => site.endsWith('/debian')) ?? '';
}

/** The first release with a libcni that knows STATUS and GC. */
const later = 'forky';
const laterPackages = ['golang-github-appc-cni-dev', 'containernetworking-plugins'];

/**
 * A folder with libcni, the standard plugins and Go of a later Debian, which run here too. It is kept below .tools; apt
 * checks the signatures, with folders of its own, so that this machine stays what it is.
 */
export async function laterDebian(): Promise<string> {
  const system = join(tools, `debian-${later}`);
  if (existsSync(system)) return system;
  const apt = join(tools, `apt-${later}`);
  rmSync(apt, { recursive: true, force: true });
  for (const folder of ['lists/partial', 'cache/archives/partial', 'system'])
    mkdirSync(join(apt, folder), { recursive: true });
  writeFileSync(join(apt, 'sources'), `deb [signed-by=${keyring}] ${await mirrorOfDebian()} ${later} main\n`);
  const settings = {
    'Dir::Etc::sourcelist': join(apt, 'sources'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::Cache': join(apt, 'cache'),
    'Acquire::Languages': 'none',
  };
  const options = Object.entries(settings).map(([name, value]) => `--option=${name}=${value}`);
  await must('apt-get', ['-qq', ...options, 'update']);
  // Go's own name is that of its version
  const depends = await must('apt-cache', [...options, 'depends', '--important', 'golang-go', 'golang-src']);
  const go = [...new Set(depends.match(/golang-[\d.]+-(go|src)/g))];
  await must('env', [`--chdir=${apt}`, 'apt-get', '-qq', ...options, 'download', ...laterPackages, ...go]);
  for (const file of readdirSync(apt).filter((name) => name.endsWith('.deb')))
    await must('dpkg-deb', ['--extract', join(apt, file), join(apt, 'system')]);
  renameSync(join(apt, 'system'), system);
  rmSync(apt, { recursive: true });
  return system;
}

/** What `go` of a folder of laterDebian needs to build with its packages. */
export function laterGo(system: string): { readonly go: string; readonly env: Record<string, string> } {
  const lib = join(system, 'usr/lib');
  const root = readdirSync(lib).find((name) => name.startsWith('go-')) ?? '';
  const env = { GOROOT: join(lib, root), GOTOOLCHAIN: 'local', GOPATH: join(system, 'usr/share/gocode') };
  return { go: join(lib, root, 'bin/go'), env };
}
