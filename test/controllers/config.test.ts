import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { createMetrics } from '../../src/controllers/metrics.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}

test('every metric that an alert asks for exists', async () => {
  const { groups } = load(await read('config/alerts.yaml')) as { groups: { rules: Rule[] }[] };
  const known = new Set((await createMetrics().registry.getMetricsAsJSON()).map(({ name }) => name));
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.map(({ alert }) => alert)).toContain('SdnControllerWithoutLeader');
  for (const { expr, annotations } of rules) {
    const asked = expr.match(/\bsdn_\w+/g) ?? [];
    expect(asked.length).toBeGreaterThan(0);
    for (const name of asked) expect(known).toContain(name);
    expect(annotations.summary).not.toBe('');
  }
});

test('config/crds holds exactly the CRDs of api/', async () => {
  const names = (await readdir(join(root, 'api'))).filter((name) => name.endsWith('.yaml')).sort();
  const { resources } = load(await read('config/crds/kustomization.yaml')) as { resources: string[] };
  expect(resources).toEqual(names);
  for (const name of names) expect(await read(`config/crds/${name}`)).toBe(await read(`api/${name}`));
});

test('the base names files that exist, and binds only accounts and roles that it makes', async () => {
  const { resources } = load(await read('config/base/kustomization.yaml')) as { resources: string[] };
  const files = resources.filter((name) => name.endsWith('.yaml'));
  expect((await readdir(join(root, 'config/base'))).sort()).toEqual([...files, 'kustomization.yaml'].sort());
  const objects = (await Promise.all(files.map(async (file) => loadAll(await read(`config/base/${file}`))))).flat() as {
    kind: string;
    metadata: { name: string };
    roleRef?: { kind: string; name: string };
    subjects?: { kind: string; name: string }[];
    spec?: { template?: { spec: { serviceAccountName: string } } };
  }[];
  const made = new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  for (const { roleRef, subjects = [], spec } of objects) {
    if (roleRef !== undefined) expect(made).toContain(`${roleRef.kind}/${roleRef.name}`);
    for (const { kind, name } of subjects) expect(made).toContain(`${kind}/${name}`);
    if (spec?.template !== undefined) expect(made).toContain(`ServiceAccount/${spec.template.spec.serviceAccountName}`);
  }
});
