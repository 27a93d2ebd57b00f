import { Mutex } from '../../../src/io/async/mutex.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('runs work in the order it came, one at a time', async () => {
  const mutex = new Mutex();
  const told: string[] = [];
  const work = (name: string) => async (): Promise<string> => {
    told.push(`${name} begins`);
    await turn();
    told.push(`${name} ends`);
    return name;
  };
  expect(await Promise.all(['a', 'b', 'c'].map((name) => mutex.run(work(name))))).toEqual(['a', 'b', 'c']);
  expect(told).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

it('goes on after work that failed, and tells only its own caller', async () => {
  const mutex = new Mutex();
  const failing = mutex.run(() => Promise.reject(new Error('no')));
  const next = mutex.run(() => Promise.resolve('yes'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});
