/** Discovery: lists of what is served, which clients read first. */
import type { JsonObject } from '../../model/values/json.ts';
import type { Registry } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import { unknownPath } from '../refusal.ts';

/** The Kubernetes version that this server imitates. */
export const versionInfo: JsonObject = {
  major: '1',
  minor: '26',
  gitVersion: 'v1.26.0+sdn-compat',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'linux/amd64',
};

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Subresources that are only posted to. */
const subresources: Readonly<Record<string, readonly JsonObject[]>> = {
  pods: [{ name: 'pods/binding', singularName: '', namespaced: true, kind: 'Binding', verbs: ['create'] }],
  serviceaccounts: [
    {
      name: 'serviceaccounts/token',
      singularName: '',
      namespaced: true,
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'TokenRequest',
      verbs: ['create'],
    },
  ],
};

function entriesOf(resource: Resource): readonly JsonObject[] {
  const { plural, singular, namespaced, kind, shortNames, categories, hasStatus, verbs } = resource;
  const entry = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbs ?? allVerbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
  const status = { name: `${plural}/status`, singularName: '', namespaced, kind, verbs: ['get', 'patch', 'update'] };
  const own = subresources[resource.id] ?? [];
  return [entry, ...(hasStatus ? [status] : []), ...own];
}

function groupEntry(name: string, versions: readonly string[]): JsonObject {
  const entries = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: entries, preferredVersion: entries[0] ?? {} };
}

function groups(registry: Registry): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, string[]>();
  for (const { group, version } of registry.all()) {
    const known = result.get(group) ?? [];
    if (group !== '' && !known.includes(version)) result.set(group, [...known, version]);
  }
  return result;
}

/** The document for all groups, or for one; throws a 404 if it is not served. */
function groupDocument(registry: Registry, name: string | undefined): JsonObject {
  const known = groups(registry);
  if (name === undefined) {
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [...known].map(([group, versions]) => groupEntry(group, versions)),
    };
  }
  const versions = known.get(name);
  if (versions === undefined) throw unknownPath();
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(name, versions) };
}

/** The document at /api, /apis, /api/v1, /apis/GROUP or /apis/GROUP/VERSION; throws a 404 if it is not served. */
export function discover(registry: Registry, parts: readonly string[]): JsonObject {
  const [root, first, second] = parts;
  if (parts.length > (root === 'api' ? 2 : 3)) throw unknownPath();
  if (root === 'api' && first === undefined)
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (root === 'apis' && second === undefined) return groupDocument(registry, first);
  const groupVersion = root === 'api' ? (first ?? '') : `${first ?? ''}/${second ?? ''}`;
  const resources = registry.byGroupVersion().get(groupVersion);
  if (resources === undefined) throw unknownPath();
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: resources.flatMap(entriesOf) };
}
