import { getEventListeners } from 'node:events';
import { linkedSignal } from '../../../src/io/async/linked-signal.ts';

test('it aborts with the outer signal, or alone, and once released leaves nothing behind', () => {
  const outer = new AbortController();
  const [one, two, three] = [linkedSignal(outer.signal), linkedSignal(outer.signal), linkedSignal(outer.signal)];
  one.abort();
  three.release();
  expect([outer, one, two, three].map(({ signal }) => signal.aborted)).toEqual([false, true, false, false]);
  outer.abort();
  expect([two, three].map(({ signal }) => signal.aborted)).toEqual([true, false]);
  expect(linkedSignal(outer.signal).signal.aborted).toBe(true);
  for (const link of [one, two]) link.release();
  expect(getEventListeners(outer.signal, 'abort')).toHaveLength(0);
});
