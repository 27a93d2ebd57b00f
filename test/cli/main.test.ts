/** How whole commands end. */
import { exec, type RunResult } from '../../src/io/programs/exec.ts';
import { program } from '../program.ts';

const kubeconfig = JSON.stringify({
  ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'a' },
  clusters: [{ name: 'a', cluster: { server: 'http://127.0.0.1:1' } }],
  ...{ users: [{ name: 'a', user: {} }], contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }] },
});

/** Runs the command line in a shell, in which `run` is the program and `$KUBECONFIG` names a server that is away. */
const shell = (line: string): Promise<RunResult> =>
  exec('bash', [
    '-c',
    `run() { "\${program[@]}" "$@"; }
     program=("$@"); export KUBECONFIG=$(mktemp); printf %s "$0" > $KUBECONFIG
     ${line}; status=$?; rm $KUBECONFIG; exit $status`,
    kubeconfig,
    process.execPath,
    ...program,
  ]);

test('what standard output cannot take is said', async () => {
  const { status, stderr } = await shell('run explain > /dev/full');
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^sdn-compat: standard output cannot be written: ENOSPC/),
  ]);
});

test('a reader of standard output or of messages may stop', async () => {
  expect(await shell('set -o pipefail; run explain | head -n 1')).toMatchObject({ status: 0, stderr: '' });
  expect(await shell('run status 2> >(exec 0<&-; exit 0)')).toMatchObject({ status: 2 });
});

test.each(['status', 'status --as-group g', 'test --to http://192.0.2.1 --image i'])(
  'where the server is away, `%s` says that it cannot tell, and not that something is wrong',
  async (line) => {
    const { status, stderr } = await shell(`run ${line}`);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^sdn-compat: /)]);
  },
);
