import type { Facts } from '../../../../src/migrate/guide/facts.ts';
import { cancel, isAtRest, isBeforeSwitch } from '../../../../src/migrate/guide/procedures/cancel.ts';
import {
  absent,
  askingFor,
  condition,
  config,
  factsOf,
  known,
  liveAsked,
  operator,
  planState,
  pool,
} from '../facts-of.ts';
import { saying, stageOf } from '../stages-of.ts';

const begun = planState({ phase: 'begun' });

const leftOver = { pluginNamespaces: known(['openshift-ovn-kubernetes', 'openshift-sdn']) };

describe('a migration is before the switch', () => {
  it.each<readonly [string, Partial<Facts>]>([
    ['asked for by spec.migration', { operator: askingFor('OVNKubernetes') }],
    ['live and asked for', { config: config('OVNKubernetes', 'OpenShiftSDN', { metadata: liveAsked }) }],
    ['begun with its plan', { plan: begun }],
    ['going back with its plan', { plan: planState({ phase: 'going-back' }) }],
    ['begun with its plan, while the operator cannot be read', { plan: begun, operator: absent }],
  ])('if it is %s', (_what, more) => {
    expect(isBeforeSwitch(factsOf(more))).toBe(true);
  });

  it.each<readonly [string, Partial<Facts>]>([
    ['nothing was begun', {}],
    ['the plan was not begun', { plan: planState() }],
    ['the plan is back', { plan: planState({ phase: 'back' }) }],
    ['the plan is of the way back', { plan: planState({ phase: 'begun', target: 'sdn' }) }],
    ['the plan has made what comes after the switch', { plan: { ...begun, isPastSwitch: true } }],
    ['OVN-Kubernetes runs', { plan: begun, config: config('OVNKubernetes', 'OVNKubernetes') }],
    ['OVN-Kubernetes is asked for offline', { plan: begun, config: config('OVNKubernetes', 'OpenShiftSDN') }],
    ['OpenShift SDN is asked for', { plan: begun, operator: askingFor('OpenShiftSDN') }],
    [
      'a live migration is left over',
      { plan: begun, config: config('OpenShiftSDN', 'OpenShiftSDN', { metadata: liveAsked }), ...leftOver },
    ],
    ['the configuration cannot be read', { plan: begun, config: absent }],
  ])('not if %s', (_what, more) => {
    expect(isBeforeSwitch(factsOf(more))).toBe(false);
  });
});

describe('a cluster is at rest', () => {
  it('if OpenShift SDN runs and nothing is asked for', () => {
    expect(isAtRest(factsOf())).toBe(true);
    expect(isAtRest(factsOf({ plan: begun }))).toBe(true);
  });

  it.each<readonly [string, Partial<Facts>]>([
    ['another plugin runs', { config: config('OpenShiftSDN', 'OVNKubernetes') }],
    ['another plugin is asked for', { config: config('OVNKubernetes', 'OpenShiftSDN') }],
    ['a live migration is asked for', { config: config('OpenShiftSDN', 'OpenShiftSDN', { metadata: liveAsked }) }],
    ['spec.migration is there', { operator: operator({ migration: {} }) }],
    ['OVN-Kubernetes is deployed', { pluginNamespaces: known(['openshift-ovn-kubernetes']) }],
    ['a plan of the way back is given', { plan: planState({ target: 'sdn' }) }],
    ['the configuration cannot be read', { config: absent }],
    ['the operator cannot be read', { operator: absent }],
    ['the Namespaces cannot be read', { pluginNamespaces: absent }],
  ])('not if %s', (_what, more) => {
    expect(isAtRest(factsOf(more))).toBe(false);
  });
});

describe('giving up', () => {
  const wanting = (conditions: readonly object[]) =>
    config('OVNKubernetes', 'OpenShiftSDN', { metadata: liveAsked, status: { conditions } });

  it('is possible until the operator is at work on a live migration', () => {
    const says = saying(cancel, 'preflight');
    expect(says(factsOf({ config: wanting([]) }))).toBe('yes');
    expect(says(factsOf({ config: wanting([condition('InProgress', 'True', 'Begun')]) }))).toBe(
      'no: condition NetworkTypeMigrationInProgress is True (Begun)',
    );
    expect(says(factsOf({ config: wanting([]), operator: operator({ migration: { mode: 'Live' } }) }))).toBe(
      'no: Network.operator.openshift.io cluster: spec.migration.mode is Live',
    );
    expect(says(factsOf({ operator: operator({ migration: { mode: 'Live' } }) }))).toBe('yes');
    expect(says(factsOf({ config: config('OVNKubernetes', 'OVNKubernetes') }))).toMatch(/^no: .*status.networkType/);
  });

  it('takes type and annotation back', () => {
    const says = saying(cancel, 'withdraw');
    expect(says(factsOf())).toBe('yes');
    expect(says(factsOf({ config: wanting([]) }))).toMatch(/^no: .*OVNKubernetes; .*has the annotation$/);
    expect(says(factsOf({ config: config('OpenShiftSDN', 'OpenShiftSDN', { metadata: liveAsked }) }))).toMatch(
      /^no: .*has the annotation$/,
    );
  });

  it('waits until the machine config operator has taken its part back', () => {
    const says = saying(cancel, 'settled');
    const migrating = { status: { migration: { networkType: 'OVNKubernetes' } } };
    expect(says(factsOf())).toBe('yes');
    expect(says(factsOf({ config: config('OpenShiftSDN', 'OpenShiftSDN', migrating) }))).toBe(
      'no: the network operator has not taken up that spec.migration is empty',
    );
    const paused = factsOf({ pools: known([pool('worker', { paused: true })]) });
    expect(says(paused)).toMatch(/^no: MachineConfigPool worker is paused/);
    const { command } = stageOf(cancel, 'settled');
    expect(command(paused)).toContain('{"spec":{"paused":false}}');
    expect(command(factsOf())).toBeUndefined();
  });
});
