import { customResourceDefinitions, type Kind, namespaces, netNamespaces } from '../../../api/kinds.ts';
import type { KubeObject, NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { start, type Started } from '../started.ts';

let started: Started;
beforeAll(async () => (started = await start()));
afterAll(() => started.stop());

const kind: Kind = { group: 'k8s.example.org', version: 'v1', kind: 'Egress', plural: 'egresses', namespaced: false };

interface Egress extends KubeObject {
  readonly spec?: { readonly ips?: readonly string[]; readonly selector?: object; readonly weight?: number };
  readonly status?: { readonly items?: readonly object[] };
}

function crd(spec: object, versions: object = {}, more: object = {}): KubeObject {
  return {
    metadata: { name: 'egresses.k8s.example.org' },
    ...{
      spec: {
        group: kind.group,
        names: { kind: kind.kind, plural: kind.plural, shortNames: ['eg'] },
        scope: 'Cluster',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
              },
            },
            ...versions,
          },
        ],
        ...more,
      },
    },
  };
}

const spec = {
  type: 'object',
  required: ['ips'],
  properties: {
    ips: { type: 'array', items: { type: 'string' } },
    selector: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    weight: { type: 'integer', default: 1 },
  },
};

const refused = (object: KubeObject): Promise<unknown> =>
  started.client
    .create(customResourceDefinitions, object)
    .catch((error: unknown) => (error instanceof Error ? error.message : error));

test('what a CRD asks for and this server does not do is refused, with its place', async () => {
  const begin = 'CustomResourceDefinition.apiextensions.k8s.io "egresses.k8s.example.org" is invalid: ';
  expect(await refused(crd({ ...spec, 'x-kubernetes-validations': [{ rule: 'true' }] }))).toBe(
    `${begin}spec.versions[0].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations: Invalid value: CEL rules are not supported by this server`,
  );
  expect(await refused(crd(spec, {}, { conversion: { strategy: 'Webhook' } }))).toBe(
    `${begin}spec.conversion.strategy: Invalid value: "Webhook": conversion between versions is not supported by this server`,
  );
  expect(await refused(crd(spec, { storage: false }))).toContain(
    'must have exactly one version marked as storage version',
  );
  expect(await refused({ ...crd(spec), metadata: { name: 'other.k8s.example.org' } })).toContain(
    'must be spec.names.plural+"."+spec.group',
  );
  expect(
    await refused(crd(spec, { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.a[1:2]' }] })),
  ).toContain('additionalPrinterColumns[0]');
  expect(await started.client.get(customResourceDefinitions, { name: 'egresses.k8s.example.org' })).toBeUndefined();
});

test('a CRD is served at once, with defaults, status apart and generations, and can be changed and deleted', async () => {
  const { client } = started;
  await client.create(customResourceDefinitions, crd(spec, { subresources: { status: {} } }));
  const created = await client.create<Egress>(kind, {
    metadata: { name: 'e' },
    spec: { ips: ['1.2.3.4'] },
    status: { items: [{ a: 1 }] },
  });
  expect(created).toMatchObject({ metadata: { generation: 1 }, spec: { ips: ['1.2.3.4'], weight: 1 } });
  expect(created.status).toBeUndefined();
  const status = await client.patch<Egress>(
    kind,
    { name: 'e' },
    { status: { items: [{ node: 'n' }] }, spec: { weight: 9 } },
    { type: 'merge', subresource: 'status' },
  );
  expect(status).toMatchObject({
    metadata: { generation: 1 },
    spec: { weight: 1 },
    status: { items: [{ node: 'n' }] },
  });
  const changed = await client.patch<Egress>(
    kind,
    { name: 'e' },
    { spec: { weight: 2 }, status: null },
    { type: 'merge' },
  );
  expect(changed).toMatchObject({
    metadata: { generation: 2 },
    spec: { weight: 2 },
    status: { items: [{ node: 'n' }] },
  });
  const looser = { ...spec, properties: { ...spec.properties, extra: { type: 'string' } } };
  await client.patch(
    customResourceDefinitions,
    { name: 'egresses.k8s.example.org' },
    { spec: (crd(looser) as unknown as { spec: object }).spec },
    { type: 'merge' },
  );
  expect(await client.patch(kind, { name: 'e' }, { spec: { extra: 'x' } }, { type: 'merge' })).toMatchObject({
    spec: { extra: 'x' },
  });
  await client.delete(customResourceDefinitions, { name: 'egresses.k8s.example.org' });
  await expect(client.list(kind)).rejects.toMatchObject({ code: 404 });
  await client.create(customResourceDefinitions, crd(spec));
  expect((await client.list(kind)).items).toEqual([]);
});

test('apply through the client: the fields of others conflict, force takes them', async () => {
  const { client } = started;
  const object: NetNamespaceObject = {
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name: 'a' },
    netname: 'a',
    netid: 1,
  };
  const ref = { name: 'a' };
  await client.patch(netNamespaces, ref, object, { type: 'apply', fieldManager: 'one' });
  await client.patch(netNamespaces, ref, { netid: 2 }, { type: 'merge', fieldManager: 'two' });
  await expect(client.patch(netNamespaces, ref, object, { type: 'apply', fieldManager: 'one' })).rejects.toMatchObject({
    code: 409,
    reason: 'Conflict',
  });
  const dry = await client.patch<NetNamespaceObject>(netNamespaces, ref, object, {
    type: 'apply',
    fieldManager: 'one',
    force: true,
    dryRun: true,
  });
  expect(dry.netid).toBe(1);
  expect((await client.get<NetNamespaceObject>(netNamespaces, ref))?.netid).toBe(2);
  expect(
    (
      await client.patch<NetNamespaceObject>(netNamespaces, ref, object, {
        type: 'apply',
        fieldManager: 'one',
        force: true,
      })
    ).netid,
  ).toBe(1);
});

test('generateName completes a name, and projects are namespaces', async () => {
  const { client } = started;
  const named = { generateName: 'gen-' };
  const created = await client.create<KubeObject>(namespaces, { metadata: { labels: {}, ...named } });
  expect(created.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
  const projects: Kind = {
    group: 'project.openshift.io',
    version: 'v1',
    kind: 'Project',
    plural: 'projects',
    namespaced: false,
  };
  const requests: Kind = { ...projects, kind: 'ProjectRequest', plural: 'projectrequests' };
  const request = { metadata: { name: 'mine' }, displayName: 'Mine', description: 'A project.' };
  expect(await client.create<KubeObject>(requests, request)).toMatchObject({
    kind: 'Project',
    metadata: { name: 'mine' },
  });
  expect((await client.get<KubeObject>(namespaces, { name: 'mine' }))?.metadata.annotations).toMatchObject({
    'openshift.io/display-name': 'Mine',
  });
  const { items } = await client.list(projects);
  expect(items.map(({ metadata }) => metadata.name)).toEqual(
    expect.arrayContaining(['default', 'kube-system', 'mine', created.metadata.name]),
  );
  await client.delete(projects, { name: 'mine' });
});
