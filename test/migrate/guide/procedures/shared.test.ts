import type { Facts } from '../../../../src/migrate/guide/facts.ts';
import { offline } from '../../../../src/migrate/guide/procedures/offline.ts';
import {
  apply,
  asked,
  cleared,
  emptied,
  finalize,
  firstReboot,
  isNotReturning,
  obstacles,
  plan,
  preflight,
  prepare,
  removed,
  rollout,
  secondReboot,
  switched,
} from '../../../../src/migrate/guide/procedures/shared.ts';
import type { Stage } from '../../../../src/migrate/guide/stage.ts';
import { standOf } from '../../../../src/migrate/guide/stand.ts';
import {
  absent,
  askingFor,
  config,
  daemonPod,
  daemonSet,
  factsOf,
  known,
  node,
  operator,
  ovnAnnotations,
  pendingLabel,
  planState,
  pool,
  unreadable,
  version,
  written,
} from '../facts-of.ts';
import { told } from '../stages-of.ts';

const configName = 'Network.config.openshift.io cluster';
const operatorName = 'Network.operator.openshift.io cluster';
const says = (stage: Stage, more: Partial<Facts> = {}): string => told(stage.done(factsOf(more)));
const command = (stage: Stage, more: Partial<Facts> = {}): string | undefined => stage.command(factsOf(more));
const notes = (stage: Stage, more: Partial<Facts> = {}): readonly string[] => stage.notes?.(factsOf(more)) ?? [];
const asking = config('OVNKubernetes', 'OpenShiftSDN');
const switchedOver = config('OVNKubernetes', 'OVNKubernetes');
const returning = config('OpenShiftSDN', 'OVNKubernetes');

it('proves by its stages that those before them were done, but for those that look at what may change again', () => {
  expect(offline.stages.filter(({ isProof }) => isProof === true).map(({ name }) => name)).toEqual([
    'set-migration',
    'switch',
    'second-reboot',
    'apply',
    'clear',
    'leftovers',
  ]);
});

describe('what stands in the way of a migration', () => {
  const release = (text: string, least = 12): string => told(obstacles(factsOf({ version: version(text) }), least));

  it('is a release before the first and after the last with the procedure', () => {
    expect(release('4.11.9')).toBe('no: release 4.11: this procedure is for 4.12 to 4.16');
    expect(release('4.12.0')).toBe('yes');
    expect(release('4.16.9')).toBe('yes');
    expect(release('4.17.0')).toBe('no: release 4.17: this procedure is for 4.12 to 4.16');
    expect(release('5.1.0')).toBe('no: release 5.1: this procedure is for 4.12 to 4.16');
    expect(release('4.14.0', 15)).toBe('no: release 4.14: this procedure is for 4.15 to 4.16');
  });

  it('is unknown if the release is', () => {
    expect(release('nightly')).toBe('unknown: ClusterVersion version: it names no release');
    expect(told(obstacles(factsOf({ version: absent }), 12))).toBe('unknown: ClusterVersion version: there is none');
  });

  it('is the multitenant mode, by the operator or by the ClusterNetwork', () => {
    const reason = 'no: the multitenant mode of OpenShift SDN: the vendor does not support its migration';
    const mode = (text: string) => operator({ defaultNetwork: { openshiftSDNConfig: { mode: text } } });
    expect(told(obstacles(factsOf({ operator: mode('Multitenant') }), 12))).toBe(reason);
    expect(told(obstacles(factsOf({ operator: mode('NetworkPolicy') }), 12))).toBe('yes');
    expect(told(obstacles(factsOf({ sdnPlugin: known('redhat/openshift-ovs-multitenant') }), 12))).toBe(reason);
    expect(told(obstacles(factsOf({ sdnPlugin: absent }), 12))).toBe('yes');
  });
});

describe('the preflight', () => {
  it('is done where OVN-Kubernetes is asked for already, or nothing stands in the way', () => {
    expect(says(preflight)).toBe('yes');
    expect(says(preflight, { version: version('4.12.0') })).toBe('yes');
    expect(says(preflight, { config: asking, version: version('4.11.0') })).toBe('yes');
    expect(says(preflight, { version: version('4.11.0') })).toMatch(/^no: release 4.11/);
    expect(command(preflight, { version: version('4.11.0') })).toBe('sdn-compat migrate inspect --from-cluster');
  });

  it('does not begin before a way back is finished, and leads there', () => {
    expect(says(preflight, { config: returning })).toBe(
      'no: a way back to OpenShift SDN was begun, and must be finished',
    );
    expect(command(preflight, { config: returning })).toBe('sdn-compat migrate guide --back');
    expect(told(isNotReturning(factsOf({ config: switchedOver })))).toBe('yes');
    expect(told(isNotReturning(factsOf()))).toBe('yes');
  });
});

