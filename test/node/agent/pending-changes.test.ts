/** Since when changes wait for a pass, and when those who wait for them hear of it. */
import { PendingChanges } from '../../../src/node/agent/pending-changes.ts';

/** Changes with a clock that a test sets, and what was heard. */
function world(): { pending: PendingChanges; clock: { now: number }; heard: string[]; wait: (who: string) => void } {
  const clock = { now: 0 };
  const heard: string[] = [];
  const pending = new PendingChanges(() => clock.now);
  return { pending, clock, heard, wait: (who) => pending.whenApplied(() => heard.push(who)) };
}

test('changes wait since the first of them, also while a pass applies them, and no longer once it has', async () => {
  const { pending, clock } = world();
  expect(pending.waitingSince).toBeUndefined();
  clock.now = 3;
  pending.note();
  clock.now = 5;
  pending.note();
  await pending.apply((since) => {
    expect([since, pending.waitingSince]).toEqual([3, 3]);
    return Promise.resolve(true);
  });
  expect(pending.waitingSince).toBeUndefined();
});

test('a pass that no change asked for counts from when it begins', async () => {
  const { pending, clock } = world();
  clock.now = 7;
  await pending.apply((since) => Promise.resolve(since === 7));
  expect(pending.waitingSince).toBeUndefined();
});

test('a change during a pass, and who waits for it, is for the next pass', async () => {
  const { pending, clock, heard, wait } = world();
  pending.note();
  wait('before');
  await pending.apply(() => {
    clock.now = 9;
    pending.note();
    wait('during');
    return Promise.resolve(true);
  });
  expect([heard, pending.waitingSince]).toEqual([['before'], 9]);
  await pending.apply(() => Promise.resolve(true));
  expect([heard, pending.waitingSince]).toEqual([['before', 'during'], undefined]);
});

test.each<[string, () => Promise<boolean>]>([
  ['knows too little', () => Promise.resolve(false)],
  ['fails', () => Promise.reject(new Error('no'))],
])('after a pass that %s, changes have waited since the oldest of them, and nobody hears anything', async (_, pass) => {
  const { pending, clock, heard, wait } = world();
  pending.note();
  wait('a');
  await pending
    .apply(() => {
      clock.now = 4;
      pending.note();
      wait('b');
      return pass();
    })
    .catch(() => undefined);
  expect([heard, pending.waitingSince]).toEqual([[], 0]);
  await pending.apply(() => Promise.resolve(true));
  expect([...heard].sort()).toEqual(['a', 'b']);
});

test('the failure of a pass is its caller’s to handle', async () => {
  await expect(world().pending.apply(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
});
