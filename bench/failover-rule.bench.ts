/**
 * The rule that calls a node offline, before and now, side by side: how long until a dead node is noticed, and how often
 * in a year a node is called offline that only paused. Simulated, see alarms.ts; bench/failover sends packets.
 */
import { alarmsByLoss, alarmsByPauses, causes, timesToNotice, timings } from './alarms.ts';

const row = (cells: readonly (string | number)[]): string =>
  cells.map((cell, index) => (index === 0 ? String(cell).padEnd(44) : String(cell).padStart(12))).join('');
const paces = { before: (interval: number) => interval / 4, now: (interval: number) => interval / 32 } as const;
const at = (sorted: readonly number[], share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;

/** Prints the tables; false if a dead node takes longer than it may, or there are more false alarms than before. */
export function bench(): boolean {
  let isGood = true;
  console.log(row(['dead node noticed after, ms', 'median', 'p95', 'max']));
  for (const interval of [1_000, 250])
    for (const rule of ['before', 'now'] as const) {
      const times = timesToNotice(timings[rule](interval), paces[rule](interval), { count: 20_000, seed: 1 });
      console.log(
        row([`interval ${interval} ms, ${rule}`, ...[0.5, 0.95, 1].map((share) => Math.round(at(times, share)))]),
      );
      if (rule === 'now' && at(times, 0.95) > interval * 1.45) isGood = false;
    }
  for (const interval of [1_000, 250]) {
    console.log(`\n${row([`false alarms a node-year, interval ${interval} ms`, 'pauses', 'before', 'now'])}`);
    const sums = { before: 0, now: 0 };
    for (const cause of causes) {
      const years = Math.ceil(40_000 / cause.yearly);
      const figures = (['before', 'now'] as const).map((rule) => {
        const timing = timings[rule](interval);
        const alarms =
          alarmsByPauses(cause, timing, paces[rule](interval), { years, seed: 7 }) + alarmsByLoss(cause.loss, timing);
        sums[rule] += alarms;
        return alarms;
      });
      console.log(row([cause.name, cause.yearly, ...figures.map((figure) => figure.toPrecision(2))]));
    }
    console.log(row(['one node of each', '', sums.before.toPrecision(3), sums.now.toPrecision(3)]));
  }
  return isGood;
}
