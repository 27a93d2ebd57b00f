/** A leader that was stopped, and wakes up while another leads: it writes nothing of what it meant to. */
import { egressIPs } from '../../api/kinds.ts';
import { watchKind } from '../../src/io/kube/watch.ts';
import { assignedIn } from '../../src/migrate/kinds/egressip.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { logger } from '../apiserver/started.ts';
import { ControllerProcess } from '../controllers/process.ts';
import { until, World } from './running.ts';

const ip = '192.168.7.201';
const started = 'the facade of OVN-Kubernetes started';

let world: World;
afterEach(() => world.down());

test('a leader that slept does not undo what its successor did', async () => {
  world = await World.up('B');
  const lease = ['--leader-elect', '--lease-duration=6s', '--renew-deadline=4s', '--retry-period=500ms'];
  const run = (): ControllerProcess => new ControllerProcess(world.server.kubeconfig, '--backend=ovn', ...lease);
  const first = run();
  await until('the first leads', () => first.said(started));
  const second = run();
  const stop = new AbortController();
  try {
    await world.namespace('red', 'blue');
    await world.offer('node0', { egressIPs: [ip] });
    await world.request('red', ip);
    await until('red has it', async () => (await world.places('red'))[ip] === 'node0');
    first.signal('SIGSTOP');
    await world.request('red');
    await world.offer('node0', { egressIPs: [] });
    await world.offer('node1', { egressIPs: [ip] });
    await world.request('blue', ip);
    await until('the second leads', () => second.said(started), 120);
    await until('blue has it', async () => (await world.places('blue'))[ip] === 'node1');
    await until('blue is open', async () => (await world.rules('blue')) === undefined);
    const wrong: string[] = [];
    const cache = watchKind<KubeObject>(world.client, egressIPs, { logger }, stop.signal);
    await cache.synced;
    cache.subscribe(({ key, after }) => {
      const node = after === undefined ? undefined : assignedIn(after).get(ip);
      if (key === 'egressip-red' || (key === 'egressip-blue' && node !== 'node1')) wrong.push(`${key} ${node ?? '-'}`);
    });
    first.signal('SIGCONT');
    await until('the first knows', () => first.said('not leading any more'));
    // what the woken one had in hand would be written by now: the first leads again only when the second ends
    await second.end('SIGTERM');
    const count = (): number => first.log.filter(({ msg }) => msg === started).length;
    await until('the first leads again', () => count() >= 2, 120);
    await world.request('red', '192.168.7.250');
    await until('it works', () => world.isClosed('red'));
    expect(wrong).toEqual([]);
  } finally {
    stop.abort();
    first.signal('SIGCONT');
    await Promise.all([first.end('SIGTERM'), second.end('SIGTERM')]);
  }
}, 600_000);
