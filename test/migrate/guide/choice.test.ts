import { Command } from 'commander';
import { addGuideCommand } from '../../../src/cli/migrate/look/guide-command.ts';
import { type Choice, procedureFor } from '../../../src/migrate/guide/choice.ts';
import type { Facts } from '../../../src/migrate/guide/facts.ts';
import { guidedPlugins } from '../../../src/migrate/guide/guided.ts';
import { cancel } from '../../../src/migrate/guide/procedures/cancel.ts';
import { standOf } from '../../../src/migrate/guide/stand.ts';
import { newPlugins } from '../../../src/migrate/targets.ts';
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
  unreadable,
  written,
} from './facts-of.ts';

const chosen = (facts: Facts, choice: Choice = {}): string => {
  const found = procedureFor(facts, choice);
  return found.ok ? found.value.name : found.error;
};
const completed = condition('InProgress', 'False', 'NetworkTypeMigrationCompleted');
const half = config('OVNKubernetes', 'OpenShiftSDN');
const arrived = config('OVNKubernetes', 'OVNKubernetes');
const halfLive = config('OVNKubernetes', 'OpenShiftSDN', { metadata: liveAsked });
const arrivedLive = config('OVNKubernetes', 'OVNKubernetes', { status: { conditions: [completed] } });
const returning = config('OpenShiftSDN', 'OVNKubernetes');
const returningLive = config('OpenShiftSDN', 'OVNKubernetes', { metadata: liveAsked });
const operatorLive = operator({ migration: { mode: 'Live' } });

describe('without a choice', () => {
  it.each<readonly [string, Partial<Facts>, string]>([
    ['nothing was begun, it is the offline migration', {}, 'offline'],
    ['OVN-Kubernetes is asked for, it is the offline migration', { config: half }, 'offline'],
    ['the annotation asks for a live migration, it is that', { config: halfLive }, 'live'],
    ['the operator has begun a live migration, it is that', { operator: operatorLive }, 'live'],
    ['a live migration was completed, it is that', { config: arrivedLive }, 'live'],
    [
      'a live way back was completed long ago, it is an offline migration',
      { config: config('OpenShiftSDN', 'OpenShiftSDN', { status: { conditions: [completed] } }) },
      'offline',
    ],
    ['the configuration cannot be read, it is the offline migration', { config: absent, operator: absent }, 'offline'],
    ['OpenShift SDN is asked for again, it is the offline way back', { config: returning }, 'back'],
    [
      'OpenShift SDN is asked for again with the annotation, it is the live way back',
      { config: returningLive },
      'live-back',
    ],
    [
      'a plan is going back after a switch, it is the way back',
      { config: arrived, plan: planState({ phase: 'going-back', isPastSwitch: true }) },
      'back',
    ],
    [
      'a plan is going back after a live switch, it is the live way back',
      { config: arrivedLive, plan: planState({ phase: 'going-back', isPastSwitch: true }) },
      'live-back',
    ],
    ['the plan is one of the way back, it is that', { config: arrived, plan: planState({ target: 'sdn' }) }, 'back'],
    [
      'the operator is asked for OpenShift SDN, it is the way back',
      { config: arrived, operator: askingFor('OpenShiftSDN') },
      'back',
    ],
    [
      'the annotation is left while OpenShift SDN runs, it is the live way back',
      {
        config: config('OpenShiftSDN', 'OpenShiftSDN', { metadata: liveAsked }),
        operator: askingFor('OpenShiftSDN'),
      },
      'live-back',
    ],
    [
      'the operator is asked for OpenShift SDN live, it is the live way back',
      { config: returning, operator: askingFor('OpenShiftSDN', { mode: 'Live' }) },
      'live-back',
    ],
    [
      'the operator is asked for OpenShift SDN and the configuration cannot be read, it is no way back',
      { config: absent, operator: askingFor('OpenShiftSDN') },
      'offline',
    ],
  ])('if %s', (_what, more, name) => {
    expect(chosen(factsOf(more))).toBe(name);
  });
});

