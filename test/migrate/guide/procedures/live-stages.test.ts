import type { Facts } from '../../../../src/migrate/guide/facts.ts';
import { live } from '../../../../src/migrate/guide/procedures/live.ts';
import { liveBack } from '../../../../src/migrate/guide/procedures/live-back.ts';
import { available, hasMTU, hosted, started } from '../../../../src/migrate/guide/procedures/live-stages.ts';
import { offline } from '../../../../src/migrate/guide/procedures/offline.ts';
import {
  absent,
  askingFor,
  condition,
  config,
  daemonSet,
  factsOf,
  known,
  liveAsked,
  node,
  operator,
  ovnAnnotations,
  pendingLabel,
  planState,
  pool,
  topology,
  version,
} from '../facts-of.ts';
import { saying, stageOf, told } from '../stages-of.ts';

const migrating = (...conditions: readonly object[]): Facts['config'] =>
  config('OVNKubernetes', 'OVNKubernetes', { status: { conditions }, metadata: liveAsked });
const completed = condition('InProgress', 'False', 'NetworkTypeMigrationCompleted');

describe('a live migration', () => {
  it('is not for a cluster whose control plane another one hosts', () => {
    expect(told(hosted(factsOf()))).toBe('yes');
    expect(told(hosted(factsOf({ infrastructure: topology('External') })))).toMatch(/^no: another cluster/);
  });

  it('needs the ConfigMap with the MTU', () => {
    expect(told(hasMTU(factsOf()))).toBe('yes');
    expect(told(hasMTU(factsOf({ mtuMaps: known(0) })))).toBe(
      'no: ConfigMap openshift-network-operator/mtu is missing: the migration would be stuck',
    );
  });

  it('needs a spec.migration with nothing in it but features', () => {
    const says = saying(live, 'clear-before');
    const migration = (fields: object) => factsOf({ operator: operator({ migration: fields }) });
    expect(says(factsOf())).toBe('yes');
    expect(says(migration({ features: { egressIP: false } }))).toBe('yes');
    expect(says(migration({ networkType: 'OVNKubernetes' }))).toMatch(/^no: .*is set: OVNKubernetes/);
    expect(says(migration({ mtu: {} }))).toMatch(/^no: .*is set: mtu/);
    expect(says(migration({ mode: 'Offline' }))).toMatch(/^no: .*is set: mode Offline/);
    expect(says(factsOf({ config: migrating(), operator: askingFor('OVNKubernetes') }))).toBe('yes');
  });

  it("needs the vendor's converter off, which is on where nothing stands", () => {
    const says = saying(live, 'set-features');
    expect(says(factsOf())).toMatch(/^no: .*features.egressIP .*features.egressFirewall .*features.multicast is not/);
    expect(says(factsOf({ operator: askingFor('') }))).toBe('yes');
    expect(
      says(factsOf({ operator: operator({ migration: { features: { egressIP: false, multicast: false } } }) })),
    ).toBe('no: Network.operator.openshift.io cluster: spec.migration.features.egressFirewall is not false');
  });

  it('is asked for by one patch, and warns of firewalls only on the way there', () => {
    expect(started('OVNKubernetes').notes?.(factsOf())).toHaveLength(3);
    expect(started('OpenShiftSDN').notes?.(factsOf())).toHaveLength(2);
    expect(saying(live, 'start')(factsOf())).toMatch(/^no: /);
    expect(saying(live, 'start')(factsOf({ config: migrating() }))).toBe('yes');
  });

  it('names both plugins the right way round', () => {
    expect(available('OVNKubernetes').title).toBe('OVN-Kubernetes is deployed beside OpenShift SDN');
    expect(available('OpenShiftSDN').title).toBe('OpenShift SDN is deployed beside OVN-Kubernetes');
  });

  it.each([
    ['available', 'TargetCNIAvailable'],
    ['mtu', 'MTUReady'],
    ['purged', 'OriginalCNIPurged'],
  ])('has the stage %s behind it with condition %s', (stage, type) => {
    const says = saying(live, stage);
    expect(says(factsOf({ config: migrating(condition(type, 'True')) }))).toBe('yes');
    expect(says(factsOf({ config: migrating() }))).toMatch(new RegExp(`${type} is Unknown`));
  });

  it('has every node switched when the condition says so, and labels and annotations too', () => {
    const says = saying(live, 'in-use');
    const inUse = migrating(condition('TargetCNIInUse', 'True'));
    const on = (metadata: Readonly<Record<string, unknown>>): Partial<Facts> => ({
      config: inUse,
      nodes: known([node('n1', { metadata })]),
    });
    expect(says(factsOf(on({ annotations: ovnAnnotations })))).toBe('yes');
    expect(says(factsOf(on({ annotations: ovnAnnotations, labels: pendingLabel })))).toMatch(/still to be switched/);
    expect(says(factsOf(on({})))).toMatch(/has not annotated Node n1/);
    const returned = config('OpenShiftSDN', 'OpenShiftSDN', {
      status: { conditions: [condition('TargetCNIInUse', 'True')] },
    });
    expect(saying(liveBack, 'in-use')(factsOf({ config: returned }))).toBe('yes');
  });

  it('waits for pools that are paused', () => {
    for (const name of ['mtu', 'in-use']) {
      const { command } = stageOf(live, name);
      expect(command(factsOf({ pools: known([pool('worker', { paused: true })]) }))).toContain(
        '{"spec":{"paused":false}}',
      );
      expect(command(factsOf())).toBeUndefined();
    }
  });

  it('loses its annotation when all is completed, and not before', () => {
    expect(saying(live, 'completed')(factsOf({ config: migrating(completed) }))).toBe('yes');
    const says = saying(live, 'annotation');
    expect(says(factsOf({ config: migrating(completed) }))).toMatch(/still has the annotation$/);
    expect(says(factsOf({ config: config('OVNKubernetes', 'OVNKubernetes') }))).toBe('yes');
    expect(says(factsOf())).toMatch(/^no: /);
  });
});

