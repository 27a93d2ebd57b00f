import {
  infrastructures,
  type Kind,
  machineConfigPools,
  networkConfigs,
  networkOperators,
  pods,
} from '../../../api/kinds.ts';
import type { KubeClient, ListOptions } from '../../../src/io/kube/client.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import { procedureFor } from '../../../src/migrate/guide/choice.ts';
import { readFacts } from '../../../src/migrate/guide/read.ts';
import { standOf } from '../../../src/migrate/guide/stand.ts';
import { changesOf, signsOf } from '../../../src/migrate/guide/watch.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { withMTU, World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await World.begin(16);
});
afterEach(() => world.stop());

const patch = (kind: Kind, body: object): Promise<KubeObject> =>
  world.client.patch<KubeObject>(kind, { name: 'cluster' }, body, { type: 'merge', fieldManager: 'test' });
const offline = { direction: { to: 'ovn' }, mode: 'offline' } as const;
const live = { direction: { to: 'ovn' }, mode: 'live' } as const;

function forbidding(client: KubeClient, kind: Kind): KubeClient {
  const inner = withMTU(client);
  return {
    ...inner,
    list: <T extends KubeObject>(one: Kind, given?: ListOptions) =>
      one === kind ? Promise.reject(new ApiError(403, { message: 'no', code: 403 })) : inner.list<T>(one, given),
  };
}

test('what may not be read is unknown and named, and never done; what is proven later is passed over', async () => {
  await world.makePlan();
  const entries = { plan: world.plan!.plan, folder: 'plan', entries: [], withRestore: false };
  const signal = new AbortController().signal;
  const kinds = [networkConfigs, networkOperators, machineConfigPools, pods];
  for (const kind of kinds) {
    const facts = await readFacts(forbidding(world.client, kind), { signal, withPods: false, plan: entries });
    const choice = procedureFor(facts, offline);
    if (!choice.ok) throw new Error(choice.error);
    const { stages } = choice.value;
    for (const { done } of stages) {
      const answer = done(facts);
      if (answer.kind === 'unknown') expect(answer.reasons.join()).toContain(`missing right: list ${kind.plural}`);
    }
    const { unclear, next } = standOf(facts, choice.value);
    if (kind === networkConfigs || kind === networkOperators) {
      expect([unclear.length > 0, next]).toEqual([true, undefined]);
    } else expect(next?.stage).toBe('prepare');
  }
  // pools cannot be read, and the switch shows that they were done
  await world.run(`sdn-compat migrate apply --plan ${world.plan!.folder}`);
  for (let count = 0; count < 12 && (await world.look(offline)).next?.stage !== 'rollout'; count++) {
    const { next } = await world.look(offline);
    await (next!.isWait ? world.tick() : world.run(next!.command));
  }
  const facts = await readFacts(forbidding(world.client, machineConfigPools), { signal, withPods: false });
  const procedure = procedureFor(facts, offline);
  const stand = procedure.ok ? standOf(facts, procedure.value) : undefined;
  expect(stand?.next?.stage).toBe('rollout');
  expect(stand?.stages.find(({ stage }) => stage === 'plan')?.state).toBe('unknown');
});

test('pools that cannot be read leave the first reboot unknown', async () => {
  await world.makePlan();
  await world.run(`sdn-compat migrate apply --plan ${world.plan!.folder}`);
  await world.run((await world.look(offline)).next!.command);
  await world.tick();
  const facts = await readFacts(forbidding(world.client, machineConfigPools), {
    signal: new AbortController().signal,
    withPods: false,
  });
  const procedure = procedureFor({ ...facts, plan: undefined }, offline);
  const reboot = procedure.ok ? procedure.value.stages.find(({ name }) => name === 'first-reboot') : undefined;
  expect(reboot?.done(facts)).toEqual({
    kind: 'unknown',
    reasons: [
      'MachineConfigPools: it cannot be read: missing right: list machineconfigpools.machineconfiguration.openshift.io (no)',
    ],
  });
});

test('a rollout that has not begun is not taken for one that is done, and a paused pool is named', async () => {
  await world.makePlan();
  await world.run(`sdn-compat migrate apply --plan ${world.plan!.folder}`);
  await world.run((await world.look(offline)).next!.command);
  expect((await world.look(offline)).stages.find(({ state }) => state === 'now')?.reasons).toEqual([
    'the network operator has not taken up spec.migration yet',
  ]);
  await world.status(networkConfigs, { migration: { networkType: 'OVNKubernetes' } });
  expect((await world.look(offline)).stages.find(({ state }) => state === 'now')?.reasons).toEqual([
    expect.stringContaining('MachineConfigPool master has not begun') as string,
    expect.stringContaining('MachineConfigPool worker has not begun') as string,
  ]);
  const paused = { spec: { paused: true } };
  await world.client.patch(machineConfigPools, { name: 'worker' }, paused, { type: 'merge' });
  expect((await world.look(offline)).next?.command).toBe(
    `oc patch MachineConfigPool worker --type merge -p '{"spec":{"paused":false}}'`,
  );
});

