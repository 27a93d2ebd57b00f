/** An API server that is restored from a backup, by packets: nobody stays with what it knew from the future. */
import { cpSync, rmSync } from 'node:fs';
import { TestLab, until } from './lab.ts';

const egressIP = '192.168.7.201';
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2');
  await lab.namespace('red');
  await lab.pods(['red/w0', 'worker0'], ['red/w1', 'worker1']);
});
afterAll(() => lab.down());

const stop = (): Promise<unknown> => lab.command('kill', 'apiserver');
const start = (): Promise<unknown> => lab.command('start', 'apiserver');

test('agents and controllers follow a server whose versions went back', async () => {
  const [data, backup] = [`${lab.dir}/api`, `${lab.dir}/backup`];
  await stop();
  cpSync(data, backup, { recursive: true });
  await start();
  for (let count = 0; count < 30; count += 1)
    await lab.must(['annotate', 'namespace', 'red', '--overwrite', `example.org/count=${count}`]);
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.250'] });
  await lab.untilSource('red/w0', '');
  await stop();
  rmSync(data, { recursive: true });
  cpSync(backup, data, { recursive: true });
  await start();
  // what was requested after the backup is gone
  await lab.untilSource('red/w0', '192.168.7.11');
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  for (const pod of ['red/w0', 'red/w1']) await lab.untilSource(pod, egressIP);
  await lab.namespace('later');
  await until('the agents said why', () =>
    ['worker0', 'worker1'].every((node) => lab.log(`node-${node}`).includes('went back from version')),
  );
});

test('also an agent that comes back when the restored server has passed the version that it knew', async () => {
  const [data, backup] = [`${lab.dir}/api`, `${lab.dir}/backup2`];
  await lab.patch('netnamespace', 'red', { egressIPs: [] });
  await lab.untilSource('red/w0', '192.168.7.11');
  await stop();
  cpSync(data, backup, { recursive: true });
  await start();
  await lab.patch('netnamespace', 'red', { egressIPs: ['192.168.7.251'] });
  await lab.untilSource('red/w0', '');
  await lab.command('fail', 'worker0', '--mode', 'api');
  await stop();
  rmSync(data, { recursive: true });
  cpSync(backup, data, { recursive: true });
  await start();
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  for (let count = 0; count < 50; count += 1)
    await lab.must(['annotate', 'namespace', 'red', '--overwrite', `example.org/count=${count}`]);
  await lab.command('heal', 'worker0');
  await lab.untilSource('red/w0', egressIP);
}, 600_000);