describe('the plan', () => {
  it('is made when it is given', () => {
    expect(says(plan, { plan: planState() })).toBe('yes');
  });

  it('is to be made if none is given', () => {
    expect(says(plan)).toBe('no: no plan was given with --plan DIR');
    expect(command(plan)).toBe('sdn-compat migrate plan --to ovn --from-cluster --out plan');
  });

  it('is not known once the switch has begun', () => {
    expect(says(plan, { config: asking })).toBe(
      'unknown: give --plan DIR: without it, how far the plan is stays unknown',
    );
  });

  it('must be taken back as a whole once its way back has begun', () => {
    const going = { plan: planState({ phase: 'going-back', folder: 'mine' }) };
    expect(says(plan, going)).toBe('no: the way back of this plan was begun, and must be finished');
    expect(command(plan, going)).toBe('sdn-compat migrate guide --plan mine --back');
  });
});

describe('a part of the plan', () => {
  const pending = (before: number, after: number, finalize_: number) => ({
    plan: planState({ pending: { before, after, finalize: finalize_ } }),
  });

  it('is done when none of its changes is left, whatever is left of others', () => {
    expect(says(prepare, pending(0, 1, 1))).toBe('yes');
    expect(says(apply, pending(1, 0, 1))).toBe('yes');
    expect(says(finalize, pending(1, 1, 0))).toBe('yes');
  });

  it('says how many are left', () => {
    expect(says(prepare, pending(1, 9, 9))).toBe('no: 1 change of the plan is to be made');
    expect(says(apply, pending(9, 2, 9))).toBe('no: 2 changes of the plan are to be made');
  });

  it('is not known without the plan', () => {
    for (const stage of [prepare, apply])
      expect(says(stage)).toBe('unknown: give --plan DIR: without it, how far the plan is stays unknown');
  });

  it('is made by apply', () => {
    expect(command(prepare, pending(1, 1, 1))).toBe('sdn-compat migrate apply --plan plan');
    expect(command(apply, pending(1, 1, 1))).toBe('sdn-compat migrate apply --plan plan');
    expect(command(finalize, pending(0, 0, 1))).toBe(
      'sdn-compat migrate verify --plan plan --watch && sdn-compat migrate apply --plan plan --finalize',
    );
  });

  it('is over with the CRDs of OpenShift SDN: then there is nothing to clear', () => {
    const gone = { ...pending(0, 0, 4), hostSubnets: absent };
    expect(says(finalize, { ...gone, config: switchedOver })).toBe('yes');
    expect(says(finalize, gone)).toMatch(/^no: .*spec.networkType is OpenShiftSDN/);
    expect(says(finalize, { ...pending(0, 0, 4), config: switchedOver })).toMatch(
      /^no: clear OpenShift SDN's objects now/,
    );
    expect(says(finalize, { config: switchedOver, hostSubnets: absent })).toMatch(/^unknown: give --plan DIR/);
  });
});

describe('spec.migration before the switch', () => {
  const stage = emptied('OVNKubernetes');

  it('is empty, or asks for the plugin already, or is of no concern any more', () => {
    expect(says(stage)).toBe('yes');
    expect(says(stage, { operator: askingFor('OVNKubernetes') })).toBe('yes');
    expect(says(stage, { operator: operator({ migration: {} }), config: asking })).toBe('yes');
    expect(says(stage, { operator: askingFor('OpenShiftSDN') })).toBe(
      `no: ${operatorName}: spec.migration is set: OpenShiftSDN`,
    );
  });

  it('may have let the converter run if it asks for the plugin without the features', () => {
    expect(notes(stage, { operator: operator({ migration: { networkType: 'OVNKubernetes' } }) })).toEqual([
      expect.stringContaining("the vendor's converter may have changed objects already"),
    ]);
    expect(notes(stage, { operator: askingFor('OpenShiftSDN') })).toEqual([]);
    expect(notes(stage, { operator: absent })).toEqual([]);
  });

  it('asks for the plugin next', () => {
    const set = asked('OVNKubernetes');
    expect(says(set)).toBe(`no: ${operatorName}: spec.migration.networkType is not set`);
    expect(says(set, { operator: askingFor('OVNKubernetes') })).toBe('yes');
    expect(says(set, { config: switchedOver })).toBe('yes');
  });

  it.each([
    ['4.13.0', 'while OpenShift SDN still serves', 1],
    ['4.14.9', 'while OpenShift SDN still serves; 4.14 refuses features that come first', 1],
    ['4.15.0', 'while OpenShift SDN still serves', 1],
    ['4.16.0', 'runs when the type has switched', 2],
    ['nightly', 'while OpenShift SDN still serves', 2],
  ])('has the traps of its release: %s', (release, end, count) => {
    const found = notes(asked('OVNKubernetes'), { version: version(release) });
    expect(found).toHaveLength(count);
    expect(found[0]).toMatch(new RegExp(`${end}$`));
  });

  it('must not have an MTU beside the type on 4.16', () => {
    expect(notes(asked('OVNKubernetes'))[1]).toBe(
      '4.16 refuses spec.migration.mtu beside networkType, except in mode Live',
    );
  });
});

