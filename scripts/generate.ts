/**
 * Makes api/openapi.json, api/generated.ts, api/crds.ts and config/crds/ from the CRDs in api/, api/rights.ts from the
 * roles in config/, the PrometheusRule from config/alerts.yaml, the table of findings in docs/migrate.md from their
 * catalog, and docs/reference.md from the program.
 * With --check it writes nothing and exits 1 when one of the files is not what it would write.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { load, loadAll } from 'js-yaml';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { Registry } from 'prom-client';
import { wholeCommand } from '../src/cli/main.ts';
import { createMetrics } from '../src/controllers/metrics.ts';
import { facadeMetrics } from '../src/facade/metrics.ts';
import { catalogTable } from '../src/migrate/findings/rows.ts';
import { createNodeMetrics } from '../src/node/agent/metrics.ts';
import { type Described, reference } from './reference.ts';

interface Crd {
  spec: {
    group: string;
    names: { kind: string };
    versions: {
      name: string;
      schema: { openAPIV3Schema: { properties: Record<string, object>; required?: string[] } };
    }[];
  };
}

const objectMeta = {
  type: 'object',
  description: 'The part of Kubernetes object metadata that this project reads or writes.',
  properties: {
    name: { type: 'string' },
    namespace: { type: 'string' },
    uid: { type: 'string' },
    resourceVersion: { type: 'string' },
    generation: { type: 'integer' },
    creationTimestamp: { type: 'string' },
    deletionTimestamp: { type: 'string' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
    finalizers: { type: 'array', items: { type: 'string' } },
  },
};

const files = (await readdir('api')).filter((name) => name.endsWith('.yaml')).sort();

/** The CRDs as a module, so that bundles and tests have them without reading files. */
async function crdModule(): Promise<string> {
  const texts = await Promise.all(
    files.map(async (file) => JSON.stringify(load(await readFile(`api/${file}`, 'utf8')))),
  );
  return `/** The CRDs of this folder. Generated: never edited. */\nexport const crds: readonly object[] = [\n${texts.map((text) => `  ${text},\n`).join('')}];\n`;
}

/** Namespaces, ServiceAccounts and roles of config/ as a module. */
async function rightsModule(): Promise<string> {
  const parts = ['controller/namespace', 'controller/rbac', 'node/namespace', 'node/rbac'];
  const texts = await Promise.all(parts.map((part) => readFile(`config/${part}.yaml`, 'utf8')));
  const objects = texts.flatMap((text) => loadAll(text)).map((object) => `  ${JSON.stringify(object)},\n`);
  return `/** The namespaces, ServiceAccounts and roles of config/. Generated: never edited. */\nexport const rights: readonly object[] = [\n${objects.join('')}];\n`;
}

/** The CRDs as an admin applies them. */
async function copies(): Promise<Readonly<Record<string, string>>> {
  const texts = files.map(async (file) => [`config/crds/${file}`, await readFile(`api/${file}`, 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/** The alert rules as an object of the Prometheus operator. */
async function prometheusRule(): Promise<string> {
  const rules = (await readFile('config/alerts.yaml', 'utf8')).replace(/^#.*\n/, '').replaceAll(/^(?=.)/gm, '  ');
  const head = [
    '# Generated from config/alerts.yaml: never edited.',
    'apiVersion: monitoring.coreos.com/v1',
    'kind: PrometheusRule',
    'metadata:',
    '  name: sdn-compat',
  ];
  return `${[...head, '  namespace: sdn-compat', '  labels: {app: sdn-compat}', 'spec:'].join('\n')}\n${rules}`;
}

async function document(): Promise<object> {
  const schemas: Record<string, object> = { ObjectMeta: objectMeta };
  for (const file of files) {
    const { spec } = load(await readFile(`api/${file}`, 'utf8')) as Crd;
    for (const version of spec.versions) {
      const schema = version.schema.openAPIV3Schema;
      schemas[spec.names.kind] = {
        ...schema,
        required: ['apiVersion', 'kind', 'metadata', ...(schema.required ?? [])],
        properties: {
          ...schema.properties,
          apiVersion: { type: 'string', enum: [`${spec.group}/${version.name}`] },
          kind: { type: 'string', enum: [spec.names.kind] },
          metadata: { $ref: '#/components/schemas/ObjectMeta' },
        },
      };
    }
  }
  return {
    openapi: '3.0.0',
    info: { title: 'network.openshift.io', version: 'v1' },
    paths: {},
    components: { schemas },
  };
}

/** The document with the table of findings as the catalog has it. */
async function withFindings(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  return text.replace(/^\| code \| severity \|.*\n(?:\|.*\n)+/m, () => catalogTable());
}

/** The kinds of our CRDs, as their newest version describes them. */
async function describedKinds(): Promise<readonly Described[]> {
  const crds = await Promise.all(files.map(async (file) => load(await readFile(`api/${file}`, 'utf8')) as Crd));
  return crds.map(({ spec }) => ({ kind: spec.names.kind, schema: spec.versions.at(-1)!.schema.openAPIV3Schema }));
}

async function referencePage(): Promise<string> {
  const facade = new Registry();
  facadeMetrics(facade);
  const registries = { controllers: createMetrics().registry, facade, agent: createNodeMetrics().registry };
  const text = await reference(await wholeCommand(), await describedKinds(), registries);
  return format(text, { parser: 'markdown', ...(await resolveConfig('docs/reference.md')) });
}

const made = await document();
const outputs = {
  'api/openapi.json': `${JSON.stringify(made, null, 2)}\n`,
  'api/crds.ts': await crdModule(),
  'api/rights.ts': await rightsModule(),
  ...(await copies()),
  'config/components/alerts/rules.yaml': await prometheusRule(),
  'docs/reference.md': await referencePage(),
  'docs/migrate.md': await withFindings('docs/migrate.md'),
  'api/generated.ts': astToString(await openapiTS(structuredClone(made) as OpenAPI3)),
};
for (const [path, text] of Object.entries(outputs)) {
  if (!process.argv.includes('--check')) await writeFile(path, text);
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error(`${path} is not current: run 'npm run generate'`);
    process.exitCode = 1;
  }
}
