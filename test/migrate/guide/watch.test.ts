import type { Facts } from '../../../src/migrate/guide/facts.ts';
import type { Stand } from '../../../src/migrate/guide/stand.ts';
import { changesOf, type Signs, signsOf } from '../../../src/migrate/guide/watch.ts';
import { nodeItem } from '../../../src/migrate/kinds/node.ts';
import { make } from '../snapshots.ts';
import { absent, condition, config, factsOf, known, node, pendingLabel, pool, unreadable } from './facts-of.ts';

const over: Stand = {
  procedure: 'offline',
  title: '',
  release: '',
  plugin: { runs: '', wanted: '' },
  stages: [],
  unclear: [],
};
const signs = (facts: Partial<Facts>, stand: Partial<Stand> = {}): Signs =>
  signsOf({ facts: factsOf(facts), stand: { ...over, ...stand } });
const sign = (name: string, facts: Partial<Facts>, stand: Partial<Stand> = {}): string | undefined =>
  signs(facts, stand).get(name);

it('has no signs before the first look', () => {
  expect(signsOf(undefined)).toEqual(new Map());
});

describe('a sign', () => {
  it('is the default plugin', () => {
    expect(sign('status.networkType', { config: config('OVNKubernetes', 'OpenShiftSDN') })).toBe('OpenShiftSDN');
  });

  it('is each condition of a live migration, and no other', () => {
    const conditions = [
      condition('MTUReady', 'False', 'PoolsUpdating'),
      condition('InProgress', 'True'),
      { type: 'Degraded', status: 'True' },
    ];
    const found = signs({ config: config('OVNKubernetes', 'OpenShiftSDN', { status: { conditions } }) });
    expect(found.get('condition NetworkTypeMigrationMTUReady')).toBe('False (PoolsUpdating)');
    expect(found.get('condition NetworkTypeMigrationInProgress')).toBe('True');
    expect(found.has('condition Degraded')).toBe(false);
  });

  it.each([
    ['done', {}, '3 of 3 nodes done'],
    ['updating', { on: ['Updating'], updated: 1 }, '1 of 3 nodes done, Updating'],
    ['degraded', { on: ['Updating', 'Degraded'], updated: 2 }, '2 of 3 nodes done, Updating, Degraded'],
    ['paused', { paused: true }, '3 of 3 nodes done, paused'],
  ])('is how far a pool is: %s', (_what, fields, expected) => {
    expect(sign('MachineConfigPool worker', { pools: known([pool('worker', fields)]) })).toBe(expected);
  });

  it.each([
    ['ready', node('n1'), 'ready'],
    ['ready if it does not say', nodeItem(make.any('v1', 'Node', { name: 'n1' }, {})), 'ready'],
    [
      'not ready',
      nodeItem(
        make.any('v1', 'Node', { name: 'n1' }, { status: { conditions: [{ type: 'Ready', status: 'False' }] } }),
      ),
      'not ready',
    ],
    ['still to be switched', node('n1', { metadata: { labels: pendingLabel } }), 'ready, still to be switched'],
  ])('is how a node is: %s', (_what, one, expected) => {
    expect(sign('Node n1', { nodes: known([one]) })).toBe(expected);
  });

  it('is the next stage with the first of its reasons', () => {
    const next = { stage: 'switch', command: '', isWait: false, notes: [] };
    const stages = [
      { stage: 'plan', title: '', state: 'done', reasons: ['not this'] },
      { stage: 'switch', title: '', state: 'now', reasons: ['first', 'second'] },
    ] as const;
    expect(sign('stage', {}, { next, stages })).toBe('switch (first)');
    expect(sign('stage', {}, { next, stages: [] })).toBe('switch');
  });

  it('is why nothing is next', () => {
    expect(sign('stage', {}, { unclear: ['nobody knows', 'why'] })).toBe('nobody knows');
    expect(sign('stage', {})).toBe('all is done');
  });

  it('is left out of what cannot be read', () => {
    expect([...signs({ config: absent, pools: unreadable, nodes: unreadable }).keys()]).toEqual(['stage']);
  });
});

describe('the lines of a watch', () => {
  const first = new Map([
    ['stage', 'prepare'],
    ['Node n1', 'ready'],
    ['MachineConfigPool worker', '3 of 3 nodes done'],
  ]);

  it('tell everything but Nodes at the first look', () => {
    expect(changesOf(new Map(), first)).toEqual(['stage: prepare', 'MachineConfigPool worker: 3 of 3 nodes done']);
  });

  it('are none if nothing has changed', () => {
    expect(changesOf(first, new Map(first))).toEqual([]);
  });

  it('tell what is other, what is new, and then what is gone, by name', () => {
    const now = new Map([
      ['stage', 'switch'],
      ['Node n2', 'ready'],
    ]);
    expect(changesOf(first, now)).toEqual([
      'stage: switch',
      'Node n2: ready',
      'MachineConfigPool worker: gone',
      'Node n1: gone',
    ]);
  });
});
