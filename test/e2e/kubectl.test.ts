import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '../../src/io/programs/exec.ts';
import { start, type Started } from '../apiserver/started.ts';
import { type Command, commands } from './kubectl-commands.ts';

interface Expected {
  readonly out: string;
  readonly err: string;
  readonly status: number;
}

/** By `MINOR` of kubectl: what each command prints; `same` stands for what the other version prints. */
type Recorded = { readonly args: string; readonly expected: Record<string, Expected> }[];

const file = join(import.meta.dirname, 'kubectl-expected.json');
const recording = process.env['SDN_COMPAT_TEST_RECORD'] === '1';
const foreign = process.env['SDN_COMPAT_TEST_KUBECONFIG'];
const crds = ['clusternetworks', 'egressnetworkpolicies', 'hostsubnets', 'netnamespaces'].map((name) =>
  join(import.meta.dirname, `../../api/${name}.yaml`),
);

function splitWords(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** What differs from run to run: ages, times, versions, paths of temporary files. */
function normal(text: string): string {
  return text
    .replace(/\b\d+(ms|s|m)\b *\n/g, 'AGE\n')
    .replace(/\b\d+(ms|s|m)\b +/g, 'AGE ')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( \+0000|Z)?/g, 'TIME')
    .replace(/"?resourceVersion"?: "\d+"/g, 'resourceVersion: N')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
    .replace(/[ \t]+$/gm, '');
}

async function minorOf(program: string): Promise<string> {
  const { stdout } = await exec(program, ['version', '--client', '-o', 'json']);
  const value = JSON.parse(stdout) as { clientVersion: { gitVersion: string } };
  return /^v1\.(\d+)/.exec(value.clientVersion.gitVersion)?.[1] ?? '';
}

/** The kubectl in PATH and the one unpacked beside it, each minor version once. */
async function programs(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const path of ['kubectl', join(import.meta.dirname, '../../.tools/kubectl-1.20/usr/bin/kubectl')]) {
    if (path !== 'kubectl' && !existsSync(path)) continue;
    const minor = await minorOf(path);
    if (!found.has(minor)) found.set(minor, path);
  }
  return found;
}

/** Versions print alike from some minor on: 20 is on its own, everything later is held to what 32 prints. */
const columnOf = (minor: string): string => (Number(minor) < 25 ? '20' : '32');

async function run(
  program: string,
  command: Command,
  session: { readonly kubeconfig: string; readonly cache: string },
): Promise<Expected> {
  const result = await exec(
    program,
    [`--kubeconfig=${session.kubeconfig}`, `--cache-dir=${session.cache}`, ...splitWords(command.args)],
    {
      ...(command.stdin === undefined ? {} : { input: command.stdin }),
      timeout: 60_000,
      env: { KUBECTL_EXTERNAL_DIFF: 'diff -u' },
    },
  );
  return { out: normal(result.stdout), err: normal(result.stderr), status: result.status };
}

let started: Started | undefined;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-kubectl-'));
  if (foreign === undefined) started = await start({ crds: [] });
});
afterAll(async () => {
  await started?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('what kubectl prints is what it prints before Kubernetes', async () => {
  const kubeconfig = foreign ?? started?.kubeconfig ?? '';
  const recorded = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Recorded) : [];
  const found = await programs();
  const actual: Recorded = commands.map(({ args }, index) => ({
    args,
    expected: recording ? { ...recorded[index]?.expected } : {},
  }));
  for (const [minor, program] of found) {
    const session = { kubeconfig, cache: join(folder, minor) };
    const setUp = await exec(program, [`--kubeconfig=${kubeconfig}`, 'apply', ...crds.flatMap((name) => ['-f', name])]);
    expect(setUp).toMatchObject({ status: 0 });
    for (const [index, command] of commands.entries()) {
      const row = actual[index];
      if (row !== undefined) row.expected[columnOf(minor)] = await run(program, command, session);
    }
  }
  if (recording) await writeFile(file, `${JSON.stringify(actual, null, 1)}\n`);
  const columns = new Set([...found.keys()].map(columnOf));
  const wanted = recorded.map(({ args, expected }) => ({
    args,
    expected: Object.fromEntries(Object.entries(expected).filter(([column]) => columns.has(column))),
  }));
  expect(columns.size).toBeGreaterThan(0);
  expect(actual.length).toBeGreaterThanOrEqual(80);
  if (!recording) expect(actual).toEqual(wanted);
}, 600_000);
