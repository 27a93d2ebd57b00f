import { leases, namespaces } from '../../api/kinds.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { ControllerProcess } from './process.ts';
import { type Server, startServer } from './server.ts';
import { type Cluster, prepare, until } from './started.ts';

const flags = ['--leader-elect', '--lease-duration', '2s', '--renew-deadline', '1200ms', '--retry-period', '200ms'];

let server: Server;
let cluster: Cluster;
let first: ControllerProcess;
let second: ControllerProcess;

beforeEach(async () => {
  server = await startServer();
  cluster = await prepare(server.client);
  first = new ControllerProcess(server.kubeconfig, ...flags);
  await until('the first leads', () => first.said('controllers started'));
  second = new ControllerProcess(server.kubeconfig, ...flags);
  await cluster.namespace('before');
});
afterEach(async () => {
  await Promise.all([first.end(), second.end()]);
  await server.stop();
});

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const create = (name: string): Promise<KubeObject> =>
  server.client.create<KubeObject>(namespaces, { metadata: { name } });
const has = async (name: string): Promise<boolean> => (await cluster.netNamespace(name)) !== undefined;
const holder = async (): Promise<string> => {
  const lease = await server.client.get<KubeObject & { spec: { holderIdentity: string } }>(leases, {
    name: 'sdn-compat-controller',
    namespace: 'kube-system',
  });
  return lease?.spec.holderIdentity ?? '';
};

test('one leads; when it is killed the other acts within the lease, and VNIDs go on', async () => {
  const before = await holder();
  await wait(1_500); // the second has started
  expect(second.said('leading')).toBe(false);
  await first.end('SIGKILL');
  await create('after');
  await until('the other acts', () => has('after'));
  expect(await holder()).not.toBe(before);
  expect((await cluster.netNamespace('after'))?.netid).not.toBe((await cluster.netNamespace('before'))?.netid);
});

test('SIGTERM gives the lease back at once', async () => {
  await wait(1_500);
  const before = await holder();
  expect(before).not.toBe('');
  expect(await first.end('SIGTERM')).toBe(0);
  expect(await holder()).not.toBe(before);
  await create('after');
  await until('the other acts', () => has('after'));
});

test('a leader that was paused writes nothing when it wakes', async () => {
  await wait(1_500);
  first.signal('SIGSTOP');
  await until('the other leads', () => second.said('controllers started'));
  second.signal('SIGSTOP');
  const logged = first.log.length;
  for (let index = 0; index < 20; index += 1) await create(`awake-${index}`);
  first.signal('SIGCONT');
  await wait(600);
  for (let index = 0; index < 20; index += 1) expect(await has(`awake-${index}`)).toBe(false);
  second.signal('SIGCONT');
  await until('the leader acts', () => has('awake-19'));
  const said = (): string[] => first.log.slice(logged).map(({ msg }) => msg);
  await until('the first has noticed', () => said().includes('not leading any more'));
  const since = said();
  const again = since.indexOf('leading');
  expect(since.slice(0, again < 0 ? undefined : again)).not.toContain('NetNamespace created');
});