describe('a plugin that the guide knows no procedure to', () => {
  const stub = 'stub';

  it('is refused, whatever was begun', () => {
    const only = '--to stub: the guide knows procedures to ovn only';
    for (const facts of [{}, { config: half }, { config: returning }])
      expect(chosen(factsOf(facts), { direction: { to: stub } })).toBe(only);
  });

  it('is refused with its plan, in both directions', () => {
    const facts = factsOf({ plan: planState({ target: stub }) });
    for (const choice of [{}, { direction: 'back' }, { direction: { to: 'ovn' } }] as const)
      expect(chosen(facts, choice)).toBe('plan: it is a plan to stub, and the guide knows procedures to ovn only');
  });

  it('is not offered', () => {
    const migrate = new Command();
    addGuideCommand(migrate);
    const to = migrate.commands[0]?.options.find(({ long }) => long === '--to');
    expect(to?.argChoices).toEqual(guidedPlugins.map(({ name }) => name));
    expect(newPlugins.map(({ name }) => name)).toEqual(expect.arrayContaining([...(to?.argChoices ?? [])]));
  });
});

describe('a choice', () => {
  it('of the mode is taken as long as nothing was begun', () => {
    expect(chosen(factsOf(), { direction: { to: 'ovn' }, mode: 'live' })).toBe('live');
    expect(chosen(factsOf(), { direction: { to: 'ovn' }, mode: 'offline' })).toBe('offline');
    expect(chosen(factsOf({ config: arrivedLive }), { direction: 'back', mode: 'offline' })).toBe('back');
    expect(chosen(factsOf({ config: arrived }), { direction: 'back', mode: 'live' })).toBe('live-back');
  });

  it('of the mode that was begun is taken too', () => {
    expect(chosen(factsOf({ config: halfLive }), { mode: 'live' })).toBe('live');
    expect(chosen(factsOf({ config: returning }), { mode: 'offline' })).toBe('back');
  });

  it('of the other mode is refused, with the one that was begun', () => {
    const name = 'Network.config.openshift.io cluster';
    expect(chosen(factsOf({ config: half }), { mode: 'live' })).toBe(
      `${name}: the offline migration was begun: --mode offline`,
    );
    expect(chosen(factsOf({ config: halfLive }), { mode: 'offline' })).toBe(
      `${name}: the live migration was begun: --mode live`,
    );
    expect(chosen(factsOf({ config: returning }), { mode: 'live' })).toBe(
      `${name}: the offline way back was begun: --mode offline`,
    );
  });

  it('of the way to OVN-Kubernetes is refused for a plan of the way back', () => {
    const facts = factsOf({ plan: planState({ target: 'sdn', folder: 'home' }) });
    expect(chosen(facts, { direction: { to: 'ovn' } })).toBe('home: it is a plan of the way back: add --back');
  });

  it('of the way back goes back in the mode of the migration', () => {
    expect(chosen(factsOf({ config: arrived }), { direction: 'back' })).toBe('back');
    expect(chosen(factsOf({ config: arrivedLive }), { direction: 'back' })).toBe('live-back');
    expect(chosen(factsOf({ config: absent }), { direction: 'back' })).toBe('back');
  });
});

