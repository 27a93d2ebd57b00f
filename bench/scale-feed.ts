/** What an agent keeps of the cluster, alone: prints its memory in MiB and the bytes of objects that it read. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kind, pods } from '../api/kinds.ts';
import { keepHeapSmall } from '../src/cli/heap.ts';
import { openKube } from '../src/io/kube/config.ts';
import { createLogger } from '../src/io/log.ts';
import type { KubeObject } from '../src/model/objects/raw.ts';
import { ClusterFeed } from '../src/node/cluster/feed.ts';
import { passing } from '../test/io/kube/passing.ts';

const [kubeconfig = '', node = ''] = process.argv.slice(2);
keepHeapSmall('none');
const logger = createLogger({ level: 'warn', name: 'bench' });
const inner = await openKube({ kubeconfig, logger, userAgent: 'sdn-compat-bench' });
const read = new Map<string, number>();
const client = passing(inner, {
  list: async <T extends KubeObject>(kind: Kind, options?: object) => {
    const list = await inner.list<T>(kind, options);
    let bytes = 0;
    for (const item of list.items) bytes += JSON.stringify(item).length;
    read.set(kind.plural, (read.get(kind.plural) ?? 0) + bytes);
    if (kind === pods) read.set('number of pods', (read.get('number of pods') ?? 0) + list.items.length);
    return list;
  },
});
const stop = new AbortController();
const networkFile = join(await mkdtemp(join(tmpdir(), 'scale-')), 'network.json');
const options = {
  logger,
  signal: stop.signal,
  networkFile,
  drainsFile: `${networkFile}.drains`,
  changed: () => undefined,
};
const feed = new ClusterFeed(client, node, options);
await feed.follow();
for (let found = feed.view(); !found.ok; found = feed.view()) await new Promise((resolve) => setTimeout(resolve, 100));
await new Promise((resolve) => setTimeout(resolve, 5_000));
process.stdout.write(JSON.stringify({ mib: process.memoryUsage().rss / 2 ** 20, read: Object.fromEntries(read) }));
process.exit(0);
