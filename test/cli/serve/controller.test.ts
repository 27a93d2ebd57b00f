import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { exec, type RunResult } from '../../../src/io/programs/exec.ts';
import { start } from '../../apiserver/started.ts';
import { ControllerProcess } from '../../controllers/process.ts';
import { prepare, until } from '../../controllers/started.ts';
import { program } from '../../program.ts';

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> =>
  exec(process.execPath, [...program, 'controller', ...args], { env });

let folder = '';
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'sdn-compat-settings-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(text: string): Promise<string> {
  const path = join(folder, 'config.yaml');
  await writeFile(path, text);
  return path;
}

test.each([
  ['an unknown field', 'probeInteval: 1s', 'probeInteval: there is no such setting'],
  ['a value that cannot be', 'probeInterval: fast', 'probeInterval: "fast": it must be a duration'],
  ['a switch that is none', 'leaderElect: 1', 'leaderElect: 1: it must be true or false'],
  ['times that contradict each other', 'renewDeadline: 20s', '--renew-deadline must be less than --lease-duration'],
  ['a file that is no mapping', '- a', 'it must be a mapping of settings to values'],
])('%s in the config file is refused', async (_what, text, message) => {
  const refused = await run(['--config', await file(text)]);
  expect(refused.stderr).toContain(message);
  expect(refused.status).toBe(2);
});

test('unknown and wrong environment variables are refused', async () => {
  const unknown = await run([], { SDN_COMPAT_CONTROLLER_FROB: '1' });
  expect(unknown.stderr).toContain('environment variable SDN_COMPAT_CONTROLLER_FROB: there is no such setting');
  expect(unknown.status).toBe(2);
  const wrong = await run([], { SDN_COMPAT_CONTROLLER_LEADER_ELECT: 'yes' });
  expect(wrong.stderr).toContain('SDN_COMPAT_CONTROLLER_LEADER_ELECT: "yes": it must be true or false');
  const late = await run([], { SDN_COMPAT_CONTROLLER_RENEW_DEADLINE: '20s' });
  expect(late.stderr).toContain('--renew-deadline must be less than --lease-duration');
  const level = await run([], { SDN_COMPAT_CONTROLLER_LOG_LEVEL: 'frob' });
  expect(level.stderr).toContain('SDN_COMPAT_CONTROLLER_LOG_LEVEL: "frob": Allowed choices are');
});

test('a Service of the same name does no harm, and a damaged kubeconfig is named but not quoted', async () => {
  const path = join(folder, 'damaged');
  await writeFile(path, 'users:\n- user: {token: verysecret\n');
  const service = Object.fromEntries(
    [
      'SERVICE_HOST',
      'SERVICE_PORT',
      'SERVICE_PORT_METRICS',
      'PORT',
      'PORT_9106_TCP',
      'PORT_9106_TCP_ADDR',
      'METRICS_SERVICE_HOST',
    ].map((name) => [`SDN_COMPAT_CONTROLLER_${name}`, '10.0.0.1']),
  );
  const refused = await run(['--kubeconfig', path], service);
  expect(refused.stderr).toMatch(/^sdn-compat: [^\n]*damaged cannot be used: [^\n]*\n$/);
  expect(refused.stderr).not.toContain('verysecret');
  expect(refused.status).toBe(2);
});

test('the config file is read, a flag goes before it, and the status address answers', async () => {
  const server = await start();
  await prepare(server.client);
  const config = await file('statusAddress: "off"\nlogLevel: debug\n');
  const controller = new ControllerProcess(
    server.kubeconfig,
    '--config',
    config,
    '--status-address',
    '127.0.0.1:0',
    '--log-level',
    'info',
  );
  const served = await until(
    'the status address, or the end of the controller',
    async () =>
      controller.log.find(({ msg }) => msg === 'serving metrics and health') ??
      (await Promise.race([controller.ended.then(() => 'ended' as const), setTimeout(0, undefined)])),
  );
  if (served === 'ended') throw new Error(controller.output);
  const ask = (path: string): Promise<Response | undefined> =>
    fetch(`http://${String(served['address'])}/${path}`).catch(() => undefined);
  await until('ready', async () => (await ask('readyz'))?.status === 200);
  expect(controller.log.filter(({ level }) => Number(level) < 30)).toEqual([]);
  expect((await ask('healthz'))?.status).toBe(200);
  const metrics = (await (await ask('metrics'))?.text()) ?? '';
  expect(metrics).toContain('sdn_compat_leader 1');
  expect(metrics).toContain('sdn_controller_num_egress_ips');
  expect(await controller.end('SIGTERM')).toBe(0);
  await server.stop();
}, 600_000);
