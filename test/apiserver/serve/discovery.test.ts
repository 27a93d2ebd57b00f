/** What clients read first. */
import { Registry } from '../../../src/apiserver/kinds/registry.ts';
import { discover } from '../../../src/apiserver/serve/discovery.ts';
import { refusalOf, thingKind } from '../things.ts';

const registry = new Registry();
registry.set('things.example.org', [
  thingKind({ version: 'v2', hasStatus: true, shortNames: ['th'], categories: ['all'], namespaced: true }),
  thingKind({ plural: 'others', singular: 'other', kind: 'Other', version: 'v2' }),
  thingKind(),
]);

it('serves v1 of the core group', () => {
  expect(discover(registry, ['api'])).toEqual({
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [],
  });
});

it('lists the groups with their versions, the first of which is preferred, but not the core group', () => {
  const { groups } = discover(registry, ['apis']);
  expect(groups).toEqual([
    ...[
      'networking.k8s.io',
      'coordination.k8s.io',
      'apiextensions.k8s.io',
      'discovery.k8s.io',
      'apps',
      'batch',
      'policy',
      'rbac.authorization.k8s.io',
      'authentication.k8s.io',
      'authorization.k8s.io',
      'project.openshift.io',
    ].map((name) => ({
      name,
      versions: [{ groupVersion: `${name}/v1`, version: 'v1' }],
      preferredVersion: { groupVersion: `${name}/v1`, version: 'v1' },
    })),
    {
      name: 'example.org',
      versions: [
        { groupVersion: 'example.org/v2', version: 'v2' },
        { groupVersion: 'example.org/v1', version: 'v1' },
      ],
      preferredVersion: { groupVersion: 'example.org/v2', version: 'v2' },
    },
  ]);
});

it('describes one group', () => {
  expect(discover(registry, ['apis', 'example.org'])).toMatchObject({
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: 'example.org',
    preferredVersion: { version: 'v2' },
  });
});

it('lists the kinds of a version, with what they are called and what may be done with them', () => {
  expect(discover(registry, ['apis', 'example.org', 'v2'])).toEqual({
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'example.org/v2',
    resources: [
      {
        name: 'things',
        singularName: 'thing',
        namespaced: true,
        kind: 'Thing',
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
        shortNames: ['th'],
        categories: ['all'],
      },
      { name: 'things/status', singularName: '', namespaced: true, kind: 'Thing', verbs: ['get', 'patch', 'update'] },
      {
        name: 'others',
        singularName: 'other',
        namespaced: false,
        kind: 'Other',
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      },
    ],
  });
});

it('lists of projects only what may be done with them', () => {
  expect(discover(registry, ['apis', 'project.openshift.io', 'v1'])['resources']).toMatchObject([
    { name: 'projects', verbs: ['delete', 'get', 'list'] },
    { name: 'projectrequests', verbs: ['create', 'list'] },
  ]);
});

it('lists the core group by its version', () => {
  expect(discover(registry, ['api', 'v1'])).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' });
});

test.each([
  'api/v2',
  'api/v1/pods',
  'apis/none',
  'apis/none/v1',
  'apis/example.org/v3',
  'apis/example.org/v1/things',
  'other',
])('has nothing at /%s', (path) => {
  expect(refusalOf(() => discover(registry, path.split('/'))).code).toBe(404);
});
