/** When a node counts as offline, and when as online again. Times are for an interval of one second. */
import fc from 'fast-check';
import {
  answered as answeredAt,
  type Health,
  heardAgain,
  isRetryDue,
  judged,
  patienceFor,
  probed,
  spacingsFor,
  timingOf,
  unknownHealth,
  withReadiness,
} from '../../../src/model/egress/health.ts';

const timing = timingOf(1000);
/** An answer of which nothing is remembered. */
const answered = (health: Health): Health => answeredAt(health, 0, timing, -Infinity);
const online = answered(unknownHealth);
const silent = (fields: Partial<Health> = {}): Health => ({ ...online, silentSince: 5000, unanswered: 4, ...fields });
const offline = judged(silent(), 7000, timing, 6900);

test('every time limit of the health check derives from its interval', () => {
  expect(timing).toEqual({
    interval: 1000,
    spacing: 250,
    retry: 125,
    patience: 1150,
    longPatience: 2250,
    gap: 750,
  });
});

test('one answer makes an unknown node online and ends a silence', () => {
  expect(online).toEqual({ ...unknownHealth, verdict: 'online' });
  expect(answered(silent())).toEqual(online);
});

test('a probe counts as unanswered from when it is sent; later ones do not move the beginning of the silence', () => {
  const first = probed(online, 100);
  expect(first).toEqual({ ...online, silentSince: 100, unanswered: 1 });
  expect(probed(first, 350)).toEqual({ ...online, silentSince: 100, unanswered: 2 });
});

test.each<readonly [string, Health, number, number, string]>([
  ['four probes and a silence of more than an interval', silent(), 6150, 6150, 'offline'],
  ['a timer that fires slightly early', silent(), 6139, 6139, 'offline'],
  ['less silence than that', silent(), 6138, 6138, 'online'],
  ['fewer probes, as after a pause of this process', silent({ unanswered: 3 }), 9000, 9000, 'online'],
  ['no other answer since', silent(), 9000, 5499, 'online'],
  ['another answer half an interval after the silence began', silent(), 9000, 5500, 'offline'],
  ['no silence', online, 9000, 9000, 'online'],
  ['an unknown node', { ...silent(), verdict: 'unknown' }, 6500, 6500, 'offline'],
  [
    'a silence that a node that paused before may have',
    silent({ pause: { length: 600, at: 0 } }),
    6700,
    6700,
    'online',
  ],
  ['more than thrice its pause', silent({ pause: { length: 600, at: 0 } }), 6800, 6800, 'offline'],
  ['as long as any node may be silent', silent({ pause: { length: 2000, at: 0 } }), 7250, 7250, 'offline'],
])('%s', (_what, health, now, heardAny, verdict) => {
  const after = judged(health, now, timing, heardAny);
  expect(after).toEqual({ ...health, verdict, downSince: verdict === 'offline' ? health.silentSince : undefined });
});

test('an offline node is online after three answers in a row', () => {
  let health = offline;
  const verdicts: string[] = [];
  for (const time of [8000, 9000, 10_000]) {
    health = answered(probed(health, time));
    verdicts.push(`${health.verdict} ${health.answers}`);
  }
  expect(verdicts).toEqual(['offline 1', 'offline 2', 'online 0']);
  expect(health).toEqual(online);
});

test('one probe without an answer, and the count of answers begins again', () => {
  const twice = answered(probed(answered(probed(offline, 8000)), 9000));
  const missed = probed(probed(twice, 10_000), 11_000);
  expect([twice.answers, missed.answers]).toEqual([2, 0]);
  expect(missed).toMatchObject({ verdict: 'offline', silentSince: 11_000, unanswered: 1 });
});

test('an offline node stays so without answers, however it is judged', () => {
  expect(judged(offline, 99_000, timing, 99_000)).toBe(offline);
});

test.each<readonly [string, Health, number, boolean]>([
  ['an eighth of the interval after the probe', silent(), 5125, true],
  ['slightly before that', silent(), 5113, true],
  ['sooner', silent(), 5112, false],
  ['while it answers', online, 9000, false],
  ['when it is offline already', offline, 9000, false],
])('an extra probe is due %s: %s', (_what, health, now, due) => {
  expect(isRetryDue(health, now, timing)).toBe(due);
});

test('after all nodes were silent, the silence of each begins again when one answers', () => {
  expect(heardAgain(silent(), 8000)).toEqual(silent({ silentSince: 8000, unanswered: 0 }));
  expect([heardAgain(online, 8000), heardAgain(offline, 8000)]).toEqual([online, offline]);
});

