import type { Facts } from '../../../../src/migrate/guide/facts.ts';
import type { PlanState } from '../../../../src/migrate/guide/plan-state.ts';
import { arrived, back, released, restore, undo } from '../../../../src/migrate/guide/procedures/back.ts';
import {
  absent,
  askingFor,
  condition,
  config,
  daemonSet,
  factsOf,
  known,
  node,
  ovnAnnotations,
  planState,
  pool,
  unreadable,
  version,
} from '../facts-of.ts';
import { saying, stageOf, told } from '../stages-of.ts';

const succeeded: Partial<Facts> = {
  config: config('OVNKubernetes', 'OVNKubernetes'),
  nodes: known([node('n1', { metadata: { annotations: ovnAnnotations } })]),
  ovnkube: daemonSet([1, 1, 1]),
};
const over = factsOf(succeeded);
const changed = (more: Partial<Facts>): Facts => factsOf({ ...succeeded, ...more });

describe('OpenShift SDN', () => {
  it('is in every release up to 4.16', () => {
    expect(told(released(factsOf({ version: version('4.16.9') })))).toBe('yes');
    expect(told(released(factsOf({ version: version('4.17.0') })))).toBe(
      'no: release 4.17 has no OpenShift SDN any more',
    );
    expect(told(released(factsOf({ version: version('5.0.0') })))).toBe(
      'no: release 5.0 has no OpenShift SDN any more',
    );
    expect(told(released(factsOf({ version: version('x') })))).toMatch(/^unknown: .*names no release/);
    expect(told(released(factsOf({ version: absent })))).toMatch(/^unknown: /);
  });
});

describe('a migration has succeeded', () => {
  it('when OVN-Kubernetes runs on every node and nothing is in progress', () => {
    expect(told(arrived(over))).toBe('yes');
  });

  it.each<readonly [string, Partial<Facts>, RegExp]>([
    ['before the switch', { config: config('OVNKubernetes', 'OpenShiftSDN') }, /status.networkType/],
    ['while a node is not set up', { nodes: known([node('n1')]) }, /has not annotated Node n1/],
    ['while its DaemonSet is not rolled out', { ovnkube: daemonSet([2, 2, 1]) }, /ovnkube-node: 2 of 2/],
    [
      'while a live migration is in progress',
      {
        config: config('OVNKubernetes', 'OVNKubernetes', { status: { conditions: [condition('InProgress', 'True')] } }),
      },
      /^no: the live migration is in progress: condition/,
    ],
  ])('not %s', (_when, more, reason) => {
    expect(told(arrived(changed(more)))).toMatch(reason);
  });

  it('and only then the way back begins', () => {
    const preflight = saying(back, 'preflight');
    expect(preflight(over)).toBe('yes');
    expect(preflight(changed({ ovnkube: absent }))).toMatch(/^unknown: /);
    expect(preflight(changed({ ovnkube: absent, operator: askingFor('OpenShiftSDN') }))).toBe('yes');
    expect(preflight(changed({ version: version('4.18.0') }))).toMatch(/^no: release 4.18/);
    expect(preflight(factsOf({ version: version('4.18.0') }))).toBe('yes');
  });

  it('else the migration is to be finished, or there is no way back at all', () => {
    const { command } = stageOf(back, 'preflight');
    expect(command(over)).toBe('sdn-compat migrate guide --to ovn');
    expect(command(changed({ version: version('4.18.0') }))).toBe('sdn-compat migrate inspect --from-cluster');
  });
});

describe('the pools', () => {
  const paused = known([pool('worker', { paused: true })]);

  it('are paused before the way back, until OpenShift SDN is asked for', () => {
    const says = saying(back, 'pause');
    expect(says(over)).toBe('no: MachineConfigPool master, worker are not paused');
    expect(says(changed({ pools: paused }))).toBe('yes');
    expect(says(factsOf())).toBe('yes');
    const { command } = stageOf(back, 'pause');
    expect(command(over)).toContain('{"spec":{"paused":true}}');
    expect(command(changed({ pools: paused }))).toBeUndefined();
  });

  it('are not paused any more behind the reboots', () => {
    const says = saying(back, 'unpause');
    expect(says(over)).toMatch(/^no: .*spec.networkType is OVNKubernetes/);
    expect(says(factsOf({ pools: paused }))).toBe('no: MachineConfigPool worker is paused');
    expect(says(factsOf())).toBe('yes');
    const { command } = stageOf(back, 'unpause');
    expect(command(factsOf({ pools: paused }))).toContain('{"spec":{"paused":false}}');
    expect(command(factsOf())).toBeUndefined();
  });

  it('are waited for then', () => {
    const says = saying(back, 'settled');
    expect(says(factsOf())).toBe('yes');
    expect(says(over)).toMatch(/^no: /);
    expect(says(factsOf({ pools: known([pool('worker', { on: [] })]) }))).toMatch(/^no: .*is being updated/);
    expect(stageOf(back, 'settled').command(over)).toBeUndefined();
  });
});

