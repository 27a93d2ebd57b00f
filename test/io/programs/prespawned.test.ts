import { readFileSync } from 'node:fs';
import { PrespawnedProgram } from '../../../src/io/programs/prespawned.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('each run has a process of its own, the second one a process that waited', async () => {
  const spare = new PrespawnedProgram({
    program: 'sh',
    args: ['-c', 'echo $$ $(cat) $GREETING; exit 3'],
    env: { GREETING: 'hello' },
  });
  try {
    const first = await spare.run('one');
    expect(first).toMatchObject({ status: 3, stdout: expect.stringMatching(/^\d+ one hello\n$/) as string });
    await pause(300);
    const second = await spare.run('two');
    expect(second.stdout).toMatch(/^\d+ two hello\n$/);
    expect(second.stdout.split(' ')[0]).not.toBe(first.stdout.split(' ')[0]);
    expect((await spare.run('three')).stdout).toMatch(/ three hello\n$/); // at once: there is no spare yet
  } finally {
    spare.close();
  }
});

test('a spare that was killed is replaced; a program that is not there is an error each time', async () => {
  const spare = new PrespawnedProgram({
    program: 'sh',
    args: ['-c', 'echo $PPID; echo $$ >&2; read line; echo $line'],
    env: {},
  });
  try {
    await spare.run('one\n');
    await pause(300);
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    for (const pid of children.filter((pid) => pid > 0)) {
      try {
        if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('read line')) process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended
      }
    }
    await pause(100);
    expect((await spare.run('two\n')).stdout).toContain('two');
  } finally {
    spare.close();
  }
  const missing = new PrespawnedProgram({ program: '/nowhere/nothing', args: [], env: {} });
  await expect(missing.run('')).rejects.toThrow('ENOENT');
  await pause(100);
  await expect(missing.run('')).rejects.toThrow('ENOENT');
  missing.close();
});

test('a spare that cannot even be started, as for lack of memory, stops nothing', async () => {
  const spare = new PrespawnedProgram({ program: 'sh', args: ['\0'], env: {} }); // spawn throws at once
  await expect(spare.run('')).rejects.toThrow('null bytes');
  await pause(100);
  await expect(spare.run('')).rejects.toThrow('null bytes');
  spare.close();
});

test('closing ends a spare that takes no notice of SIGTERM, as ovs-ofctl while it waits for its input', async () => {
  const spare = new PrespawnedProgram({ program: 'sh', args: ['-c', "trap '' TERM; echo $$; cat >&2"], env: {} });
  await spare.run('');
  await pause(300);
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ');
  const shell = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('trap'));
  expect(shell).toBeDefined();
  spare.close();
  await pause(300);
  expect(readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ')).not.toContain(shell);
});
