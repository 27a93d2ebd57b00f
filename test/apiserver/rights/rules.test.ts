/** What RBAC allows, case by case. */
import {
  type AskedRequest,
  isAllowed,
  masters,
  type Rights,
  ruleAllows,
  serviceAccountUser,
} from '../../../src/apiserver/rights/rules.ts';
import type { StoredObject } from '../../../src/apiserver/store/object.ts';
import type { JsonObject } from '../../../src/model/values/json.ts';

const ask = (
  verb: string,
  resource: string,
  more: { namespace?: string; name?: string; group?: string } = {},
): AskedRequest => ({
  verb,
  resource,
  group: more.group ?? '',
  namespace: more.namespace,
  name: more.name,
});
const rule = (resources: readonly string[], verbs: readonly string[], more: JsonObject = {}): JsonObject => ({
  apiGroups: [''],
  resources,
  verbs,
  ...more,
});

test.each<readonly [string, JsonObject, AskedRequest, boolean]>([
  ['the verb and the resource', rule(['pods'], ['list']), ask('list', 'pods'), true],
  ['another verb', rule(['pods'], ['list']), ask('watch', 'pods'), false],
  ['another resource', rule(['pods'], ['list']), ask('list', 'nodes'), false],
  ['another group', rule(['pods'], ['list']), ask('list', 'pods', { group: 'apps' }), false],
  ['every verb', rule(['pods'], ['*']), ask('deletecollection', 'pods'), true],
  ['every group', rule(['pods'], ['list'], { apiGroups: ['*'] }), ask('list', 'pods', { group: 'apps' }), true],
  ['a resource is not its subresource', rule(['pods'], ['patch']), ask('patch', 'pods/status'), false],
  ['a subresource is not its resource', rule(['pods/status'], ['patch']), ask('patch', 'pods'), false],
  ['the subresource of each resource', rule(['*/status'], ['patch']), ask('patch', 'pods/status'), true],
  ['every resource, with subresources', rule(['*'], ['patch']), ask('patch', 'pods/status'), true],
  ['the name', rule(['pods'], ['get'], { resourceNames: ['a'] }), ask('get', 'pods', { name: 'a' }), true],
  ['another name', rule(['pods'], ['get'], { resourceNames: ['a'] }), ask('get', 'pods', { name: 'b' }), false],
  ['a name, and a request without', rule(['pods'], ['create'], { resourceNames: ['a'] }), ask('create', 'pods'), false],
  ['a path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, { verb: 'get', path: '/metrics' }, true],
  ['a path below', { verbs: ['get'], nonResourceURLs: ['/logs/*'] }, { verb: 'get', path: '/logs/a' }, true],
  ['another path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, { verb: 'get', path: '/metrics/x' }, false],
  ['a path is no resource', rule(['*'], ['*']), { verb: 'get', path: '/metrics' }, false],
])('%s', (_what, given, request, allowed) => {
  expect(ruleAllows(given, request)).toBe(allowed);
});

const stored = (name: string, more: JsonObject, namespace?: string): StoredObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'X',
  metadata: {
    name,
    uid: '',
    resourceVersion: '1',
    creationTimestamp: '',
    ...(namespace === undefined ? {} : { namespace }),
  },
  ...more,
});
const subjects = [{ kind: 'ServiceAccount', name: 'sa', namespace: 'home' }];
const user = serviceAccountUser('home', 'sa');
const none: Rights = { clusterRoles: [], roles: [], clusterRoleBindings: [], roleBindings: [] };
const clusterRole = stored('r', { rules: [rule(['pods'], ['list'])] });
const role = stored('r', { rules: [rule(['pods'], ['list'])] }, 'shop');
const toClusterRole = { subjects, roleRef: { kind: 'ClusterRole', name: 'r' } };
const toRole = { subjects, roleRef: { kind: 'Role', name: 'r' } };

test.each<readonly [string, Partial<Rights>, readonly [cluster: boolean, shop: boolean, bank: boolean]]>([
  ['nothing', { clusterRoles: [clusterRole] }, [false, false, false]],
  [
    'a ClusterRoleBinding',
    { clusterRoles: [clusterRole], clusterRoleBindings: [stored('b', toClusterRole)] },
    [true, true, true],
  ],
  [
    'a RoleBinding to a ClusterRole',
    { clusterRoles: [clusterRole], roleBindings: [stored('b', toClusterRole, 'shop')] },
    [false, true, false],
  ],
  ['a RoleBinding to a Role', { roles: [role], roleBindings: [stored('b', toRole, 'shop')] }, [false, true, false]],
  [
    'a RoleBinding to a Role of another namespace',
    { roles: [role], roleBindings: [stored('b', toRole, 'bank')] },
    [false, false, false],
  ],
  ['a binding to a role that is missing', { clusterRoleBindings: [stored('b', toClusterRole)] }, [false, false, false]],
])('who is bound by %s may list pods in the cluster, in shop, in bank: %j', (_what, given, allowed) => {
  const may = (namespace?: string): boolean =>
    isAllowed({ ...none, ...given }, user, ask('list', 'pods', namespace === undefined ? {} : { namespace }));
  expect([may(), may('shop'), may('bank')]).toEqual(allowed);
});

test('bindings name a ServiceAccount, a user or a group, and nobody else has the rights', () => {
  const by = (subject: JsonObject): Rights => ({
    ...none,
    clusterRoles: [clusterRole],
    clusterRoleBindings: [stored('b', { ...toClusterRole, subjects: [subject] })],
  });
  const may = (subject: JsonObject): boolean => isAllowed(by(subject), user, ask('list', 'pods'));
  expect(may({ kind: 'User', name: 'system:serviceaccount:home:sa' })).toBe(true);
  expect(may({ kind: 'Group', name: 'system:serviceaccounts:home' })).toBe(true);
  expect(may({ kind: 'ServiceAccount', name: 'sa', namespace: 'shop' })).toBe(false);
  expect(may({ kind: 'ServiceAccount', name: 'sa' })).toBe(false);
  expect(may({ kind: 'Group', name: 'system:serviceaccounts:shop' })).toBe(false);
});

test('masters may do everything, and who is known reads what is served', () => {
  expect(isAllowed(none, { name: 'x', groups: [masters] }, ask('delete', 'nodes', { name: 'n' }))).toBe(true);
  expect(isAllowed(none, user, { verb: 'get', path: '/apis/apps/v1' })).toBe(true);
  expect(isAllowed(none, user, { verb: 'get', path: '/metrics' })).toBe(false);
});