test('a Node that is not Ready is offline at once, whatever answers, and must answer again after it', () => {
  const down = withReadiness(online, true);
  expect(down).toEqual({ ...online, isNotReady: true, verdict: 'offline' });
  const heard = [1, 2, 3, 4].reduce((health) => answered(probed(health, 1000)), down);
  expect(heard).toEqual(down);
  const ready = withReadiness({ ...heard, answers: 2 }, false);
  expect(ready).toEqual({ ...online, verdict: 'offline' });
  expect([answered(ready).verdict, answered(answered(answered(ready))).verdict]).toEqual(['offline', 'online']);
  expect(withReadiness({ ...online, answers: 2 }, true).answers).toBe(0);
  expect([withReadiness(down, true), withReadiness(online, false)]).toEqual([down, online]);
});

test('while each probe is answered before it is judged, the node is never offline', () => {
  const delays = fc.array(fc.integer({ min: 0, max: 1130 }), { maxLength: 30 });
  fc.assert(
    fc.property(delays, (answerDelays) => {
      let health = online;
      let now = 0;
      for (const delay of answerDelays) {
        health = probed(health, now);
        for (let burst = 1; burst <= 4; burst++) health = probed(health, now);
        health = judged(health, now + delay, timing, now + delay);
        expect(health.verdict).toBe('online');
        health = answeredAt(health, now + delay, timing, now + delay);
        now += 1000;
      }
    }),
  );
});

describe('a silence that ended', () => {
  const week = 7 * 86_400_000;
  const ended = (silence: number, heardAny = Infinity, before: Health = online): Health =>
    answeredAt(probed(before, 1000), 1000 + silence, timing, heardAny);
  const patiences = (health: Health, ...weeks: number[]): number[] =>
    weeks.map((count) => Math.round(patienceFor(health, (health.pause?.at ?? 0) + count * week, timing)));

  test('gives the node thrice that time, and half of it after a week', () => {
    expect(patiences(ended(600), 0, 0.5, 1)).toEqual([1800, 1273, 1150]);
    expect(patiences(ended(2000), 0, 1, 2, 3)).toEqual([2250, 2250, 1500, 1150]);
  });
  test('changes nothing if it was short, or nobody else was heard well after it began', () => {
    expect(ended(380).pause).toBeUndefined();
    expect(ended(600, 1299).pause).toBeUndefined();
    expect(ended(600, 1300).pause).toEqual({ length: 600, at: 1600 });
  });
  test('does not replace a longer one that is still remembered', () => {
    const before = ended(700);
    expect(ended(500, Infinity, before).pause).toBe(before.pause);
    expect(ended(710, Infinity, before).pause).toEqual({ length: 710, at: 1710 });
  });
  test('counts also if the node was called offline too early, but not if it was away for long, or not Ready', () => {
    expect(answeredAt(probed(offline, 7500), 7600, timing, 7500).pause).toEqual({ length: 2600, at: 7600 });
    expect(answeredAt(probed(offline, 8000), 8300, timing, 8300).pause).toBeUndefined();
    expect(answeredAt(withReadiness(silent(), true), 6000, timing, 6000).pause).toBeUndefined();
    const second = answeredAt(probed(answered(probed(offline, 7500)), 8500), 8600, timing, 8600);
    expect(second.pause).toBeUndefined();
  });
});

test('patience is never less than the least nor more than the most, whatever is remembered', () => {
  const silences = fc.array(fc.record({ silence: fc.nat(10_000), after: fc.nat(2_000_000_000) }), { maxLength: 20 });
  fc.assert(
    fc.property(silences, (all) => {
      let health = online;
      let now = 0;
      for (const { silence, after } of all) {
        now += after;
        for (let sent = 0; sent < 4; sent++) health = probed(health, now);
        now += silence;
        const patience = patienceFor(health, now, timing);
        const next = judged(health, now, timing, now);
        expect(next.verdict === 'offline' && health.verdict === 'online').toBe(
          health.verdict === 'online' && silence >= patience * 0.99,
        );
        health = answeredAt(next, now, timing, now);
        expect(patienceFor(health, now, timing)).toBeGreaterThanOrEqual(timing.patience);
        expect(patienceFor(health, now, timing)).toBeLessThanOrEqual(timing.longPatience);
      }
    }),
  );
});

test.each([
  ['few', 3, 1, { used: 250, others: 1000 }],
  ['as many as the limit allows at the interval', 40, 5, { used: 1000, others: 1000 }],
  ['more', 80, 10, { used: 2000, others: 2000 }],
])('%s nodes are probed so often that the limit is kept', (_what, used, others, spacings) => {
  expect(spacingsFor({ used, others, limit: 50 }, timing)).toEqual(spacings);
});