describe('giving up before the switch', () => {
  const giveUp = (more: Partial<Facts>): string => chosen(factsOf(more), { direction: 'back' });
  const begun = planState({ phase: 'begun' });

  it.each<readonly [string, Partial<Facts>]>([
    ['spec.migration asks for OVN-Kubernetes', { operator: askingFor('OVNKubernetes') }],
    ['a live migration is asked for that has not switched', { config: halfLive }],
    ['only a plan was begun', { plan: begun }],
    ['a plan is going back that has not come to the switch', { plan: planState({ phase: 'going-back' }) }],
  ])('is the way back while %s', (_what, more) => {
    expect(giveUp(more)).toBe('cancel');
  });

  it('is the way back too when all is at rest, and a node was not rebooted since OpenShift SDN was asked for', () => {
    const since = written('2026-01-02T00:00:00Z', { 'f:spec': { 'f:networkType': {} } });
    const atRest = { config: config('OpenShiftSDN', 'OpenShiftSDN', { metadata: since }) };
    expect(giveUp(atRest)).toBe('cancel');
    const left = known(['openshift-sdn', 'openshift-ovn-kubernetes']);
    expect(giveUp({ ...atRest, pluginNamespaces: left })).toBe('back');
    expect(giveUp({ ...atRest, operator: operator({ migration: {} }) })).toBe('back');
    expect(giveUp({ ...atRest, operator: absent })).toBe('back');
    expect(giveUp({ ...atRest, pluginNamespaces: absent })).toBe('back');
    expect(giveUp({ ...atRest, plan: planState({ target: 'sdn' }) })).toBe('back');
  });

  it.each<readonly [string, Partial<Facts>, string]>([
    ['the plugin is switched', { config: arrived, plan: begun }, 'back'],
    [
      'OVN-Kubernetes is asked for without the annotation: nodes may run it by now',
      { config: half, plan: begun },
      'back',
    ],
    ['OpenShift SDN is asked for by the operator', { operator: askingFor('OpenShiftSDN'), plan: begun }, 'back'],
    ['the plan has come to the switch', { plan: { ...begun, isPastSwitch: true }, pluginNamespaces: absent }, 'back'],
    ['the plan is one of the way back', { plan: planState({ target: 'sdn', phase: 'begun' }) }, 'back'],
    [
      'no change of the plan was begun, and nothing is known of the plugins',
      { plan: planState(), pluginNamespaces: absent },
      'back',
    ],
  ])('is not the way if %s', (_what, more, name) => {
    expect(giveUp(more)).toBe(name);
  });

  it('is not the way when a way back is over, with the reboots that belong to it', () => {
    const since = written('2025-12-31T00:00:00Z', { 'f:spec': { 'f:networkType': {} } });
    const over = {
      config: config('OpenShiftSDN', 'OpenShiftSDN', { metadata: since }),
      plan: planState({ phase: 'back' }),
    };
    expect(giveUp(over)).toBe('back');
  });
});

describe('with only the annotation of a live migration', () => {
  const annotated = config('OpenShiftSDN', 'OpenShiftSDN', { metadata: liveAsked });
  const begun = planState({ phase: 'begun' });
  const back = { direction: 'back' } as const;

  it('the way on is the live migration, and the way back gives it up', () => {
    for (const facts of [factsOf({ config: annotated }), factsOf({ config: annotated, plan: begun })]) {
      expect([chosen(facts), chosen(facts, back)]).toEqual(['live', 'cancel']);
      const stand = standOf(facts, cancel);
      expect(stand.next).toMatchObject({ stage: 'withdraw', isWait: false });
    }
  });

  it.each<readonly [string, Partial<Facts>]>([
    [
      'the operator was at work on it',
      { config: config('OpenShiftSDN', 'OpenShiftSDN', { metadata: liveAsked, status: { conditions: [completed] } }) },
    ],
    ['the operator is asked for OpenShift SDN', { operator: askingFor('OpenShiftSDN') }],
    ['OVN-Kubernetes is still there', { pluginNamespaces: known(['openshift-ovn-kubernetes', 'openshift-sdn']) }],
    ['nothing tells what the operator is asked for', { operator: unreadable }],
    ['nothing tells whether OVN-Kubernetes is there', { pluginNamespaces: unreadable }],
  ])('it may be the end of a live way back if %s', (_, more) => {
    expect(chosen(factsOf({ config: annotated, ...more }))).toBe('live-back');
  });
});
