/** Ports of pods on a bridge that loses them, on a host whose links a test chooses. */
import { PodPorts } from '../../../src/node/agent/pod-ports.ts';
import { logger } from '../../apiserver/started.ts';
import { type Database, database, type Tables } from '../ovs/database.ts';

let open: Database | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const external = (sandbox: string, ip: string): unknown => [
  'map',
  Object.entries({ sandbox, ip, 'pod-namespace': 'red', 'pod-name': sandbox }),
];
const ports: Tables = {
  Interface: [
    { name: 'veth1', external_ids: external('s1', '10.254.0.2'), ofport: 3 },
    { name: 'veth2', external_ids: external('s2', '10.254.0.3'), ofport: 4 },
  ],
};
const veth = (device: string, sandbox: string, ip: string): object => ({
  ifname: device,
  ifalias: `sdn-compat ${sandbox} ${ip} red`,
});

async function opened(tables: Tables, links: readonly object[] = []): Promise<{ podPorts: PodPorts; on: Database }> {
  const on = (open = await database(tables));
  const exec = (): Promise<{ status: number; stdout: string; stderr: string }> =>
    Promise.resolve({ status: 0, stdout: JSON.stringify(links), stderr: '' });
  return { podPorts: new PodPorts({ exec, logger, connect: () => Promise.resolve(on.ovsdb) }), on };
}

/** The work on a sandbox's port, and what ends it. */
function begin(podPorts: PodPorts, sandbox: string): { readonly done: Promise<void>; readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return { done: podPorts.workOn(sandbox, () => promise), end: () => resolve(undefined) };
}

test('a port that was there and is gone is lost, once; one that is new is not', async () => {
  const { podPorts, on } = await opened(ports);
  expect(podPorts.haveLost(on.ovsdb)).toBe(false);
  expect(podPorts.haveLost(on.ovsdb)).toBe(false);
  const empty = await database({});
  expect(podPorts.haveLost(empty.ovsdb)).toBe(true);
  expect(podPorts.haveLost(empty.ovsdb)).toBe(false);
  await empty.close();
});

test('the port of a pod that is being attached or detached is never lost', async () => {
  const { podPorts, on } = await opened(ports);
  podPorts.haveLost(on.ovsdb);
  const work = [begin(podPorts, 's1'), begin(podPorts, 's2')];
  const empty = await database({});
  expect(podPorts.haveLost(empty.ovsdb)).toBe(false);
  for (const { end } of work) end();
  await Promise.all(work.map(({ done }) => done));
  expect(podPorts.haveLost(empty.ovsdb)).toBe(false);
  await empty.close();
});

test('a pod whose veth is here but not on the bridge is put back; one whose veth is gone is removed', async () => {
  const { podPorts, on } = await opened(ports, [veth('veth1', 's1', '10.254.0.2'), veth('veth3', 's3', '10.254.0.4')]);
  await podPorts.restore(on.ovsdb);
  const told = JSON.stringify(on.transactions);
  expect(told).toContain('"veth2"');
  expect(told).toContain('10.254.0.4');
  expect(told).not.toContain('10.254.0.2');
});

test('nothing is put back or removed that is being worked on', async () => {
  const { podPorts, on } = await opened(ports, [veth('veth1', 's1', '10.254.0.2'), veth('veth3', 's3', '10.254.0.4')]);
  const work = [begin(podPorts, 's2'), begin(podPorts, 's3')];
  await podPorts.restore(on.ovsdb);
  expect(on.transactions).toEqual([]);
  for (const { end } of work) end();
  await Promise.all(work.map(({ done }) => done));
});

test('work on a port waits until lost ports are back, whether that worked or not', async () => {
  const { podPorts, on } = await opened(ports);
  const broken = new PodPorts({
    exec: () => Promise.reject(new Error('no links')),
    logger,
    connect: () => Promise.resolve(on.ovsdb),
  });
  const restored = podPorts.restore(on.ovsdb).then(() => 'restored');
  expect(await Promise.race([podPorts.workOn('s1', () => Promise.resolve('worked')), restored])).toBe('restored');
  await expect(broken.restore(on.ovsdb)).rejects.toThrow('no links');
  expect(await broken.workOn('s1', () => Promise.resolve('worked'))).toBe('worked');
});
