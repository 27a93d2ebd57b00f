/** Builds the image of config/Containerfile with the builder that is there, and lists what is in it (CycloneDX). */
import { execFileSync, spawnSync, type SpawnSyncOptionsWithStringEncoding } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Command, Option } from 'commander';
import { readList } from './packages.ts';
import { debianPackages, writeSbom } from './sbom.ts';
import { commit, version } from './version.ts';

const builders = ['buildah', 'podman', 'docker'] as const;
type Builder = (typeof builders)[number];

const options = new Command('image')
  .description('build the image of config/Containerfile and write dist/image/sbom.json')
  .option('--tag <name>', 'name of the image', `sdn-compat:${version().replace('+', '-')}`)
  .option('--base <image>', 'image of Debian 12 to build on')
  .option('--node <image>', 'image to take Node.js from, at /usr/local/bin/node')
  .addOption(new Option('--builder <program>', 'default: the first that is there').choices(builders))
  .parse()
  .opts<{ tag: string; base?: string; node?: string; builder?: Builder }>();

function fail(why: string): never {
  console.error(`image: ${why}`);
  process.exit(1);
}

const succeeds = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

const isThere = (program: string): boolean => succeeds(program, '--version');

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const how: SpawnSyncOptionsWithStringEncoding = {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  };
  const { status, stdout, error } = spawnSync(program, args, how);
  if (error !== undefined) fail(`${program}: ${error.message}`);
  if (status !== 0) fail(`${program} ${args[0] ?? ''} ended with ${status ?? 'a signal'}`);
  return stdout;
}

/** Ends in one line where the builder cannot work. */
function checkBuilder(builder: Builder): void {
  if (!isThere(builder)) fail(`${builder} is not installed: install it, or choose another --builder`);
  if (builder === 'docker' && !succeeds('docker', 'version'))
    fail("docker's daemon does not answer: start it, or choose another --builder");
}

/** The working containers of buildah. */
const workingContainers = (): string[] =>
  spawnSync('buildah', ['containers', '--all', '--quiet'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);

/**
 * Builds, and removes what a build of buildah that failed leaves: its `--force-rm` would remove the bases, too. While
 * another build runs, nobody can tell whose a container is, and it is left.
 */
function buildWith(builder: Builder, args: readonly string[], env: NodeJS.ProcessEnv): void {
  if (builder !== 'buildah') return void run(builder, args, env);
  const before = new Set(workingContainers());
  process.once('exit', (code) => {
    const left = code === 0 ? [] : workingContainers().filter((id) => !before.has(id));
    const isAlone = spawnSync('pgrep', ['-x', 'buildah|podman']).status === 1;
    if (left.length > 0 && isAlone) succeeds('buildah', 'rm', ...left);
  });
  run(builder, args, env);
}

/** A file of the image; nothing of the image is started but a program that prints it. */
function read(builder: Builder, image: string, path: string): string {
  const container = run(builder, builder === 'buildah' ? ['from', image] : ['create', image]).trim();
  try {
    if (builder === 'buildah') return run(builder, ['run', container, '--', 'cat', path]);
    const tar = spawnSync(builder, ['cp', `${container}:${path}`, '-']).stdout;
    return execFileSync('tar', ['-xO'], { input: tar, encoding: 'utf8' });
  } finally {
    run(builder, ['rm', container]);
  }
}

const builder =
  options.builder ?? builders.find(isThere) ?? fail(`none of ${builders.join(', ')} is there: install one of them`);
checkBuilder(builder);
const { hash, time } = commit();
const args = Object.entries({ BASE: options.base, NODE: options.node, VERSION: version(), REVISION: hash }).flatMap(
  ([name, value]) => (value === undefined ? [] : ['--build-arg', `${name}=${value}`]),
);
// the same input gives the same image: no step is taken from an earlier build, and all files bear the commit's time
const same = {
  // docker's builder of before buildx attaches no provenance
  docker: succeeds('docker', 'buildx', 'version') ? ['--provenance=false'] : ['--force-rm'],
  others: ['--layers=false', '--timestamp', time],
}[builder === 'docker' ? 'docker' : 'others'];
const build = builder === 'buildah' ? 'bud' : 'build';
buildWith(
  builder,
  [build, '--quiet', '--no-cache', ...same, ...args, '--file', 'config/Containerfile', '--tag', options.tag, '.'],
  {
    SOURCE_DATE_EPOCH: time,
  },
);
const debian = debianPackages(read(builder, options.tag, '/opt/sdn-compat/debian-packages'));
const node = read(builder, options.tag, '/opt/sdn-compat/node-version').trim().replace('v', '');
mkdirSync('dist/image', { recursive: true });
writeSbom('dist/image/sbom.json', version(), { packages: readList(), node, debian });
const inspect = ['inspect', '--format', builder === 'buildah' ? '{{.FromImageID}}' : '{{.Id}}', options.tag];
if (builder === 'buildah') inspect.splice(1, 0, '--type', 'image');
console.log(`${options.tag} ${run(builder, inspect).trim()}`);