describe('the first reboot', () => {
  const noon = '2026-01-01T12:00:00Z';
  const takenUp = (metadata = {}) =>
    config('OpenShiftSDN', 'OpenShiftSDN', { status: { migration: { networkType: 'OVNKubernetes' } }, metadata });
  const since = written(noon, { 'f:status': { 'f:migration': { 'f:networkType': {} } } });
  const updated = (time: string) => known([pool('worker', { since: time })]);

  it('has not begun before the network operator took spec.migration up', () => {
    expect(says(firstReboot)).toBe('no: the network operator has not taken up spec.migration yet');
  });

  it('is over when every pool was updated after that', () => {
    const facts = { config: takenUp(since) };
    expect(says(firstReboot, { ...facts, pools: updated('2026-01-01T12:30:00Z') })).toBe('yes');
    expect(says(firstReboot, { ...facts, pools: updated('2026-01-01T11:30:00Z') })).toMatch(/^no: .* has not begun/);
  });

  it('goes by when spec.migration was written if the status does not tell', () => {
    const written_ = operator(
      { migration: {} },
      written(noon, { 'f:spec': { 'f:migration': { 'f:networkType': {} } } }),
    );
    const facts = { config: takenUp(), operator: written_ };
    expect(says(firstReboot, { ...facts, pools: updated('2026-01-01T12:30:00Z') })).toBe('yes');
    expect(says(firstReboot, { ...facts, pools: updated('2026-01-01T11:30:00Z') })).toMatch(/^no: .* has not begun/);
  });

  it('is unknown if nothing tells when, unless a pool is at work', () => {
    expect(says(firstReboot, { config: takenUp() })).toMatch(
      /^unknown: .*does not tell when spec.migration was taken up/,
    );
    expect(says(firstReboot, { config: takenUp(), operator: absent })).toMatch(/^unknown: /);
    expect(says(firstReboot, { config: takenUp(), pools: known([pool('worker', { on: [] })]) })).toMatch(
      /^no: MachineConfigPool worker is being updated/,
    );
  });

  it('is over when OVN-Kubernetes is asked for', () => {
    expect(says(firstReboot, { config: asking })).toBe('yes');
  });

  it('goes on when no pool is paused, and needs nothing but time then', () => {
    expect(command(firstReboot)).toBeUndefined();
    expect(command(firstReboot, { pools: known([pool('worker', { paused: true })]) })).toBe(
      `oc patch MachineConfigPool worker --type merge -p '{"spec":{"paused":false}}'`,
    );
  });
});

describe('the switch', () => {
  it('is done when the plugin is asked for', () => {
    const stage = switched('OVNKubernetes');
    expect(says(stage, { config: asking })).toBe('yes');
    expect(says(stage)).toBe(`no: ${configName}: spec.networkType is OpenShiftSDN`);
    expect(command(stage)).toContain(`{"spec":{"networkType":"OVNKubernetes"}}`);
  });

  it('is rolled out when the operator and multus are done', () => {
    const stage = rollout('OVNKubernetes');
    expect(says(stage, { config: switchedOver })).toBe('yes');
    expect(says(stage, { config: asking })).toMatch(/^no: .*status.networkType is OpenShiftSDN$/);
    expect(says(stage, { config: returning })).toMatch(/^no: .*spec.networkType is OpenShiftSDN$/);
    expect(says(stage, { config: switchedOver, multus: daemonSet([2, 1, 1]) })).toMatch(
      /^no: DaemonSet openshift-multus\/multus: 1 of 2 pods/,
    );
  });

  it('shows how far multus is once the operator is done, and has nothing to show before', () => {
    const stage = rollout('OVNKubernetes');
    expect(command(stage, { config: switchedOver })).toBe('oc -n openshift-multus rollout status daemonset/multus');
    expect(command(stage, { config: asking })).toBeUndefined();
  });
});

