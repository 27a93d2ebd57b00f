/**
 * Makes the program a single executable for each architecture: Node.js with the command in it, so that it runs where
 * neither is installed. See Node's documentation of single executable applications.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { bundleSingle } from './bundles.ts';
import { readList } from './packages.ts';
import { writeSbom } from './sbom.ts';
import { version } from './version.ts';

const target = 'dist/binary';
/** Where they are made: only what is whole comes to the target, also when two of us run. */
const folder = `${target}-${String(process.pid)}`;
const architectures = ['x64', 'arm64'];
/** The mark in Node's executable that postject turns when it has put the program in. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** What the executables hold, whatever runs this script: a version that npm has for both processors. */
const nodeVersion = '24.22.3';

/** npm's package of that Node.js for a processor, unpacked; undefined when npm does not have it. */
function nodeFor(arch: string): string | undefined {
  const name = `node-linux-${arch}-${nodeVersion}`;
  const [kept, fresh] = [join('.tools/binary', name, 'package'), join(folder, name)];
  if (existsSync(join(kept, 'bin/node'))) return kept;
  mkdirSync(fresh, { recursive: true });
  const pack = ['pack', '--silent', '--pack-destination', fresh, `node-linux-${arch}@${nodeVersion}`];
  const { status, stdout } = spawnSync('npm', pack, { encoding: 'utf8' });
  if (status !== 0) return undefined;
  execFileSync('tar', ['-xzf', join(fresh, stdout.trim()), '-C', fresh]);
  // only what is whole is kept: who is interrupted before leaves nothing there
  mkdirSync(dirname(kept), { recursive: true });
  if (!existsSync(join(kept, 'bin/node'))) {
    rmSync(kept, { recursive: true, force: true });
    renameSync(join(fresh, 'package'), kept);
  }
  rmSync(fresh, { recursive: true });
  return kept;
}

/**
 * The file with the program as Node.js takes it. Code that V8 compiled is for one processor: only our own can have it,
 * and starts faster by it.
 */
function blobFor(arch: string): string {
  const maker = nodeFor(process.arch);
  if (maker === undefined) throw new Error(`npm has no Node.js ${nodeVersion} for this machine, linux-${process.arch}`);
  const output = join(folder, `${arch}.blob`);
  const config = join(folder, `${arch}.json`);
  const settings = {
    main: join(folder, 'sdn-compat.js'),
    output,
    disableExperimentalSEAWarning: true,
    useCodeCache: arch === process.arch,
  };
  writeFileSync(config, JSON.stringify(settings));
  execFileSync(join(maker, 'bin/node'), ['--experimental-sea-config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  rmSync(config);
  return output;
}

/** Puts the blob into the executable. postject warns of notes in Node's that it knows nothing of: heard when it fails. */
function inject(file: string, blob: string): void {
  const args = [
    fileURLToPath(import.meta.resolve('postject/dist/cli.js')),
    file,
    'NODE_SEA_BLOB',
    blob,
    '--sentinel-fuse',
    fuse,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`postject ended with ${status ?? 'a signal'}: ${stdout}${stderr}`);
}

/** The executable's file; undefined when there is no Node.js for that architecture. */
function executable(arch: string): string | undefined {
  const node = nodeFor(arch);
  if (node === undefined) return undefined;
  const file = join(folder, `sdn-compat-${version()}-linux-${arch}`);
  const blob = blobFor(arch);
  copyFileSync(join(node, 'bin/node'), file);
  chmodSync(file, 0o755);
  inject(file, blob);
  rmSync(blob);
  copyFileSync(join(node, 'LICENSE'), join(folder, 'LICENSE-node.txt'));
  return file;
}

/** Why nothing could be made, in a line. */
function fail(error: unknown): never {
  console.error(`binary: ${error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error)}`);
  process.exit(1);
}

/** Makes an executable for each processor that npm has a Node.js for, and what goes with them; throws if for none. */
async function make(): Promise<void> {
  await bundleSingle(folder);
  copyFileSync('dist/THIRD-PARTY-NOTICES.txt', join(folder, 'THIRD-PARTY-NOTICES.txt'));
  const sums: string[] = [];
  for (const arch of asked ?? architectures) {
    const file = executable(arch);
    if (file === undefined) {
      console.error(`binary: npm gives no Node.js ${nodeVersion} for linux-${arch}: no executable for it is made`);
      if (asked !== undefined) process.exitCode = 1;
      continue;
    }
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
    sums.push(`${sum}  ${basename(file)}\n`);
  }
  if (sums.length === 0) throw new Error('no executable could be made; is the registry of npm reached?');
  rmSync(join(folder, 'sdn-compat.js'));
  writeSbom(join(folder, 'sbom.json'), version(), { packages: readList(), node: nodeVersion });
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
}

const { arch: asked } = new Command('binary')
  .description(`make single executables of the program in ${target}`)
  .addOption(new Option('--arch <name...>', 'processors (default: both)').choices(architectures))
  .parse()
  .opts<{ arch?: string[] }>();
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
await make().catch(fail);
rmSync(target, { recursive: true, force: true });
renameSync(folder, target);
for (const name of readdirSync(target).filter((file) => file.startsWith('sdn-compat-')))
  console.log(join(target, name));
