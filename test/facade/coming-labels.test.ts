/** An address and the node for it that are written at the same moment. */
import { egressIPs, nodes } from '../../api/kinds.ts';
import { ComingLabels } from '../../src/facade/coming-labels.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { ApiError } from '../../src/io/kube/error.ts';
import { watchKind } from '../../src/io/kube/watch.ts';
import { assignedIn } from '../../src/migrate/kinds/egressip.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { logger } from '../apiserver/started.ts';
import { passing } from '../io/kube/passing.ts';
import { Running, until, World } from './running.ts';

const ip = '192.168.7.201';
const unlabeled: KubeObject = { metadata: { name: 'node0' } };
const labeled: KubeObject = { metadata: { name: 'node0', labels: { 'k8s.ovn.org/egress-assignable': '' } } };

test('a label that does not come is not waited for long; one that came and went is waited for anew', () => {
  let now = 0;
  const coming = new ComingLabels(() => now);
  expect(coming.isAwaited(unlabeled)).toBe(true);
  now = 2_999;
  expect(coming.isAwaited(unlabeled)).toBe(true);
  now = 3_000;
  expect(coming.isAwaited(unlabeled)).toBe(false);
  expect(coming.isAwaited(labeled)).toBe(false);
  expect(coming.isAwaited(unlabeled)).toBe(true);
});

describe.each(['A', 'B'] as const)('build %s', (build) => {
  let world: World;
  beforeEach(async () => {
    world = await World.up(build);
  });
  afterEach(() => world.down());

  /** Asks for the address on node0 while node1 could have it, too. Returns the nodes where it was. */
  async function asked(label: (write: () => Promise<unknown>) => Promise<unknown>): Promise<readonly string[]> {
    const { client: real } = world;
    const patch = ((kind, ref, body, options) => {
      const write = (): Promise<unknown> => real.patch(kind, ref, body, options);
      return kind === nodes && ref.name === 'node0' ? label(write) : write();
    }) as KubeClient['patch'];
    world.facade = new Running(passing(real, { patch }));
    await world.facade.started;
    await world.namespace('red');
    await world.offer('node1', { egressCIDRs: ['192.168.7.64/26'] });
    await until('node1 has its label', async () => (await world.get(nodes, 'node1'))?.metadata.labels?.[name]);
    const [stop, seen] = [new AbortController(), new Set<string>()];
    const cache = watchKind<KubeObject>(real, egressIPs, { logger }, stop.signal);
    cache.subscribe(({ key, after }) => {
      const node = after === undefined || key !== 'egressip-red' ? undefined : assignedIn(after).get(ip);
      if (node !== undefined) seen.add(node);
    });
    await Promise.all([world.request('red', ip), world.offer('node0', { egressIPs: [ip] })]);
    await until('red is open', async () => (await world.rules('red')) === undefined && seen.size > 0);
    stop.abort();
    return [...seen];
  }

  test('the label is written first', async () => {
    const late = async (write: () => Promise<unknown>): Promise<unknown> => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return write();
    };
    expect(await asked(late)).toEqual(['node0']);
  });

  test('a Node that may not be patched does not keep the address from the others', async () => {
    const forbidden = (): Promise<never> => Promise.reject(new ApiError(403, { message: 'nodes is forbidden' }));
    expect(await asked(forbidden)).toEqual(['node1']);
  });
});

const name = 'k8s.ovn.org/egress-assignable';
