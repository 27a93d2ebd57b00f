/** Real programs. */
import { tmpdir } from 'node:os';
import { exec, ExecError, must } from '../../../src/io/programs/exec.ts';

it('gives back what a program says and its exit status', async () => {
  expect(await exec('sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({
    status: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  });
});

it('passes arguments as they are, without a shell', async () => {
  expect((await exec('printf', ['%s|', 'a b', '$HOME', ';ls', ''])).stdout).toBe('a b|$HOME|;ls||');
});

it('gives a program its input, or none', async () => {
  expect((await exec('cat', [], { input: 'hällo' })).stdout).toBe('hällo');
  expect((await exec('cat', [])).stdout).toBe('');
});

it('does not mind a program that ends without reading its input', async () => {
  expect((await exec('true', [], { input: 'x'.repeat(1_000_000) })).status).toBe(0);
});

it('adds to the environment, and runs in the folder', async () => {
  const { stdout } = await exec('sh', ['-c', 'echo $MINE; [ -n "$PATH" ] && pwd -P'], {
    env: { MINE: 'yes' },
    cwd: tmpdir(),
  });
  expect(stdout).toBe(`yes\n${tmpdir()}\n`);
});

it('kills a program that takes too long, or whose time has come', async () => {
  expect((await exec('sleep', ['3000'], { timeout: 50 })).status).toBe(-1);
  const stop = new AbortController();
  const running = exec('sleep', ['3000'], { signal: stop.signal });
  stop.abort();
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
});

it('rejects when there is no such program', async () => {
  await expect(exec('/no/such/program', [])).rejects.toMatchObject({ code: 'ENOENT' });
});

describe('what must succeed', () => {
  it('gives back what it said', async () => {
    expect(await must(exec, 'echo', ['yes'])).toBe('yes\n');
  });

  it('fails with what it said to standard error, with its arguments and status', async () => {
    const failed = must(exec, 'sh', ['-c', 'echo out; echo " err " >&2; exit 2']);
    await expect(failed).rejects.toThrow('sh -c echo out; echo " err " >&2; exit 2: exit status 2: err');
    await expect(failed).rejects.toMatchObject({ name: 'ExecError', result: { status: 2, stdout: 'out\n' } });
  });

  test.each<readonly [string, string, string]>([
    ['', 'out\n', 'p a: exit status 1: out'],
    [' \n', '', 'p a: exit status 1'],
    ['err', 'out', 'p a: exit status 1: err'],
  ])('with the errors %j and the output %j says %j', (stderr, stdout, message) => {
    expect(new ExecError('p', ['a'], { status: 1, stdout, stderr }).message).toBe(message);
  });

  it('is cut short where it says too much', () => {
    const { message } = new ExecError('p', ['a'.repeat(1000)], { status: 1, stdout: '', stderr: 'e'.repeat(5000) });
    expect(message).toBe(`p ${'a'.repeat(298)}: exit status 1: ${'e'.repeat(2000)}`);
  });
});