describe('the objects of OpenShift SDN', () => {
  const says = (more: Partial<Facts>): string => told(restore.done(changed(more)));
  const going = (count: number, phase: PlanState['phase'] = 'going-back', unserved: readonly string[] = []) => ({
    plan: planState({ phase, restore: known({ count, unserved, isNever: false, doubts: [] }) }),
  });

  it('can be restored when their CRDs have come back', () => {
    expect(says({ ...going(2), hostSubnets: absent })).toBe(
      'no: the operator has not brought the CRDs of OpenShift SDN back yet',
    );
    expect(restore.command(changed({ ...going(2), hostSubnets: absent }))).toBeUndefined();
    expect(restore.command(changed(going(2)))).toBe('sdn-compat migrate back --plan plan');
  });

  it('are restored when nothing is left to do, and the way back was begun', () => {
    expect(says(going(0))).toBe('yes');
    expect(says(going(1))).toBe('no: 1 object is to be restored');
    expect(says(going(2))).toBe('no: 2 objects are to be restored');
    expect(says(going(0, 'begun'))).toBe('no: the way back of the plan has not begun');
  });

  it('wait for each kind that the API server does not serve yet', () => {
    expect(says(going(0, 'going-back', ['HostSubnet']))).toBe('no: the API server does not serve HostSubnet yet');
    expect(says(going(2, 'going-back', ['HostSubnet', 'NetNamespace']))).toBe(
      'no: the API server does not serve HostSubnet, NetNamespace yet',
    );
  });

  it('need nothing if the plan changed nothing, or is taken back', () => {
    for (const phase of ['untouched', 'back'] as const) expect(says({ plan: planState({ phase }) })).toBe('yes');
  });

  it('are left while the cluster shows that the plan was begun, whatever its journal says', () => {
    for (const phase of ['untouched', 'back'] as const) {
      expect(says(going(5, phase))).toBe('no: 5 objects are to be restored');
      expect(says({ plan: planState({ phase, restore: unreadable }) })).toMatch(/^unknown: /);
      expect(told(undo.done(factsOf(going(0, phase))))).toMatch(/^no: .*the cluster shows that it was begun$/);
    }
    const restore = known({ count: 0, unserved: [], isNever: false, doubts: ['Policy p is gone'] });
    expect(says({ plan: planState({ restore }) })).toBe('no: Policy p is gone');
  });

  it('are unknown without the plan, or if its objects cannot be read', () => {
    expect(says({})).toMatch(/^unknown: give --plan DIR/);
    expect(says({ plan: planState({ phase: 'begun', restore: unreadable }) })).toMatch(
      /^unknown: what the plan restores: it cannot be read/,
    );
  });

  it('are restored once OpenShift SDN is switched to', () => {
    expect(told(restore.done(factsOf(going(2))))).toBe('yes');
  });

  it('are applied by a plan that was made of the way back', () => {
    const plan = (before: number) => ({
      plan: planState({ target: 'sdn', pending: { before, after: 1, finalize: 1 } }),
    });
    expect(says(plan(0))).toBe('yes');
    expect(says(plan(3))).toBe('no: 3 changes are to be made');
    expect(restore.command(changed(plan(3)))).toBe('sdn-compat migrate apply --plan plan');
  });

  it('can be planned without the folder of the plan, which the guide says only then', () => {
    expect(restore.notes?.(over)).toHaveLength(2);
    expect(restore.notes?.(changed(going(1)))).toHaveLength(1);
  });
});

describe('what the plan made', () => {
  const says = (more: Partial<Facts>): string => told(undo.done(factsOf(more)));

  it('is all taken back, or was never made', () => {
    expect(says({ plan: planState({ phase: 'back' }) })).toBe('yes');
    expect(says({ plan: planState({ phase: 'untouched' }) })).toBe('yes');
  });

  it('is left until the way back has ended', () => {
    const plan = planState({ phase: 'going-back' });
    expect(says({ plan })).toBe('no: EgressIPs, EgressFirewalls, labels and annotations of the plan are left');
    expect(told(undo.done(changed({ plan })))).toMatch(/^no: .*status.networkType is OVNKubernetes; EgressIPs/);
    expect(undo.command(factsOf({ plan }))).toBe('sdn-compat migrate back --plan plan');
  });

  it('is unknown without the plan', () => {
    expect(says({})).toBe('unknown: give --plan DIR: without it, what is left stays unknown');
  });

  it('is removed by the last steps of a plan that was made of the way back', () => {
    const plan = (after: number, finalize: number) =>
      planState({ target: 'sdn', pending: { before: 9, after, finalize } });
    expect(says({ plan: plan(0, 0) })).toBe('yes');
    expect(says({ plan: plan(1, 2) })).toBe('no: 3 changes are to be made');
    expect(undo.command(factsOf({ plan: plan(1, 2) }))).toBe(
      'sdn-compat migrate apply --plan plan && sdn-compat migrate apply --plan plan --finalize',
    );
  });
});
