/** What roles and bindings allow, as Kubernetes' RBAC decides it: pure, from the objects as they are. */
import type { JsonObject } from '../../model/values/json.ts';
import { objectAt, objectsAt, type StoredObject, textAt, textsAt } from '../store/object.ts';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** A request for objects; `resource` is RESOURCE or RESOURCE/SUBRESOURCE. */
export interface ResourceRequest {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  /** Undefined for all objects, and for one that is created. */
  readonly name: string | undefined;
}

/** A request for a path that is no resource. */
export interface PathRequest {
  readonly verb: string;
  readonly path: string;
}

export type AskedRequest = ResourceRequest | PathRequest;

/** The objects that say who may do what. */
export interface Rights {
  readonly clusterRoles: readonly StoredObject[];
  readonly roles: readonly StoredObject[];
  readonly clusterRoleBindings: readonly StoredObject[];
  readonly roleBindings: readonly StoredObject[];
}

/** Who may do everything, whatever the roles say. */
export const masters = 'system:masters';

/** What everybody may read who is known: what is served. */
const discovery: JsonObject = {
  verbs: ['get'],
  nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', '/version'],
};

/** The user that a ServiceAccount is. */
export function serviceAccountUser(namespace: string, name: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

const includes = (rule: JsonObject, key: string, ...wanted: readonly string[]): boolean =>
  textsAt(rule, key).some((one) => one === '*' || wanted.includes(one));

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}

/** Whether one rule allows the request. */
export function ruleAllows(rule: JsonObject, request: AskedRequest): boolean {
  if (!includes(rule, 'verbs', request.verb)) return false;
  if ('path' in request) return textsAt(rule, 'nonResourceURLs').some((pattern) => matchesPath(pattern, request.path));
  const [, subresource] = request.resource.split('/');
  const ofAll = subresource === undefined ? [] : [`*/${subresource}`];
  if (!includes(rule, 'apiGroups', request.group)) return false;
  if (!includes(rule, 'resources', request.resource, ...ofAll)) return false;
  const names = textsAt(rule, 'resourceNames');
  return names.length === 0 || (request.name !== undefined && names.includes(request.name));
}

function isSubject(subject: JsonObject, user: User): boolean {
  const [name, namespace] = [textAt(subject, 'name') ?? '', textAt(subject, 'namespace') ?? ''];
  switch (textAt(subject, 'kind')) {
    case 'ServiceAccount':
      return user.name === serviceAccountUser(namespace, name).name;
    case 'User':
      return user.name === name;
    case 'Group':
      return user.groups.includes(name);
    default:
      return false;
  }
}

/** The rules of the role that a binding names; none if there is no such role. */
function rulesOf(binding: StoredObject, { clusterRoles, roles }: Rights): readonly JsonObject[] {
  const ref = objectAt(binding, 'roleRef');
  const { namespace } = binding.metadata;
  const found =
    textAt(ref, 'kind') === 'ClusterRole'
      ? clusterRoles.find(({ metadata }) => metadata.name === ref['name'])
      : roles.find(({ metadata }) => metadata.name === ref['name'] && metadata.namespace === namespace);
  return found === undefined ? [] : objectsAt(found, 'rules');
}

/** Whether the user may make the request. */
export function isAllowed(rights: Rights, user: User, request: AskedRequest): boolean {
  if (user.groups.includes(masters)) return true;
  const grants = (bindings: readonly StoredObject[]): boolean =>
    bindings
      .filter((binding) => objectsAt(binding, 'subjects').some((subject) => isSubject(subject, user)))
      .some((binding) => rulesOf(binding, rights).some((rule) => ruleAllows(rule, request)));
  if (user.groups.includes('system:authenticated') && ruleAllows(discovery, request)) return true;
  if (grants(rights.clusterRoleBindings)) return true;
  if ('path' in request || request.namespace === undefined) return false;
  return grants(rights.roleBindings.filter(({ metadata }) => metadata.namespace === request.namespace));
}

/** Why the request is refused, in Kubernetes' words. */
export function refusalText(user: User, request: AskedRequest): string {
  if ('path' in request) return `User ${JSON.stringify(user.name)} cannot ${request.verb} path "${request.path}"`;
  const { verb, group, resource, namespace } = request;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return `User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
}
