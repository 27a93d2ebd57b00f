import { type Answer, no, unknown, yes } from '../../../src/migrate/guide/answer.ts';
import {
  annotated,
  asksFor,
  type Facts,
  hasNoAnnotation,
  hasNoMigration,
  nonePending,
  poolsPaused,
  poolsSettled,
  rebooted,
  releaseIn,
  rolledOut,
  saysType,
  some,
  switchedTo,
  wants,
} from '../../../src/migrate/guide/facts.ts';
import {
  absent,
  askingFor,
  config,
  daemonPod,
  daemonSet,
  factsOf,
  known,
  liveAsked,
  machineConfig,
  node,
  operator,
  ovnAnnotations,
  pendingLabel,
  planState,
  pool,
  type PoolFields,
  unreadable,
  version,
  written,
} from './facts-of.ts';

const configName = 'Network.config.openshift.io cluster';
const operatorName = 'Network.operator.openshift.io cluster';

describe('the release', () => {
  it('is read from the cluster version', () => {
    expect(releaseIn(factsOf({ version: version('4.16.3') }))).toEqual({ major: 4, minor: 16 });
  });

  it('is not known if there is none, or if it names no release', () => {
    expect(releaseIn(factsOf({ version: absent }))).toBeUndefined();
    expect(releaseIn(factsOf({ version: version('nightly') }))).toBeUndefined();
  });
});

describe('the plugin', () => {
  const half = factsOf({ config: config('OVNKubernetes', 'OpenShiftSDN') });

  it('is asked for by spec and said to run by status', () => {
    expect(wants(half, 'OVNKubernetes')).toEqual(yes);
    expect(saysType(half, 'OpenShiftSDN')).toEqual(yes);
    expect(wants(half, 'OpenShiftSDN')).toEqual(no(`${configName}: spec.networkType is OVNKubernetes`));
    expect(saysType(half, 'OVNKubernetes')).toEqual(no(`${configName}: status.networkType is OpenShiftSDN`));
  });

  it('is not set where nothing stands', () => {
    const empty = factsOf({ config: config('', '') });
    expect(wants(empty, 'OVNKubernetes')).toEqual(no(`${configName}: spec.networkType is not set`));
    expect(saysType(empty, 'OVNKubernetes')).toEqual(no(`${configName}: status.networkType is not set`));
  });

  it('is switched when both say so', () => {
    expect(switchedTo(half, 'OVNKubernetes').kind).toBe('no');
    expect(switchedTo(half, 'OpenShiftSDN').kind).toBe('no');
    expect(switchedTo(factsOf({ config: config('OVNKubernetes', 'OVNKubernetes') }), 'OVNKubernetes')).toEqual(yes);
  });
});

describe('spec.migration', () => {
  it('asks for the plugin if its type is that, and the converter is off', () => {
    expect(asksFor(factsOf({ operator: askingFor('OVNKubernetes') }), 'OVNKubernetes')).toEqual(yes);
  });

  it('does not if it asks for the other plugin, or for none', () => {
    expect(asksFor(factsOf({ operator: askingFor('OpenShiftSDN') }), 'OVNKubernetes')).toEqual(
      no(`${operatorName}: spec.migration.networkType is OpenShiftSDN`),
    );
    expect(asksFor(factsOf({ operator: operator({ migration: {} }) }), 'OVNKubernetes')).toEqual(
      no(`${operatorName}: spec.migration.networkType is not set`),
    );
    expect(asksFor(factsOf(), 'OVNKubernetes')).toEqual(no(`${operatorName}: spec.migration.networkType is not set`));
  });

  it('does not while the converter is on, and names each feature', () => {
    const features = { egressIP: false, multicast: true };
    const half = operator({ migration: { networkType: 'OVNKubernetes', features } });
    expect(asksFor(factsOf({ operator: half }), 'OVNKubernetes')).toEqual(
      no(
        `${operatorName}: spec.migration.features.egressFirewall is not false`,
        `${operatorName}: spec.migration.features.multicast is not false`,
      ),
    );
  });

  it('is empty if it is not there', () => {
    expect(hasNoMigration(factsOf())).toEqual(yes);
  });

  it.each([
    ['nothing in it', {}, 'spec.migration is set'],
    ['a type', { networkType: 'OVNKubernetes' }, 'spec.migration is set: OVNKubernetes'],
    [
      'mode and mtu',
      { networkType: 'OVNKubernetes', mode: 'Live', mtu: {} },
      'spec.migration is set: OVNKubernetes, mode Live, mtu',
    ],
    ['mtu alone', { mtu: { machine: { to: 9000 } } }, 'spec.migration is set: mtu'],
  ])('is not empty with %s', (_what, migration, reason) => {
    expect(hasNoMigration(factsOf({ operator: operator({ migration }) }))).toEqual(no(`${operatorName}: ${reason}`));
  });
});