describe('the preflight of a live migration', () => {
  const says = saying(live, 'preflight');
  const { command, notes } = stageOf(live, 'preflight');

  it.each<readonly [string, Partial<Facts>, RegExp]>([
    [
      'a release that has none',
      { version: version('4.14.1') },
      /^no: release 4.14: this procedure is for 4.15 to 4.16/,
    ],
    ['a hosted control plane', { infrastructure: topology('External') }, /hosts the control plane/],
    ['no ConfigMap with the MTU', { mtuMaps: known(0) }, /mtu is missing/],
    [
      'a pod with a macvlan interface',
      { macvlanPods: known(['Pod shop/router']) },
      /^no: pods with a macvlan interface block it: Pod shop\/router/,
    ],
    ['a way back that is not over', { config: config('OpenShiftSDN', 'OVNKubernetes') }, /^no: a way back/],
  ])('finds %s', (_what, more, reason) => {
    expect(says(factsOf(more))).toMatch(reason);
  });

  it('finds nothing where nothing is, and looks no more once it is asked for', () => {
    expect(says(factsOf())).toBe('yes');
    expect(says(factsOf({ config: migrating(), mtuMaps: known(0) }))).toBe('yes');
  });

  it('offers the offline migration where only the live one is barred', () => {
    for (const more of [{ version: version('4.14.1') }, { version: version('4.12.0') }, { mtuMaps: known(0) }]) {
      expect(command(factsOf(more))).toBe('sdn-compat migrate guide --mode offline');
      expect(notes?.(factsOf(more))).toEqual(['fix what is named, or migrate offline']);
    }
  });

  it('offers a look at the cluster where both are barred, and the way back where that is not over', () => {
    for (const more of [{ version: version('4.11.1') }, { infrastructure: topology('External') }]) {
      expect(command(factsOf(more))).toBe('sdn-compat migrate inspect --from-cluster');
      expect(notes?.(factsOf(more))).toEqual([]);
    }
    expect(command(factsOf({ config: config('OpenShiftSDN', 'OVNKubernetes') }))).toBe(
      'sdn-compat migrate guide --back',
    );
  });
});

describe('the preflight of a live way back', () => {
  const over: Partial<Facts> = {
    config: config('OVNKubernetes', 'OVNKubernetes'),
    nodes: known([node('n1', { metadata: { annotations: ovnAnnotations } })]),
    ovnkube: daemonSet([1, 1, 1]),
    plan: planState({ phase: 'begun' }),
  };
  const facts = (more: Partial<Facts> = {}): Facts => factsOf({ ...over, ...more });
  const says = saying(liveBack, 'preflight');
  const { command } = stageOf(liveBack, 'preflight');
  const guide = 'sdn-compat migrate guide --plan plan';

  it('is done when the migration has succeeded', () => {
    expect(says(facts())).toBe('yes');
  });

  it.each<readonly [string, Partial<Facts>, RegExp, string]>([
    [
      'before 4.15, and offers the offline way',
      { version: version('4.14.8') },
      /^no: release 4.14: live migrations are for 4.15 to 4.16/,
      `${guide} --back --mode offline`,
    ],
    [
      'after 4.16, and offers a look',
      { version: version('4.17.0') },
      /^no: release 4.17 has no OpenShift SDN/,
      'sdn-compat migrate inspect --from-cluster',
    ],
    [
      'while the release is not known, and offers a look',
      { version: absent },
      /^unknown: /,
      'sdn-compat migrate inspect --from-cluster',
    ],
    [
      'before the migration has succeeded, and leads there',
      { nodes: known([node('n1')]) },
      /has not annotated/,
      `${guide} --to ovn`,
    ],
    [
      'without the MTU, and offers the offline way',
      { mtuMaps: known(0) },
      /mtu is missing/,
      `${guide} --back --mode offline`,
    ],
    [
      'with a hosted control plane, and offers a look',
      { infrastructure: topology('External') },
      /hosts the control plane/,
      'sdn-compat migrate inspect --from-cluster',
    ],
  ])('is not done %s', (_what, more, reason, next) => {
    expect(says(facts(more))).toMatch(reason);
    expect(command(facts(more))).toBe(next);
  });
});

it('proves what came before by what the operator or an admin can only do then', () => {
  const proving = ({ stages }: typeof live): readonly string[] =>
    stages.filter(({ isProof }) => isProof === true).map(({ name }) => name);
  expect(proving(live)).toEqual(['start', 'in-use', 'apply', 'completed', 'clear', 'annotation', 'leftovers']);
  expect(proving(liveBack)).toEqual(['start', 'in-use', 'completed', 'clear', 'annotation', 'leftovers']);
});

it('runs the same stages of the plan offline and live, in the same order', () => {
  const own = ['plan', 'prepare', 'apply', 'finalize', 'clear', 'leftovers'];
  for (const { stages } of [offline, live])
    expect(stages.map(({ name }) => name).filter((name) => own.includes(name))).toEqual(own);
});
