import { Registry } from '../../../src/apiserver/kinds/registry.ts';
import { groupVersion, type Resource } from '../../../src/apiserver/kinds/resource.ts';
import { thingKind } from '../things.ts';

const plurals = (kinds: readonly Resource[] | undefined): string[] | undefined => kinds?.map(({ plural }) => plural);
const crd = 'things.example.org';

it('has the kinds of Kubernetes that are needed, and projects', () => {
  const byVersion = new Registry().byGroupVersion();
  expect([...byVersion].map(([version, kinds]) => `${version}: ${plurals(kinds)?.join(' ') ?? ''}`)).toEqual([
    'v1: namespaces nodes pods events services persistentvolumeclaims serviceaccounts',
    'networking.k8s.io/v1: networkpolicies',
    'coordination.k8s.io/v1: leases',
    'apiextensions.k8s.io/v1: customresourcedefinitions',
    'discovery.k8s.io/v1: endpointslices',
    'apps/v1: deployments daemonsets',
    'batch/v1: jobs',
    'policy/v1: poddisruptionbudgets',
    'rbac.authorization.k8s.io/v1: clusterroles clusterrolebindings roles rolebindings',
    'authentication.k8s.io/v1: tokenreviews',
    'authorization.k8s.io/v1: subjectaccessreviews',
    'project.openshift.io/v1: projects projectrequests',
  ]);
});

it('finds a kind by group, version and plural, and by nothing less', () => {
  const registry = new Registry();
  expect(registry.find('', 'v1', 'pods')?.kind).toBe('Pod');
  expect(registry.find('', 'v2', 'pods')).toBeUndefined();
  expect(registry.find('example.org', 'v1', 'pods')).toBeUndefined();
  expect(registry.find('', 'v1', 'Pod')).toBeUndefined();
});

it('serves the versions of a CRD until they are replaced', () => {
  const registry = new Registry();
  const [one, two] = [thingKind(), thingKind({ version: 'v2' })];
  registry.set(crd, [one, two]);
  expect(registry.find('example.org', 'v1', 'things')).toBe(one);
  expect(registry.ofCrd(crd)).toEqual([one, two]);
  registry.set(crd, [two]);
  expect(registry.find('example.org', 'v1', 'things')).toBeUndefined();
  expect(registry.find('example.org', 'v2', 'things')).toBe(two);
  registry.set(crd, []);
  expect([registry.ofCrd(crd), registry.all().some(({ custom }) => custom)]).toEqual([[], false]);
});

it('leaves other kinds alone when a CRD changes', () => {
  const registry = new Registry();
  const before = registry.all();
  registry.set('others.example.org', [thingKind({ plural: 'others' })]);
  registry.set(crd, [thingKind()]);
  registry.set(crd, []);
  expect(plurals(registry.byGroupVersion().get('example.org/v1'))).toEqual(['others']);
  expect(registry.all()).toHaveLength(before.length + 1);
});

it('knows nothing of a CRD that it does not have', () => {
  expect(new Registry().ofCrd(crd)).toEqual([]);
});

it('names the core group by its version alone', () => {
  expect([groupVersion({ group: '', version: 'v1' }), groupVersion({ group: 'a.b', version: 'v2' })]).toEqual([
    'v1',
    'a.b/v2',
  ]);
});
