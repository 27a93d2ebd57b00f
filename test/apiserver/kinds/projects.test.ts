import { projectOf, projectResources, requestedNamespace } from '../../../src/apiserver/kinds/projects.ts';
import { without } from '../../../src/apiserver/store/object.ts';
import { storedThing } from '../things.ts';

const namespace = {
  ...storedThing(
    'ns',
    { status: { phase: 'Active' } },
    { annotations: { 'openshift.io/display-name': 'Mine' }, managedFields: [{}] },
  ),
  apiVersion: 'v1',
  kind: 'Namespace',
};

it('shows a namespace as a project, without who wrote it', () => {
  expect(projectOf(namespace)).toEqual({
    apiVersion: 'project.openshift.io/v1',
    kind: 'Project',
    metadata: without(namespace.metadata, 'managedFields'),
    status: { phase: 'Active' },
  });
});

it('shows its display name and status in tables, or nothing', () => {
  const cells = (object: typeof namespace): unknown[] =>
    (projectResources[0]?.columns ?? []).map(({ cell }) => cell(object, new Date()));
  expect(cells(namespace)).toEqual(['ns', 'Mine', 'Active']);
  expect(
    cells({ ...storedThing('bare'), apiVersion: 'v1', kind: 'Namespace', metadata: storedThing('bare').metadata }),
  ).toEqual(['bare', '', '']);
});

it('makes of a request a namespace with what the request says, and keeps other annotations', () => {
  const request = { displayName: 'Mine', description: 'A project.', metadata: { name: 'ns', annotations: { a: 'b' } } };
  expect(requestedNamespace(request)).toEqual({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'ns',
      annotations: {
        a: 'b',
        'openshift.io/description': 'A project.',
        'openshift.io/display-name': 'Mine',
        'openshift.io/requester': 'admin',
      },
    },
  });
});

it('reads and deletes projects, and makes them by requests only', () => {
  expect(projectResources.map(({ plural, verbs }) => [plural, verbs])).toEqual([
    ['projects', ['delete', 'get', 'list']],
    ['projectrequests', ['create', 'list']],
  ]);
});
