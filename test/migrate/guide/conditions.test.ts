import { no, unknown, yes } from '../../../src/migrate/guide/answer.ts';
import { atWork, completed, condition as asks, wasLive } from '../../../src/migrate/guide/conditions.ts';
import type { Facts } from '../../../src/migrate/guide/facts.ts';
import { networkConfigItem } from '../../../src/migrate/kinds/network.ts';
import { make } from '../snapshots.ts';
import { absent, condition, config, factsOf } from './facts-of.ts';

const done = condition('InProgress', 'False', 'NetworkTypeMigrationCompleted', 'all is over');
const atWorkNow = condition('InProgress', 'True', 'NetworkTypeMigrationStarted', 'rebooting');
const migrating = (...conditions: readonly object[]): Facts =>
  factsOf({ config: config('OVNKubernetes', 'OVNKubernetes', { status: { conditions } }) });
const item = (...conditions: readonly object[]) =>
  networkConfigItem(make.any('config.openshift.io/v1', 'Network', { name: 'cluster' }, { status: { conditions } }));

describe('the operator', () => {
  it('is at work while the condition InProgress is True, and says on what', () => {
    expect(atWork(item(atWorkNow))).toBe(
      'condition NetworkTypeMigrationInProgress is True (NetworkTypeMigrationStarted: rebooting)',
    );
  });

  it.each([
    ['is False', [done]],
    ['is Unknown', [condition('InProgress', 'Unknown')]],
    ['is not there', []],
    ['is of something else', [{ type: 'Progressing', status: 'True' }]],
  ])('is not at work if the condition %s', (_what, conditions) => {
    expect(atWork(item(...conditions))).toBeUndefined();
  });

  it('names a reason or a message alone without a colon', () => {
    expect(atWork(item(condition('InProgress', 'True', 'Busy')))).toBe(
      'condition NetworkTypeMigrationInProgress is True (Busy)',
    );
    expect(atWork(item(condition('InProgress', 'True')))).toBe('condition NetworkTypeMigrationInProgress is True');
  });

  it('tells that the last migration was a live one by the reason that it ended with', () => {
    expect(wasLive(item(done))).toBe(true);
    expect(wasLive(item(atWorkNow))).toBe(false);
    expect(wasLive(item())).toBe(false);
  });
});

describe('a live migration is completed', () => {
  it('when the operator says so and the plugin is the default one', () => {
    expect(completed(migrating(done), 'OVNKubernetes')).toEqual(yes);
  });

  it('not before the default plugin has changed', () => {
    const facts = factsOf({ config: config('OVNKubernetes', 'OpenShiftSDN', { status: { conditions: [done] } }) });
    expect(completed(facts, 'OVNKubernetes')).toEqual(
      no('Network.config.openshift.io cluster: status.networkType is OpenShiftSDN'),
    );
  });

  it.each([
    [
      'while the operator is at work',
      atWorkNow,
      'condition NetworkTypeMigrationInProgress is True (NetworkTypeMigrationStarted: rebooting)',
    ],
    [
      'when it ended for another reason',
      condition('InProgress', 'False', 'NotRequested'),
      'condition NetworkTypeMigrationInProgress is False (NotRequested)',
    ],
    [
      'when the reason is there and the condition is not False',
      condition('InProgress', 'Unknown', 'NetworkTypeMigrationCompleted'),
      'condition NetworkTypeMigrationInProgress is Unknown (NetworkTypeMigrationCompleted)',
    ],
  ])('not %s', (_when, is, reason) => {
    expect(completed(migrating(is), 'OVNKubernetes')).toEqual(no(reason));
  });

  it('not as long as the operator has not set the condition', () => {
    expect(completed(migrating(), 'OVNKubernetes')).toEqual(
      no('condition NetworkTypeMigrationInProgress is Unknown (the operator has not set it)'),
    );
  });
});

describe('a condition of a live migration', () => {
  const ready = asks('OVNKubernetes', 'MTUReady');

  it('is met when it is True', () => {
    expect(ready(migrating(atWorkNow, condition('MTUReady', 'True')))).toEqual(yes);
  });

  it('is met when all is completed, whatever it says by then', () => {
    expect(ready(migrating(done, condition('MTUReady', 'Unknown')))).toEqual(yes);
  });

  it('is not met while it is False, with what the operator says', () => {
    const facts = migrating(atWorkNow, condition('MTUReady', 'False', 'PoolsUpdating', '1 of 3'));
    expect(ready(facts)).toEqual(no('condition NetworkTypeMigrationMTUReady is False (PoolsUpdating: 1 of 3)'));
  });

  it('is not met as long as the plugin is not asked for', () => {
    const conditions = [condition('MTUReady', 'True')];
    const facts = factsOf({ config: config('OpenShiftSDN', 'OpenShiftSDN', { status: { conditions } }) });
    expect(ready(facts)).toEqual(no('Network.config.openshift.io cluster: spec.networkType is OpenShiftSDN'));
  });

  it('is not met before what else must hold does', () => {
    const strict = asks('OVNKubernetes', 'MTUReady', () => no('a node is missing'));
    expect(strict(migrating(atWorkNow, condition('MTUReady', 'True')))).toEqual(no('a node is missing'));
  });

  it('is unknown where the configuration is', () => {
    expect(ready(factsOf({ config: absent })).kind).toBe('unknown');
    expect(ready(factsOf({ config: absent }))).toEqual(
      unknown(...Array.from({ length: 4 }, () => 'Network.config.openshift.io cluster: there is none')),
    );
  });
});
