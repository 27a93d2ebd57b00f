import {
  clearMigration,
  deleteNamespace,
  endLive,
  guide,
  pausePools,
  setFeatures,
  setMigration,
  startLive,
  switchTo,
  withdrawLive,
  withPlan,
} from '../../../src/migrate/guide/commands.ts';
import { factsOf, known, planState, pool, unreadable } from './facts-of.ts';

const config = 'Network.config.openshift.io';
const operator = 'Network.operator.openshift.io';

it.each([
  ['emptying spec.migration', clearMigration, operator, { spec: { migration: null } }],
  [
    'asking for the plugin: type and features at once',
    setMigration('OVNKubernetes'),
    operator,
    {
      spec: {
        migration: {
          networkType: 'OVNKubernetes',
          features: { egressIP: false, egressFirewall: false, multicast: false },
        },
      },
    },
  ],
  [
    "turning the vendor's converter off",
    setFeatures,
    operator,
    { spec: { migration: { features: { egressIP: false, egressFirewall: false, multicast: false } } } },
  ],
  ['switching the default plugin', switchTo('OpenShiftSDN'), config, { spec: { networkType: 'OpenShiftSDN' } }],
  [
    'starting a live migration: annotation and type at once',
    startLive('OVNKubernetes'),
    config,
    {
      metadata: { annotations: { 'network.openshift.io/network-type-migration': '' } },
      spec: { networkType: 'OVNKubernetes' },
    },
  ],
  [
    'withdrawing a live migration',
    withdrawLive,
    config,
    {
      metadata: { annotations: { 'network.openshift.io/network-type-migration': null } },
      spec: { networkType: 'OpenShiftSDN' },
    },
  ],
  [
    'ending a live migration leaves the type alone',
    endLive,
    config,
    { metadata: { annotations: { 'network.openshift.io/network-type-migration': null } } },
  ],
])('%s is one merge patch', (_what, command, resource, body) => {
  expect(command).toBe(`oc patch ${resource} cluster --type merge -p '${JSON.stringify(body)}'`);
});

it('removes the Namespace that it is told', () => {
  expect(deleteNamespace('openshift-sdn')).toBe('oc delete namespace openshift-sdn');
});

describe('pausing', () => {
  const facts = factsOf({ pools: known([pool('master'), pool('worker', { paused: true }), pool('infra')]) });

  it('names only the pools that are not paused yet', () => {
    expect(pausePools(facts, true)).toBe(
      `oc patch MachineConfigPool master --type merge -p '{"spec":{"paused":true}}' && ` +
        `oc patch MachineConfigPool infra --type merge -p '{"spec":{"paused":true}}'`,
    );
  });

  it('ends only where there is a pause', () => {
    expect(pausePools(facts, false)).toBe(
      `oc patch MachineConfigPool worker --type merge -p '{"spec":{"paused":false}}'`,
    );
  });

  it('has no command if nothing is to be changed, or if nothing is known of the pools', () => {
    expect(pausePools(factsOf({ pools: known([pool('master')]) }), false)).toBe('');
    expect(pausePools(factsOf({ pools: unreadable }), true)).toBe('');
  });
});

describe('commands of this program', () => {
  it("have the plan's folder, and `plan` where none was given", () => {
    expect(withPlan(factsOf({ plan: planState({ folder: '/srv/plan 1' }) }), 'apply')).toBe(
      "sdn-compat migrate apply --plan '/srv/plan 1'",
    );
    expect(withPlan(factsOf(), 'verify', '--watch')).toBe('sdn-compat migrate verify --plan plan --watch');
  });

  it('lead back to the guide with the plan that it was given, or with none', () => {
    expect(guide(factsOf(), '--to ovn')).toBe('sdn-compat migrate guide --to ovn');
    expect(guide(factsOf({ plan: planState({ folder: "it's" }) }), '--back', '--mode live')).toBe(
      String.raw`sdn-compat migrate guide --plan 'it'\''s' --back --mode live`,
    );
  });
});
