import { Failure, untilSignal } from '../../src/cli/fail.ts';

it('ends the command with status 1, or another if it says so', () => {
  expect(new Failure('why')).toMatchObject({ name: 'Failure', message: 'why', status: 1 });
  expect(new Failure('why', 2).status).toBe(2);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s aborts what goes on until a signal', (name) => {
  const signal = untilSignal();
  expect(signal.aborted).toBe(false);
  process.emit(name, name);
  expect(signal.aborted).toBe(true);
  for (const other of ['SIGTERM', 'SIGINT']) process.removeAllListeners(other);
});