describe('the second reboot', () => {
  const metadata = written('2025-12-31T00:00:00Z', { 'f:spec': { 'f:networkType': {} } });
  const done: Partial<Facts> = {
    config: config('OVNKubernetes', 'OVNKubernetes', { metadata }),
    nodes: known([node('n1', { metadata: { annotations: ovnAnnotations } })]),
  };
  const stage = secondReboot('OVNKubernetes');

  it('is over when every node was rebooted and runs the plugin', () => {
    expect(says(stage, done)).toBe('yes');
    expect(command(stage, done)).toBeUndefined();
  });

  it('is not over before the switch, before the reboot, or before the plugin has set every node up', () => {
    expect(says(stage, { ...done, config: asking })).toMatch(/^no: /);
    const early = { ...done, daemons: known([daemonPod('n1', '2025-12-30T00:00:00Z')]) };
    expect(says(stage, early)).toMatch(/^no: 1 of 1 nodes were not rebooted/);
    expect(command(stage, early)).toMatch(/shutdown -r/);
    expect(says(stage, { ...done, nodes: known([node('n1')]) })).toMatch(/^no: OVN-Kubernetes has not annotated/);
    const labeled = { annotations: ovnAnnotations, labels: pendingLabel };
    expect(says(stage, { ...done, nodes: known([node('n1', { metadata: labeled })]) })).toMatch(/still to be switched/);
  });

  it('does not reboot nodes of which it is not known whether they were', () => {
    expect(command(stage, { ...done, daemons: unreadable })).toBeUndefined();
  });

  it('needs no annotations of OVN-Kubernetes on the way back', () => {
    const back = config('OpenShiftSDN', 'OpenShiftSDN', { metadata });
    expect(says(secondReboot('OpenShiftSDN'), { config: back, nodes: known([node('n1')]) })).toBe('yes');
  });
});

describe('the end', () => {
  it('is an empty spec.migration behind the switch', () => {
    const stage = cleared('OVNKubernetes');
    expect(says(stage, { config: switchedOver })).toBe('yes');
    expect(says(stage)).toMatch(/^no: /);
    expect(says(stage, { config: switchedOver, operator: askingFor('OVNKubernetes') })).toBe(
      `no: ${operatorName}: spec.migration is set: OVNKubernetes`,
    );
  });

  it('warns of the backup on the way there, and of later releases on the way back', () => {
    expect(notes(cleared('OVNKubernetes'))[0]).toMatch(/^the plan has the only backup/);
    expect(notes(cleared('OpenShiftSDN'))[0]).toMatch(/^releases from 4.22/);
  });

  it('is when the Namespace of the other plugin is gone', () => {
    const stage = removed('OVNKubernetes', 'openshift-sdn');
    expect(says(stage, { config: switchedOver })).toBe('no: Namespace openshift-sdn is still there');
    expect(says(stage, { config: switchedOver, pluginNamespaces: known(['openshift-ovn-kubernetes']) })).toBe('yes');
    expect(says(stage, { pluginNamespaces: known([]) })).toMatch(/^no: .*OpenShiftSDN/);
    expect(command(stage)).toBe('oc delete namespace openshift-sdn');
  });
});

describe('spec.networkType without spec.migration', () => {
  const missing =
    'no: Network.operator.openshift.io cluster: spec.migration is missing, so the operator does not take spec.networkType OVNKubernetes';

  it('is named, and to be taken back', () => {
    const done = planState({ pending: { before: 0, after: 1, finalize: 1 } });
    const stand = standOf(factsOf({ config: asking, plan: done }), offline);
    expect(stand.next).toMatchObject({ stage: 'set-migration', isWait: false });
    expect(stand.next?.command).toContain('"networkType":"OpenShiftSDN"');
    expect(stand.next?.notes.join()).toContain('too early');
    expect(says(asked('OVNKubernetes'), { config: asking })).toBe(missing);
    expect(command(asked('OpenShiftSDN'), { config: returning })).toContain('"networkType":"OVNKubernetes"');
  });

  it('is no matter once the operator has taken it', () => {
    expect(says(asked('OVNKubernetes'), { config: switchedOver })).toBe('yes');
    const migrating = { config: asking, operator: operator({ migration: { networkType: 'OVNKubernetes' } }) };
    expect(says(asked('OVNKubernetes'), migrating)).toBe('yes');
  });
});
