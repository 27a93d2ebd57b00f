import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { createMetrics } from '../../src/controllers/metrics.ts';
import { createNodeMetrics } from '../../src/node/agent/metrics.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}

/** The names of all metrics, with those that a histogram is read by. */
async function knownMetrics(): Promise<ReadonlySet<string>> {
  const registries = [createMetrics().registry, createNodeMetrics().registry];
  const metrics = (await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()))).flat();
  return new Set(
    metrics.flatMap(({ name, type }) =>
      String(type) === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => `${name}${end}`) : [name],
    ),
  );
}

async function expectKnown(expr: string): Promise<void> {
  const asked = expr.match(/\b(?:openshift_)?sdn_\w+/g) ?? [];
  expect(asked.length).toBeGreaterThan(0);
  for (const name of asked) expect(await knownMetrics()).toContain(name);
}

test('every metric that an alert asks for exists', async () => {
  const { groups } = load(await read('config/alerts.yaml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.map(({ alert }) => alert)).toContain('SdnControllerWithoutLeader');
  for (const { expr, annotations } of rules) {
    await expectKnown(expr);
    expect(annotations.summary).not.toBe('');
  }
});

test('each alert has a section in docs/alerts.md, which it names, and no section is of none', async () => {
  const rules = [...(await read('config/alerts.yaml')).matchAll(/alert: (\w+)[^]*?runbook: 'docs\/alerts\.md#(\w+)'/g)];
  const names = rules.map(([, name = '']) => name);
  expect(rules.map(([, , link]) => link)).toEqual(names.map((name) => name.toLowerCase()));
  const sections = [...(await read('docs/alerts.md')).matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(names);
});

test('the component alerts has exactly these rules', async () => {
  const { kind, spec } = load(await read('config/components/alerts/rules.yaml')) as { kind: string; spec: unknown };
  expect(kind).toBe('PrometheusRule');
  expect(spec).toEqual(load(await read('config/alerts.yaml')));
});

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

test('every metric that the dashboard shows exists, and it shows each that an alert asks for', async () => {
  const text = await read('config/components/grafana-dashboard/dashboard.json');
  const { panels } = JSON.parse(text) as { panels: readonly Panel[] };
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { targets } of panels) for (const { expr } of targets) await expectKnown(expr);
  for (const [name] of (await read('config/alerts.yaml')).matchAll(/\bsdn_compat_\w+/g)) expect(text).toContain(name);
});

interface Rbac {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
}

test('config/crds holds exactly the CRDs of api/', async () => {
  const names = (await readdir(join(root, 'api'))).filter((name) => name.endsWith('.yaml')).sort();
  const { resources } = load(await read('config/crds/kustomization.yaml')) as { resources: string[] };
  expect(resources).toEqual(names);
  for (const name of names) expect(await read(`config/crds/${name}`)).toBe(await read(`api/${name}`));
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
  readonly spec?: { readonly template?: { readonly spec: { readonly serviceAccountName: string } } };
}

/** All that a kustomization makes, and what it is made of. */
async function manifestsOf(folder: string): Promise<readonly Manifest[]> {
  const { resources } = load(await read(`config/${folder}/kustomization.yaml`)) as { resources: string[] };
  const parts = resources.map(async (name) =>
    name.endsWith('.yaml')
      ? (loadAll(await read(`config/${folder}/${name}`)) as Manifest[])
      : manifestsOf(join(folder, name)),
  );
  return (await Promise.all(parts)).flat();
}

test.each(['base', 'overlays/network-plugin', 'overlays/controller-only', 'overlays/migrate'])(
  'config/%s binds only accounts and roles that it makes',
  async (folder) => {
    const objects = await manifestsOf(folder);
    const place = (namespace?: string): string => (namespace === undefined ? '' : `${namespace}/`);
    const made = objects.map(({ kind, metadata }) => `${kind}/${place(metadata.namespace)}${metadata.name}`);
    expect(new Set(made).size).toBe(made.length);
    for (const { metadata, roleRef, subjects = [], spec } of objects) {
      const { namespace } = metadata;
      if (namespace !== undefined) expect(made).toContain(`Namespace/${namespace}`);
      if (roleRef !== undefined)
        expect(made).toContain(`${roleRef.kind}/${roleRef.kind === 'Role' ? place(namespace) : ''}${roleRef.name}`);
      for (const { kind, name, namespace: of } of subjects) expect(made).toContain(`${kind}/${of}/${name}`);
      if (spec?.template !== undefined)
        expect(made).toContain(`ServiceAccount/${place(namespace)}${spec.template.spec.serviceAccountName}`);
    }
  },
);

test('what has controllers alone knows no agent', async () => {
  const objects = await manifestsOf('overlays/controller-only');
  expect(objects.map(({ kind }) => kind)).toContain('Deployment');
  // the namespace of their Leases aside, of which an option tells
  expect(JSON.stringify(objects)).not.toMatch(/sdn-compat-node\b(?!s)|"sdn-compat-nodes"/);
});

test.each(['base', 'controller', 'crds', 'migrate', 'node', 'overlays/controller-only', 'overlays/migrate'])(
  'the kustomization in config/%s names every file beside it',
  async (folder) => {
    const { resources } = load(await read(`config/${folder}/kustomization.yaml`)) as { resources: string[] };
    const named = resources.filter((name) => !name.startsWith('../'));
    expect((await readdir(join(root, 'config', folder))).sort()).toEqual([...named, 'kustomization.yaml'].sort());
  },
);

const components = ['alerts', 'dashboard', 'grafana-dashboard', 'metrics', 'metrics-network-policy', 'service-monitor'];

test('each component names every file beside it', async () => {
  expect(await readdir(join(root, 'config/components'))).toEqual(components);
  for (const name of components) {
    const folder = `config/components/${name}`;
    const text = await read(`${folder}/kustomization.yaml`);
    expect(text).toContain('kind: Component');
    for (const file of await readdir(join(root, folder)))
      if (file !== 'kustomization.yaml') expect(text).toContain(file);
  }
});

test.each([
  ['controller', 9106],
  ['node', 9107],
])('the component metrics serves the %s at its own port by TLS, where the kubelet asks', async (name, port) => {
  const patch = load(await read(`config/components/metrics/${name}-patch.yaml`)) as { path: string; value: string }[];
  const [address, ...schemes] = patch.map(({ value }) => value);
  expect([address, ...schemes]).toEqual([`--status-address=0.0.0.0:${port}`, 'HTTPS', 'HTTPS']);
  const manifest = await read(`config/${name}/${name}.yaml`);
  expect(manifest.match(/httpGet: \{host: 127\.0\.0\.1, port: (\d+)/g)).toHaveLength(2);
  expect(new Set([...manifest.matchAll(/httpGet: \{.*port: (\d+)/g)].map(([, found]) => Number(found)))).toEqual(
    new Set([port]),
  );
  expect(await read('config/components/metrics/services.yaml')).toContain(`port: ${port}, targetPort: ${port}`);
});

// The API server adds it, so a server-side apply after a client-side one would meet a field that another manager owns.
test('every fieldRef names its apiVersion', async () => {
  const references = ['controller', 'node'].map(async (name) =>
    [...(await read(`config/${name}/${name}.yaml`)).matchAll(/fieldRef: .*/g)].map(([line]) => line),
  );
  const lines = (await Promise.all(references)).flat();
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toContain('{apiVersion: v1, fieldPath: ');
});

test('agents may write Leases where no other Lease is, and nothing else than Events', async () => {
  const roles = ((await manifestsOf('base')) as Rbac[]).filter(
    ({ kind, metadata }) => kind.endsWith('Role') && ['sdn-compat-node', 'sdn-compat-events'].includes(metadata.name),
  );
  const writes = roles.flatMap(({ metadata, rules }) =>
    rules.flatMap(({ resources, verbs }) =>
      verbs
        .filter((verb) => !['get', 'list', 'watch'].includes(verb))
        .map((verb) => `${metadata.namespace ?? '*'} ${resources.join()} ${verb}`),
    ),
  );
  expect(writes).toEqual([
    '* events create',
    '* events patch',
    'sdn-compat-nodes leases create',
    'sdn-compat-nodes leases patch',
  ]);
  const { spec } = load(await read('config/node/node.yaml')) as {
    spec: { template: { spec: { containers: { command: string[] }[] } } };
  };
  expect(spec.template.spec.containers[0]?.command).toContain('--lease-namespace=sdn-compat-nodes');
});
