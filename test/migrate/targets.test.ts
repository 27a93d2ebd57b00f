/** Whether each target is whole, and the kinds that plans may touch. */
import { apiVersionOf } from '../../api/kinds.ts';
import {
  deletesOwn,
  isOfOldPlugin,
  kindOf,
  leadsBack,
  newPluginOf,
  newPlugins,
  oldPlugin,
  plannedKinds,
  stepOf,
  targetNamed,
  targets,
  waysBack,
} from '../../src/migrate/targets.ts';

test('targets are found by name, and only those', () => {
  for (const target of targets) expect(targetNamed(target.name)).toBe(target);
  expect(() => targetNamed('unheard-of')).toThrow('there is no target unheard-of');
  expect(new Set(targets.map(({ name }) => name)).size).toBe(targets.length);
});

test('every kind that a plan may touch is known by its version and name, once', () => {
  expect(new Set(plannedKinds).size).toBe(plannedKinds.length);
  for (const kind of plannedKinds) expect(kindOf({ apiVersion: apiVersionOf(kind), kind: kind.kind })).toBe(kind);
  expect(kindOf({ apiVersion: 'v1', kind: 'Secret' })).toBeUndefined();
  expect(kindOf({ apiVersion: 'v2', kind: 'Node' })).toBeUndefined();
});

test('no target needs objects of a kind that it makes', () => {
  for (const { needs, makes } of targets) expect(needs.filter((kind) => makes.includes(kind))).toEqual([]);
});

test('every target has its steps once, the switch among them and finalize last', () => {
  for (const target of targets) {
    const names = target.steps.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name === 'switch')).toHaveLength(1);
    expect(names.at(-1)).toBe('finalize');
    for (const name of names) expect(stepOf({ target: target.name }, name).name).toBe(name);
  }
  expect(() => stepOf({ target: 'sdn' }, 'egress-ips')).toThrow('target sdn has no step egress-ips');
});

test('the objects of the old plugin are those of its group', () => {
  expect(isOfOldPlugin({ apiVersion: 'network.openshift.io/v1' })).toBe(true);
  for (const { apiVersion = 'v1' } of newPlugins) expect(isOfOldPlugin({ apiVersion })).toBe(false);
  for (const kind of oldPlugin.kinds) expect(isOfOldPlugin({ apiVersion: apiVersionOf(kind) })).toBe(true);
});

test('only the ways back lead back: the vendor’s to the old plugin itself, others from the plugin in their name', () => {
  const ways = waysBack.map(({ target }) => target);
  expect(targets.filter(({ name }) => leadsBack({ target: name }))).toEqual(ways);
  expect(ways.map(({ name }) => name)).toEqual([
    'sdn',
    'sdn-from-egressgateway',
    'sdn-from-antrea',
    'sdn-from-cilium',
    'sdn-from-kube-vip',
  ]);
  expect(waysBack.map(({ from, target }) => newPluginOf({ target: target.name }) === from.plugin)).not.toContain(false);
  expect(newPlugins).not.toContain(oldPlugin);
  expect([...ways, ...newPlugins]).toHaveLength(targets.length);
});

test('what finalize deletes belongs to others, what a withdrawn step deletes is the plan’s own', () => {
  const object = { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', name: 'x' };
  const deleting = (step: string) => ({ action: 'delete', step, object, from: [] }) as const;
  expect(deletesOwn({ target: 'ovn' }, deleting('finalize'))).toBe(false);
  expect(deletesOwn({ target: 'ovn' }, deleting('release-cloud-addresses'))).toBe(false);
  expect(deletesOwn({ target: 'ovn' }, deleting('egress-ips'))).toBe(true);
});
