/** The rule that calls a node offline, against the one before it, on simulated pauses. */
import fc from 'fast-check';
import { alarmsByLoss, alarmsByPauses, causes, throughOutage, timesToNotice, timings } from '../../bench/alarms.ts';
import { type Health, unknownHealth } from '../../src/model/egress/health.ts';

const paces = { before: (interval: number) => interval / 4, now: (interval: number) => interval / 32 } as const;
const rules = ['before', 'now'] as const;
const online: Health = { ...unknownHealth, verdict: 'online' };

test.each([1_000, 250])(
  'with an interval of %i ms a dead node is noticed within 1.45 intervals, before it was 2.5',
  (interval) => {
    const [before, now] = rules.map((rule) =>
      timesToNotice(timings[rule](interval), paces[rule](interval), { count: 2_000, seed: 3 }),
    );
    expect(before!.at(-1)).toBeGreaterThan(2.4 * interval);
    expect(now!.at(-1)).toBeLessThanOrEqual(1.45 * interval);
    expect(now![0]).toBeGreaterThanOrEqual(1.1 * interval);
  },
);

test.each([1_000, 250])('with an interval of %i ms there are fewer false alarms, over all causes', (interval) => {
  const [before, now] = rules.map((rule) => {
    const timing = timings[rule](interval);
    const each = causes.map(
      (cause) =>
        alarmsByPauses(cause, timing, paces[rule](interval), { years: Math.ceil(10_000 / cause.yearly), seed: 11 }) +
        alarmsByLoss(cause.loss, timing),
    );
    return each.reduce((sum, one) => sum + one, 0);
  });
  expect(before).toBeGreaterThan(1);
  expect(now).toBeLessThan(before!);
});

test('a pause is no alarm if a probe after it is answered within the patience, and always one if it is longer than that and all waits', () => {
  const pauses = fc.array(
    fc.record({ length: fc.integer({ min: 1, max: 5_000 }), phase: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
    {
      maxLength: 20,
    },
  );
  const timing = timings.now(1_000);
  const pace = paces.now(1_000);
  const answeredInTime = timing.patience - timing.retry - 2 * pace;
  fc.assert(
    fc.property(pauses, (all) => {
      let health = online;
      let from = 0;
      for (const { length, phase } of all) {
        from += 3_600_000;
        const through = throughOutage(health, { from, length, phase, isLost: () => false }, { timing, pace });
        if (length < answeredInTime) expect(through.offlineAt).toBeUndefined();
        if (length > timing.longPatience + timing.spacing + 100) expect(through.offlineAt).toBeDefined();
        health = { ...through.health, verdict: 'online', silentSince: undefined, unanswered: 0, answers: 0 };
      }
    }),
    { examples: [[[{ length: 1_126, phase: 0 }]], [[{ length: Math.floor(answeredInTime), phase: 0 }]]] },
  );
});
