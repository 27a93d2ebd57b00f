/** What the probe reads of a pod. */
import { containerItem, deadlineOf } from '../../../src/migrate/kinds/pod.ts';

const podWith = (status: unknown) => ({ metadata: { name: 'p' }, status });

test('a container that has ended has its exit code and its message', () => {
  const terminated = { exitCode: 3, message: 'why' };
  expect(containerItem(podWith({ phase: 'Failed', containerStatuses: [{ state: { terminated } }] }))).toEqual({
    phase: 'Failed',
    exitCode: 3,
    message: 'why',
    waiting: [],
  });
});

test('a container that waits says why, in as many texts as there are', () => {
  const waits = (waiting: object) => containerItem(podWith({ containerStatuses: [{ state: { waiting } }] })).waiting;
  expect(waits({ reason: 'ImagePullBackOff', message: 'no such image' })).toEqual([
    'ImagePullBackOff',
    'no such image',
  ]);
  expect(waits({ message: 'soon' })).toEqual(['soon']);
});

test('a pod may have a time to run', () => {
  expect(deadlineOf({ metadata: {}, ...{ spec: { activeDeadlineSeconds: 60 } } })).toBe(60);
  expect(deadlineOf({ metadata: {} })).toBeUndefined();
});

test('a pod without a status, or with one that is no object, shows nothing', () => {
  const nothing = { phase: '', exitCode: undefined, message: '', waiting: [] };
  for (const status of [undefined, null, 7, { containerStatuses: 'x' }, { containerStatuses: [null] }])
    expect(containerItem(podWith(status))).toEqual(nothing);
});
