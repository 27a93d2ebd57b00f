/** Each folder of config/ that is meant for `kubectl apply -k`, on the embedded API server, there and away again. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '../../src/io/programs/exec.ts';
import { start, type Started } from '../apiserver/started.ts';

const config = join(import.meta.dirname, '../../config');

async function folders(): Promise<readonly string[]> {
  const overlays = await readdir(join(config, 'overlays'));
  return ['base', 'crds', 'migrate', ...overlays.map((name) => `overlays/${name}`)];
}

/** Throws if kubectl's own kustomize cannot build the folders, which needs version 1.21. */
async function needKustomize(): Promise<void> {
  const { stdout } = await exec('kubectl', ['version', '--client', '-o', 'json']);
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { gitVersion: string } };
  const minor = Number(/^v1\.(\d+)/.exec(clientVersion.gitVersion)?.[1]);
  if (minor >= 21) return;
  throw new Error(`kubectl ${clientVersion.gitVersion} cannot build config/: install kubectl 1.21 or newer`);
}

let started: Started;
let cache = '';

/** What kubectl prints, line by line; a failure is an error with its text. */
async function kubectl(...args: readonly string[]): Promise<readonly string[]> {
  const session = [`--kubeconfig=${started.kubeconfig}`, `--cache-dir=${cache}`];
  const { status, stdout, stderr } = await exec('kubectl', [...session, ...args], { timeout: 60_000 });
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Every object that was made, without Events and the ServiceAccount that each namespace has, and its version. */
async function everything(): Promise<ReadonlyMap<string, string>> {
  const kinds = await kubectl('api-resources', '--verbs=list', '-o', 'name');
  const asked = kinds.filter((kind) => !kind.startsWith('events') && !kind.endsWith('project.openshift.io'));
  const columns = 'KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name,VERSION:.metadata.resourceVersion';
  const lines = await kubectl('get', asked.join(','), '-A', '--no-headers', '-o', `custom-columns=${columns}`);
  return new Map(
    lines
      .filter((line) => !/^ServiceAccount +\S+ +default /.test(line))
      .map((line) => {
        const [kind = '', namespace = '', name = '', version = ''] = line.split(/ +/);
        return [`${kind} ${namespace}/${name}`, version];
      }),
  );
}

/** kubectl sends the selector of a PodDisruptionBudget every time, for it is replaced as a whole, and calls that configured. */
const sentAlways = 'poddisruptionbudget.policy/sdn-compat-controller configured';

beforeAll(async () => {
  await needKustomize();
  cache = await mkdtemp(join(tmpdir(), 'sdn-compat-install-'));
  started = await start({ crds: [], namespaceDelay: 50 });
});
afterAll(async () => {
  await (started as Started | undefined)?.stop();
  await rm(cache, { recursive: true, force: true });
});

test('each folder is applied, is unchanged the second time, has no conflict on the server side, and goes without rest', async () => {
  const before = await everything();
  for (const name of await folders()) {
    const folder = join(config, name);
    const made = await kubectl('apply', '-k', folder);
    expect(made.length).toBeGreaterThan(2);
    expect(made.filter((line) => !line.endsWith(' created'))).toEqual([]);
    const there = await everything();
    expect(there.size).toBe(before.size + made.length);
    const again = await kubectl('apply', '-k', folder);
    expect(again).toHaveLength(made.length);
    expect(again.filter((line) => !line.endsWith(' unchanged') && line !== sentAlways)).toEqual([]);
    expect(await everything()).toEqual(there);
    // another manager with the same content: whoever leaves out what the server fills in has a conflict here
    await kubectl('apply', '-k', folder, '--server-side', '--field-manager=other');
    await kubectl('apply', '-k', folder, '--server-side');
    await kubectl('apply', '-k', folder);
    const served = await kubectl('apply', '-k', folder, '--server-side');
    expect(served.filter((line) => !line.endsWith(' serverside-applied'))).toEqual([]);
    // what goes with its namespace may be gone before its turn
    await kubectl('delete', '-k', folder, '--ignore-not-found');
    expect(await everything()).toEqual(before);
  }
}, 240_000);
