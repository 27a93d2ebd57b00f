import { daemonPodItem, daemonSetItem, machineConfigPoolItem } from '../../../src/migrate/kinds/rollout.ts';
import { make } from '../snapshots.ts';

const of = (fields: Readonly<Record<string, unknown>>, metadata: Readonly<Record<string, unknown>> = {}) =>
  make.any('v1', 'X', { name: 'x', ...metadata }, fields);

it('reads how far a pool is, and since when', () => {
  const found = machineConfigPoolItem(
    of({
      spec: { paused: true, configuration: { name: 'new' } },
      status: {
        conditions: [
          { type: 'Updating', status: 'True', lastTransitionTime: '2026-01-02T00:00:00Z' },
          { type: 'Updated', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' },
        ],
        configuration: { name: 'old' },
        machineCount: 3,
        updatedMachineCount: 2,
      },
    }),
  );
  expect(found).toMatchObject({
    isPaused: true,
    wanted: 'new',
    has: 'old',
    machines: 3,
    updatedMachines: 2,
    updatedSince: Date.parse('2026-01-01T00:00:00Z'),
  });
  expect(found.conditions.map(({ type }) => type)).toEqual(['Updating', 'Updated']);
});

it('takes a pool that shows nothing for one of no nodes that is not paused', () => {
  expect(machineConfigPoolItem(of({ spec: { paused: 'yes' } }))).toMatchObject({
    isPaused: false,
    wanted: '',
    has: '',
    machines: 0,
    updatedMachines: 0,
    updatedSince: undefined,
  });
});

describe('a DaemonSet', () => {
  it('is observed once its controller has seen the newest generation', () => {
    const observed = (generation: number | undefined, observedGeneration: number | undefined) =>
      daemonSetItem(of({ status: { observedGeneration } }, { generation })).isObserved;
    expect([
      observed(2, 1),
      observed(2, 2),
      observed(2, 3),
      observed(undefined, undefined),
      observed(1, undefined),
    ]).toEqual([false, true, true, true, false]);
  });

  it('has how many pods there should be, are updated and are available', () => {
    const status = { desiredNumberScheduled: 3, updatedNumberScheduled: 2, numberAvailable: 1 };
    expect(daemonSetItem(of({ status }))).toMatchObject({ desired: 3, updated: 2, available: 1 });
    expect(daemonSetItem(of({}))).toMatchObject({ desired: 0, updated: 0, available: 0 });
  });
});

it('knows since when the oldest running container of a pod runs', () => {
  const running = (startedAt: string): object => ({ state: { running: { startedAt } } });
  const pod = (...containerStatuses: readonly object[]) =>
    daemonPodItem(of({ spec: { nodeName: 'n1' }, status: { containerStatuses } }));
  expect(
    pod(running('2026-01-02T00:00:00Z'), { state: { waiting: {} } }, running('2026-01-01T00:00:00Z')),
  ).toMatchObject({
    node: 'n1',
    runningSince: Date.parse('2026-01-01T00:00:00Z'),
  });
  expect(pod({ state: { waiting: {} } }).runningSince).toBeUndefined();
});
