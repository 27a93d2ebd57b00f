/** EgressNetworkPolicies that are gone: with their kind they go on to count, and by somebody's hand they do not. */
import { customResourceDefinitions, egressFirewalls, egressNetworkPolicies, namespaces } from '../../api/kinds.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { until, World } from './running.ts';

let world: World;
const definition = { name: 'egressnetworkpolicies.network.openshift.io' };
const firewall = { name: 'default', namespace: 'red' };
const policy = { name: 'rules', namespace: 'red' };
const deny = { type: 'Deny', to: { cidrSelector: '198.51.100.0/24' } };

beforeEach(async () => {
  world = await World.up('B');
  await world.startFacade();
  await world.namespace('red');
  const object: KubeObject & { readonly spec: object } = {
    metadata: { ...policy, labels: { team: 'red' } },
    spec: { egress: [deny] },
  };
  await world.client.create(egressNetworkPolicies, object);
  await until('red has its rules', () => hasRules());
});
afterEach(() => world.down());

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

async function hasRules(): Promise<boolean> {
  const found = await world.client.get<KubeObject>(egressFirewalls, firewall);
  return JSON.stringify(found ?? {}).includes('198.51.100.0/24');
}

test('a policy that went with its kind is made again when that is back, and its firewall stays all the while', async () => {
  const { metadata, ...rest } = (await world.client.get<KubeObject>(customResourceDefinitions, definition))!;
  // the time of a definition is in whole seconds
  await pause(1_100);
  await world.client.delete(customResourceDefinitions, definition);
  for (let looks = 0; looks < 60; looks++) {
    expect(await hasRules()).toBe(true);
    await pause(25);
  }
  const again: KubeObject = { ...rest, metadata: { name: metadata.name! } };
  await world.client.create(customResourceDefinitions, again);
  const back = await until('the policy', () => world.client.get<KubeObject>(egressNetworkPolicies, policy));
  expect(back).toMatchObject({ metadata: { labels: { team: 'red' } }, spec: { egress: [deny] } });
  await pause(500);
  expect(await hasRules()).toBe(true);
});

test('a policy that somebody deletes is gone, and one that is made later counts', async () => {
  await world.client.delete(egressNetworkPolicies, policy);
  await until('the firewall is gone', async () => !(await hasRules()));
  expect(await world.client.get(egressNetworkPolicies, policy)).toBeUndefined();
  const object: KubeObject & { readonly spec: object } = { metadata: policy, spec: { egress: [deny] } };
  await world.client.create(egressNetworkPolicies, object);
  await until('red has its rules again', hasRules);
});

test('a policy goes with its namespace', async () => {
  await world.client.delete(namespaces, { name: 'red' });
  await until('the namespace is gone', async () => (await world.client.get(namespaces, { name: 'red' })) === undefined);
  await pause(1_500);
  expect((await world.client.list(egressNetworkPolicies)).items).toEqual([]);
});
