/** The documents for `kubectl explain`. */
import { Registry } from '../../../src/apiserver/kinds/registry.ts';
import { openApi, openApi2 } from '../../../src/apiserver/serve/openapi.ts';
import { fieldOf, isRecord } from '../../../src/model/values/json.ts';
import { refusalOf, thingKind } from '../things.ts';

const registry = new Registry();
registry.set('things.example.org', [thingKind({ namespaced: true })]);
const document = openApi(registry, 'apis/example.org/v1');

const keysOf = (value: unknown): string[] => (isRecord(value) ? Object.keys(value) : []);

it('has a document for each version of each group', () => {
  expect(keysOf(fieldOf(openApi(registry, ''), 'paths'))).toEqual([
    'api/v1',
    'apis/networking.k8s.io/v1',
    'apis/coordination.k8s.io/v1',
    'apis/apiextensions.k8s.io/v1',
    'apis/discovery.k8s.io/v1',
    'apis/apps/v1',
    'apis/batch/v1',
    'apis/policy/v1',
    'apis/rbac.authorization.k8s.io/v1',
    'apis/authentication.k8s.io/v1',
    'apis/authorization.k8s.io/v1',
    'apis/project.openshift.io/v1',
    'apis/example.org/v1',
  ]);
});

it('points to a document by an address that changes with it, and only with it', () => {
  const address = (of: Registry): unknown =>
    fieldOf(openApi(of, ''), 'paths', 'apis/example.org/v1', 'serverRelativeURL');
  const changed = new Registry();
  changed.set('things.example.org', [thingKind({ namespaced: true, source: { type: 'object', description: 'New.' } })]);
  expect(address(registry)).toMatch(/^\/openapi\/v3\/apis\/example\.org\/v1\?hash=[0-9a-f]{32}$/);
  expect(address(registry)).toBe(address(registry));
  expect(address(changed)).not.toBe(address(registry));
  expect(fieldOf(openApi(changed, ''), 'paths', 'api/v1')).toEqual(fieldOf(openApi(registry, ''), 'paths', 'api/v1'));
});

it('has the schema of a kind under the name that kubectl looks for, with what all objects have', () => {
  const schema = fieldOf(document, 'components', 'schemas', 'org.example.v1.Thing');
  expect(schema).toMatchObject({
    type: 'object',
    'x-kubernetes-group-version-kind': [{ group: 'example.org', version: 'v1', kind: 'Thing' }],
    properties: {
      metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] },
      spec: { properties: { size: { type: 'integer', minimum: 0 } } },
    },
  });
  const meta = fieldOf(
    document,
    'components',
    'schemas',
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    'properties',
  );
  expect(meta).toMatchObject({ labels: { additionalProperties: { type: 'string' } } });
});

it('names the core group so that kubectl finds it', () => {
  expect(fieldOf(openApi(registry, 'api/v1'), 'components', 'schemas', 'core.v1.Pod', 'type')).toBe('object');
});

it('has the paths of kinds in namespaces, those of all of them, and those of kinds in none', () => {
  expect(keysOf(document['paths'])).toEqual([
    '/apis/example.org/v1/namespaces/{namespace}/things',
    '/apis/example.org/v1/namespaces/{namespace}/things/{name}',
    '/apis/example.org/v1/things',
  ]);
  expect(keysOf(openApi(registry, 'api/v1')['paths']).slice(0, 2)).toEqual([
    '/api/v1/namespaces',
    '/api/v1/namespaces/{name}',
  ]);
});

it('says what may be sent with a write', () => {
  const parameters = (action: string): unknown[] => {
    const found = fieldOf(
      document,
      'paths',
      '/apis/example.org/v1/namespaces/{namespace}/things/{name}',
      action,
      'parameters',
    );
    return Array.isArray(found) ? found.map((one: unknown) => fieldOf(one, 'name')) : [];
  };
  expect(parameters('put')).toEqual(['dryRun', 'fieldManager', 'fieldValidation']);
  expect(parameters('patch')).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  expect(parameters('get')).toEqual([]);
});

it('has no other documents', () => {
  for (const path of ['apis/none/v1', 'api/v2', 'apis/example.org'])
    expect(refusalOf(() => openApi(registry, path)).code).toBe(404);
});

it('says nothing in version 2 but that it is version 2', () => {
  expect([...openApi2]).toEqual([10, 3, ...Buffer.from('2.0')]);
});