it('knows by the annotation whether a live migration is asked for', () => {
  expect(hasNoAnnotation(factsOf())).toEqual(yes);
  expect(
    hasNoAnnotation(factsOf({ config: config('OVNKubernetes', 'OpenShiftSDN', { metadata: liveAsked }) })),
  ).toEqual(no(`${configName} still has the annotation`));
});

it('shows five names, and how many more there are', () => {
  expect(some(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c, d, e');
  expect(some(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe('a, b, c, d, e and 2 more');
});

describe('the machine config operator', () => {
  const settled = (fields: PoolFields, since?: number): Answer =>
    poolsSettled(factsOf({ pools: known([pool('worker', fields)]) }), since);
  const noon = Date.parse('2026-01-01T12:00:00Z');

  it('is done when every pool and every node is', () => {
    expect(poolsSettled(factsOf())).toEqual(yes);
  });

  it('is not known to be done without a pool, or if they cannot be read', () => {
    expect(poolsSettled(factsOf({ pools: known([]) }))).toEqual(unknown('MachineConfigPools: there is none'));
    expect(poolsSettled(factsOf({ pools: unreadable })).kind).toBe('unknown');
    expect(poolsSettled(factsOf({ nodes: unreadable })).kind).toBe('unknown');
  });

  it.each<readonly [string, PoolFields, string]>([
    ['is paused', { paused: true }, 'is paused, so its nodes are not rebooted'],
    ['is degraded', { on: ['Updated', 'Degraded'], updated: 1 }, 'is degraded: 1 of 3 nodes are done'],
    ['is not updated', { on: [] }, 'is being updated: 3 of 3 nodes are done'],
    ['is updating', { on: ['Updated', 'Updating'] }, 'is being updated: 3 of 3 nodes are done'],
    ['has another configuration', { has: 'rendered-0' }, 'is being updated: 3 of 3 nodes are done'],
    ['has a node that is not done', { updated: 2 }, 'is being updated: 2 of 3 nodes are done'],
  ])('is not done while a pool %s', (_what, fields, reason) => {
    expect(settled(fields)).toEqual(no(`MachineConfigPool worker ${reason}`));
  });

  it('has not begun if the pool was updated before the moment that counts', () => {
    const waiting = no('MachineConfigPool worker has not begun: it was last updated before 2026-01-01T12:00:00.000Z');
    expect(settled({ since: '2026-01-01T11:59:59Z' }, noon)).toEqual(waiting);
    expect(settled({}, noon)).toEqual(waiting);
    expect(settled({ since: '2026-01-01T12:00:00Z' }, noon)).toEqual(yes);
    expect(settled({ since: '2026-01-01T11:59:59Z' })).toEqual(yes);
  });

  it.each([
    ['at work', machineConfig('Working', 'a', 'a'), 'no'],
    ['done, with another configuration to come', machineConfig('Done', 'a', 'b'), 'no'],
    ['done', machineConfig('Done', 'b', 'b'), 'yes'],
    ['of no concern to it', {}, 'yes'],
  ])('looks at each node: one that is %s', (_what, metadata, kind) => {
    const answer = poolsSettled(factsOf({ nodes: known([node('n1', { metadata })]) }));
    expect(answer).toEqual(kind === 'yes' ? yes : no('the machine config operator is not done with Node n1'));
  });

  it('is paused if all pools are, and not paused if none is', () => {
    const mixed = factsOf({ pools: known([pool('a', { paused: true }), pool('b'), pool('c')]) });
    expect(poolsPaused(mixed, true)).toEqual(no('MachineConfigPool b, c are not paused'));
    expect(poolsPaused(mixed, false)).toEqual(no('MachineConfigPool a is paused'));
    expect(poolsPaused(factsOf(), false)).toEqual(yes);
    expect(poolsPaused(factsOf({ pools: known([pool('a', { paused: true })]) }), true)).toEqual(yes);
  });
});

describe('the reboot of all nodes', () => {
  const since = written('2026-01-01T12:00:00Z', { 'f:spec': { 'f:networkType': {} } });
  const switched = (more: Partial<Facts>): Facts =>
    factsOf({ config: config('OVNKubernetes', 'OVNKubernetes', { metadata: since }), ...more });
  const daemons = (first: string | undefined, second: string | undefined): Facts['daemons'] =>
    known([daemonPod('n1', first), daemonPod('n2', second)]);
  const later = '2026-01-01T12:10:00Z';
  const earlier = '2026-01-01T11:50:00Z';

  it('is over when the pods that start with each node started after the switch, or with it', () => {
    expect(rebooted(switched({ daemons: daemons(later, '2026-01-01T12:00:00Z') }))).toEqual(yes);
  });

  it('is not over while a pod runs from before', () => {
    expect(rebooted(switched({ daemons: daemons(earlier, later) }))).toEqual(
      no('1 of 2 nodes were not rebooted since the switch: n1'),
    );
  });

  it('is not over on a node that still has the boot ID of when the way back began', () => {
    const nodes = known([node('n1', { bootID: 'old' }), node('n2', { bootID: 'new' })]);
    const plan = planState({
      boots: new Map([
        ['n1', 'old'],
        ['n2', 'old'],
      ]),
    });
    expect(rebooted(switched({ daemons: daemons(later, later), nodes, plan }))).toEqual(
      no('1 of 2 nodes were not rebooted since the switch: n1'),
    );
  });

  it('counts a node once, whatever tells that it waits, and sorts them', () => {
    const nodes = known([node('n2', { bootID: 'old' }), node('n1')]);
    const plan = planState({ boots: new Map([['n2', 'old']]) });
    expect(rebooted(switched({ daemons: daemons(earlier, earlier), nodes, plan }))).toEqual(
      no('2 of 2 nodes were not rebooted since the switch: n1, n2'),
    );
  });

  it('does not take a boot ID that nobody knows for one that is the same', () => {
    const plan = planState({
      boots: new Map([
        ['n1', ''],
        ['n2', ''],
      ]),
    });
    expect(rebooted(switched({ daemons: daemons(later, later), plan }))).toEqual(yes);
  });

  it('is unknown of a node whose pod does not run', () => {
    expect(rebooted(switched({ daemons: daemons(later, undefined) }))).toEqual(
      unknown('no running pod machine-config-daemon shows when Node n2 was started'),
    );
    expect(rebooted(switched({ daemons: daemons(earlier, undefined) })).kind).toBe('no');
  });

  it('is unknown if nothing tells when the switch was', () => {
    expect(rebooted(factsOf({ config: config('OVNKubernetes', 'OVNKubernetes') }))).toEqual(
      unknown(`${configName}: metadata.managedFields does not tell when spec.networkType was set`),
    );
    expect(rebooted(factsOf({ config: unreadable })).kind).toBe('unknown');
    expect(rebooted(switched({ daemons: unreadable })).kind).toBe('unknown');
  });
});

it('waits for the annotations of OVN-Kubernetes on every node', () => {
  const set = node('n1', { metadata: { annotations: ovnAnnotations } });
  expect(annotated(factsOf({ nodes: known([set]) }))).toEqual(yes);
  expect(annotated(factsOf({ nodes: known([set, node('n2')]) }))).toEqual(
    no('OVN-Kubernetes has not annotated Node n2'),
  );
});

it('waits for a live migration to take its label from every node', () => {
  expect(nonePending(factsOf())).toEqual(yes);
  expect(
    nonePending(factsOf({ nodes: known([node('n1', { metadata: { labels: pendingLabel } }), node('n2')]) })),
  ).toEqual(no('1 of 2 nodes are still to be switched (label migration.network.openshift.io/plugin): n1'));
});

describe('a DaemonSet', () => {
  it('is rolled out when all its pods are new and available, and its controller has seen the template', () => {
    expect(rolledOut(daemonSet([3, 3, 3]), 'a/b')).toEqual(yes);
    expect(rolledOut(daemonSet([3, 4, 4], [2, 3]), 'a/b')).toEqual(yes);
  });

  it.each([
    ['its pods are of an older template', daemonSet([3, 2, 3]), '2 of 3 pods are updated, 3 available'],
    ['its pods are not available', daemonSet([3, 3, 2]), '3 of 3 pods are updated, 2 available'],
    ['its controller has not seen the template', daemonSet([3, 3, 3], [2, 1]), '3 of 3 pods are updated, 3 available'],
  ])('is not while %s', (_what, one, counts) => {
    expect(rolledOut(one, 'a/b')).toEqual(no(`DaemonSet a/b: ${counts}`));
  });

  it('is unknown if it is not there', () => {
    expect(rolledOut(absent, 'a/b')).toEqual(unknown('DaemonSet a/b: there is none'));
  });
});
