import { measurePace, paceOf } from '../../src/lab/pace.ts';

test('on a machine as quick as the reference, or quicker, time limits are as written', () => {
  expect(paceOf([2, 3, 2, 4, 3])).toBe(1);
  expect(paceOf([10, 10, 10])).toBe(1);
  expect(paceOf([])).toBe(1);
});

test('on a slower machine they grow by as much as starting a program takes longer; one slow start changes nothing', () => {
  expect(paceOf([80, 75, 90])).toBe(8);
  expect(paceOf([3, 2, 900])).toBe(1);
});

test('it is measured by starting a program, unless it is given', async () => {
  let started = 0;
  const exec = (): Promise<{ status: number; stdout: string; stderr: string }> => {
    started += 1;
    return new Promise((resolve) => setTimeout(() => resolve({ status: 0, stdout: '', stderr: '' }), 30));
  };
  expect(await measurePace(exec, '4.5')).toBe(4.5);
  expect(started).toBe(0);
  expect(await measurePace(exec, 'quick')).toBeGreaterThan(2);
  expect(started).toBeGreaterThan(0);
});
