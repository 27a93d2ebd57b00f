import { type Reconciler, runAll } from '../../src/controllers/reconciler.ts';

let log: string[];
beforeEach(() => (log = []));

/** Works until the signal aborts, and one moment longer. */
function reconciler(name: string, run?: () => Promise<void>): Reconciler {
  const source = (what: string) => () => {
    log.push(`${name} hears ${what}`);
    return () => void log.push(`${name} no more ${what}`);
  };
  return {
    name,
    wokenBy: [source('x'), source('y')],
    run: async (signal) => {
      log.push(`${name} runs`);
      await run?.();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await Promise.resolve();
      log.push(`${name} ends`);
    },
    close: () => void log.push(`${name} closes`),
  };
}

test('all hear of changes before the first works, and until the last has ended', async () => {
  const stop = new AbortController();
  const ended = runAll([reconciler('a'), reconciler('b')], stop.signal);
  const began = ['a hears x', 'a hears y', 'b hears x', 'b hears y', 'a runs', 'b runs'];
  await Promise.resolve();
  expect(log).toEqual(began);
  stop.abort();
  await ended;
  const after = ['a no more x', 'a no more y', 'b no more x', 'b no more y', 'a closes', 'b closes'];
  expect(log).toEqual([...began, 'a ends', 'b ends', ...after]);
});

test('a bug of one ends all of it, and lets go of everything', async () => {
  const stop = new AbortController();
  const broken = reconciler('a', () => Promise.reject(new Error('a bug')));
  await expect(runAll([broken, reconciler('b')], stop.signal)).rejects.toThrow('a bug');
  expect(log.slice(-2)).toEqual(['a closes', 'b closes']);
  stop.abort();
});