test.each([
  ['networkType without features', { networkType: 'OVNKubernetes' }, 'clear-before'],
  ['mtu of another migration', { mtu: { network: { from: 1450, to: 1400 } } }, 'clear-before'],
  [
    'all three features false',
    { networkType: 'OVNKubernetes', features: { egressIP: false, egressFirewall: false, multicast: false } },
    'first-reboot',
  ],
])('spec.migration with %s', async (_, migration, stage) => {
  await world.makePlan();
  await world.run(`sdn-compat migrate apply --plan ${world.plan!.folder}`);
  await patch(networkOperators, { spec: { migration } });
  expect((await world.look(offline)).next?.stage).toBe(stage);
});

test('4.16 refuses mtu beside networkType, and not in mode Live', async () => {
  const mtu = { network: { from: 1450, to: 1400 } };
  await expect(
    patch(networkOperators, { spec: { migration: { networkType: 'OVNKubernetes', mtu } } }),
  ).rejects.toThrow();
  await patch(networkOperators, { spec: { migration: { networkType: 'OVNKubernetes', mtu, mode: 'Live' } } });
});

test('obstacles to a live migration are named, and lead offline or to a look at the cluster', async () => {
  await world.client.create(pods, {
    metadata: { name: 'router', namespace: 'shop', annotations: { 'pod.network.openshift.io/assign-macvlan': 'true' } },
    spec: { containers: [{ name: 'c', image: 'c' }] },
  } as KubeObject);
  const seen = await world.look(live);
  expect([seen.next?.command, seen.stages[0]?.reasons]).toEqual([
    'sdn-compat migrate guide --mode offline',
    ['pods with a macvlan interface block it: Pod shop/router'],
  ]);
  await patch(networkOperators, { spec: { defaultNetwork: { openshiftSDNConfig: { mode: 'Multitenant' } } } });
  expect((await world.look(live)).next?.command).toBe('sdn-compat migrate inspect --from-cluster');
  expect((await world.look(offline)).stages[0]?.reasons[0]).toContain('multitenant');
  await patch(networkOperators, { spec: { defaultNetwork: { openshiftSDNConfig: null } } });
  await world.client.patch(
    infrastructures,
    { name: 'cluster' },
    { status: { controlPlaneTopology: 'External' } },
    { type: 'merge' },
  );
  expect((await world.look(live)).stages[0]?.reasons[0]).toContain('another cluster hosts the control plane');
});

test('a live migration is not offered before 4.15, and the other mode is refused once one was begun', async () => {
  const old = await World.begin(14);
  try {
    expect((await old.look(live)).stages[0]?.reasons).toContain('release 4.14: this procedure is for 4.15 to 4.16');
  } finally {
    await old.stop();
  }
  await patch(networkConfigs, {
    metadata: { annotations: { 'network.openshift.io/network-type-migration': '' } },
    spec: { networkType: 'OVNKubernetes' },
  });
  expect((await world.look({})).procedure).toBe('live');
  await expect(world.look(offline)).rejects.toThrow('the live migration was begun: --mode live');
});

test('the way back is only for a migration that succeeded', async () => {
  await patch(networkConfigs, { spec: { networkType: 'OVNKubernetes' } });
  const half = await world.look({ direction: 'back' });
  expect([half.next?.stage, half.next?.command]).toEqual(['preflight', 'sdn-compat migrate guide --to ovn']);
});

test('a watch prints each change once', async () => {
  const look = async () => {
    const facts = await readFacts(withMTU(world.client), { signal: new AbortController().signal, withPods: false });
    const procedure = procedureFor(facts, {});
    if (!procedure.ok) throw new Error(procedure.error);
    return { facts, stand: standOf(facts, procedure.value) };
  };
  const before = signsOf(await look());
  expect(changesOf(signsOf(undefined), before)).toContain('status.networkType: OpenShiftSDN');
  expect(changesOf(before, signsOf(await look()))).toEqual([]);
  await world.status(networkConfigs, {
    conditions: [
      {
        type: 'NetworkTypeMigrationMTUReady',
        status: 'False',
        reason: 'MachineConfigPoolsUpdating',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  });
  expect(changesOf(before, signsOf(await look()))).toEqual([
    'condition NetworkTypeMigrationMTUReady: False (MachineConfigPoolsUpdating)',
  ]);
});
