/**
 * OpenShift's projects: namespaces under another name, for `oc new-project`, `oc get projects` and `oc adm
 * pod-network`.
 */
import type { JsonObject } from '../../model/values/json.ts';
import { objectAt, type StoredObject, textAt } from '../store/object.ts';
import { nameColumn } from './columns.ts';
import type { Resource } from './resource.ts';
import { parseSchema } from './schema.ts';

export const projectGroup = 'project.openshift.io';

const source: JsonObject = {
  description: 'A namespace, as OpenShift shows it.',
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
};

const shared = {
  group: projectGroup,
  version: 'v1',
  shortNames: [],
  categories: [],
  namespaced: false,
  hasStatus: false,
  custom: false,
  schema: parseSchema(source),
  source,
  selectable: ['metadata.name'],
} as const;

function text(name: string, cell: (object: StoredObject) => string): Resource['columns'][number] {
  return { name, type: 'string', format: '', description: '', priority: 0, cell };
}

const columns = [
  nameColumn,
  text('Display Name', ({ metadata }) => textAt(objectAt(metadata, 'annotations'), 'openshift.io/display-name') ?? ''),
  text('Status', (object) => textAt(objectAt(object, 'status'), 'phase') ?? ''),
];

/** `projects` can be read and deleted, `projectrequests` created. */
export const projectResources: readonly Resource[] = [
  {
    ...shared,
    id: `projects.${projectGroup}`,
    kind: 'Project',
    listKind: 'ProjectList',
    plural: 'projects',
    singular: 'project',
    columns,
    verbs: ['delete', 'get', 'list'],
  },
  {
    ...shared,
    id: `projectrequests.${projectGroup}`,
    kind: 'ProjectRequest',
    listKind: 'ProjectRequestList',
    plural: 'projectrequests',
    singular: 'projectrequest',
    columns,
    verbs: ['create', 'list'],
  },
];

/** The project for a namespace. */
export function projectOf(namespace: StoredObject): StoredObject {
  const metadata = { ...namespace.metadata, managedFields: undefined };
  return { ...namespace, apiVersion: `${projectGroup}/v1`, kind: 'Project', metadata };
}

/** The namespace that a project request creates. */
export function requestedNamespace(request: JsonObject): JsonObject {
  const metadata = objectAt(request, 'metadata');
  const annotations = {
    ...objectAt(metadata, 'annotations'),
    'openshift.io/description': textAt(request, 'description') ?? '',
    'openshift.io/display-name': textAt(request, 'displayName') ?? '',
    'openshift.io/requester': 'admin',
  };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { ...metadata, annotations } };
}
