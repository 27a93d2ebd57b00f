/** Roles and their bindings (rbac.authorization.k8s.io/v1). What they allow is decided in the room `rights`. */
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../../api/kinds.ts';
import type { JsonObject } from '../../model/values/json.ts';
import { crdColumns, plainColumns } from './columns.ts';
import { atomic, identity, open, openObject, resource, text } from './definition.ts';
import type { Resource } from './resource.ts';

const texts = { type: 'array', items: text };

const rule = openObject(
  {
    apiGroups: { ...texts, description: 'The groups of the resources; "*" is each.' },
    resources: { ...texts, description: 'Resources, or RESOURCE/SUBRESOURCE; "*" is each.' },
    resourceNames: { ...texts, description: 'The names of the objects; all of them if empty.' },
    nonResourceURLs: { ...texts, description: 'Paths that are no resources.' },
    verbs: { ...texts, description: 'What is allowed; "*" is everything.', minItems: 1 },
  },
  { required: ['verbs'] },
);

function role(description: string): JsonObject {
  const rules = { type: 'array', nullable: true, description: 'What it allows.', items: rule };
  return { description, type: 'object', properties: { ...identity, aggregationRule: open, rules } };
}

const subject = openObject({ kind: text, name: text, namespace: text, apiGroup: text }, { required: ['kind', 'name'] });

function binding(description: string): JsonObject {
  return {
    description,
    type: 'object',
    required: ['roleRef'],
    properties: {
      ...identity,
      roleRef: {
        ...atomic,
        description: 'The role that is granted.',
        properties: { apiGroup: { ...text, default: 'rbac.authorization.k8s.io' }, kind: text, name: text },
        required: ['kind', 'name'],
      },
      subjects: { type: 'array', description: 'To whom it is granted.', items: subject },
    },
  };
}

/** ClusterRole, ClusterRoleBinding, Role and RoleBinding. */
export const rbacResources: readonly Resource[] = [
  resource({ kind: clusterRoles, schema: role('Rights in the whole cluster.'), columns: crdColumns }),
  resource({
    kind: clusterRoleBindings,
    schema: binding('Grants a ClusterRole in the whole cluster.'),
    columns: plainColumns,
  }),
  resource({ kind: roles, schema: role('Rights in one namespace.'), columns: crdColumns }),
  resource({
    kind: roleBindings,
    schema: binding('Grants a Role or ClusterRole in one namespace.'),
    columns: plainColumns,
  }),
];
