/** Each folder of config/ that is meant for `kubectl apply -k`, on the embedded API server, there and away again. */
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
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

/**
 * Applies what the arguments name, and takes it away again: all of it is made, is unchanged the second time, has no
 * conflict on the server side, and goes without rest.
 */
async function comesAndGoes(...what: readonly string[]): Promise<void> {
  const before = await everything();
  const made = await kubectl('apply', ...what);
  expect(made.length).toBeGreaterThan(2);
  expect(made.filter((line) => !line.endsWith(' created'))).toEqual([]);
  const there = await everything();
  expect(there.size).toBe(before.size + made.length);
  const again = await kubectl('apply', ...what);
  expect(again).toHaveLength(made.length);
  expect(again.filter((line) => !line.endsWith(' unchanged') && line !== sentAlways)).toEqual([]);
  expect(await everything()).toEqual(there);
  // another manager with the same content: whoever leaves out what the server fills in has a conflict here
  await kubectl('apply', ...what, '--server-side', '--field-manager=other');
  await kubectl('apply', ...what, '--server-side');
  await kubectl('apply', ...what);
  const served = await kubectl('apply', ...what, '--server-side');
  expect(served.filter((line) => !line.endsWith(' serverside-applied'))).toEqual([]);
  // what goes with its namespace may be gone before its turn
  await kubectl('delete', ...what, '--ignore-not-found');
  expect(await everything()).toEqual(before);
}

test('each folder is applied, is unchanged the second time, has no conflict on the server side, and goes without rest', async () => {
  for (const name of await folders()) await comesAndGoes('-k', join(config, name));
}, 600_000);

/** The kinds of the Prometheus operator, which is not ours, as far as the server needs them. */
const monitoring = [
  ['ServiceMonitor', 'servicemonitors'],
  ['PrometheusRule', 'prometheusrules'],
].map(([kind, plural]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.monitoring.coreos.com` },
  spec: {
    group: 'monitoring.coreos.com',
    names: { kind, plural },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
}));

/** An overlay with components, as an admin writes it; what kustomize makes of it is in the file, without ConfigMaps. */
async function overlayWith(components: readonly string[]): Promise<{ readonly file: string; readonly text: string }> {
  const folder = await mkdtemp(join(cache, 'overlay-'));
  const at = (path: string): string => relative(folder, join(config, path));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [at('overlays/network-plugin')],
    components: components.map((name) => at(`components/${name}`)),
  };
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  const text = (await kubectl('kustomize', folder)).join('\n');
  const file = join(folder, 'served.yaml');
  const parts = text.split(/^---$/m);
  await writeFile(file, parts.filter((part) => !/^kind: ConfigMap$/m.test(part)).join('---\n'));
  return { file, text };
}

const components = readdirSync(join(config, 'components'));

test('with its components the network plugin comes and goes the same; the server serves no ConfigMap, which is left out', async () => {
  const crds = join(cache, 'monitoring.json');
  await writeFile(crds, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: monitoring }));
  await kubectl('apply', '-f', crds);
  for (const chosen of [...components.map((name) => [name]), components]) {
    const { file, text } = await overlayWith(chosen);
    expect(text.match(/scheme: HTTPS/g) ?? []).toHaveLength(chosen.includes('metrics') ? 4 : 0);
    expect(text.match(/^kind: ConfigMap$/gm) ?? []).toHaveLength(chosen.includes('grafana-dashboard') ? 1 : 0);
    await comesAndGoes('-f', file);
  }
}, 600_000);
