/** When a node counts as offline, and when as online again. Times are for an interval of one second. */
import fc from 'fast-check';
import {
  answered,
  type Health,
  heardAgain,
  isBurstDue,
  judged,
  probed,
  timingOf,
  unknownHealth,
  withReadiness,
} from '../../../src/model/egress/health.ts';

const timing = timingOf(1000);
const online = answered(unknownHealth);
const silent = (fields: Partial<Health> = {}): Health => ({ ...online, silentSince: 5000, unanswered: 4, ...fields });
const offline = judged(silent(), 7000, timing, 6900);

test('every time limit of the health check derives from its interval', () => {
  expect(timing).toEqual({ interval: 1000, burst: 250, patience: 1500, gap: 1250 });
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
  ['four probes and one and a half intervals of silence', silent(), 6500, 6500, 'offline'],
  ['a timer that fires slightly early', silent(), 6485, 6485, 'offline'],
  ['less silence than that', silent(), 6484, 6484, 'online'],
  ['fewer probes, as after a pause of this process', silent({ unanswered: 3 }), 9000, 9000, 'online'],
  ['no other answer since', silent(), 9000, 5499, 'online'],
  ['another answer half an interval after the silence began', silent(), 9000, 5500, 'offline'],
  ['no silence', online, 9000, 9000, 'online'],
  ['an unknown node', { ...silent(), verdict: 'unknown' }, 6500, 6500, 'offline'],
])('%s', (_what, health, now, heardAny, verdict) => {
  const after = judged(health, now, timing, heardAny);
  expect(after).toEqual({ ...health, verdict });
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
  ['a quarter of the interval after the probe', silent(), 5250, true],
  ['slightly before that', silent(), 5225, true],
  ['sooner', silent(), 5224, false],
  ['while it answers', online, 9000, false],
  ['when it is offline already', offline, 9000, false],
])('an extra probe is due %s: %s', (_what, health, now, due) => {
  expect(isBurstDue(health, now, timing)).toBe(due);
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
  const back = withReadiness({ ...heard, answers: 2 }, false);
  expect(back).toEqual({ ...online, verdict: 'offline' });
  expect([answered(back).verdict, answered(answered(answered(back))).verdict]).toEqual(['offline', 'online']);
  expect(withReadiness({ ...online, answers: 2 }, true).answers).toBe(0);
  expect([withReadiness(down, true), withReadiness(online, false)]).toEqual([down, online]);
});

test('while each probe is answered before it is judged, the node is never offline', () => {
  const delays = fc.array(fc.integer({ min: 0, max: 1400 }), { maxLength: 30 });
  fc.assert(
    fc.property(delays, (answerDelays) => {
      let health = online;
      let now = 0;
      for (const delay of answerDelays) {
        health = probed(health, now);
        for (let burst = 1; burst <= 4; burst++) health = probed(health, now);
        health = judged(health, now + delay, timing, now + delay);
        expect(health.verdict).toBe('online');
        health = answered(health);
        now += 1000;
      }
    }),
  );
});
