/** Caches all NetNamespaces, reports that, and prints its memory (MiB) after the given number of changes. */
import { netNamespaces } from '../api/kinds.ts';
import { openKube } from '../src/io/kube/config.ts';
import { watchKind } from '../src/io/kube/watch.ts';
import { createLogger } from '../src/io/log.ts';

const [kubeconfig = '', count = '0'] = process.argv.slice(2);
const logger = createLogger({ level: 'warn', name: 'bench' });
const client = await openKube({ kubeconfig, logger, userAgent: 'sdn-compat-bench' });
const stop = new AbortController();
const cache = watchKind(client, netNamespaces, { logger }, stop.signal);
await cache.synced;
let left = Number(count) + cache.list().length;
cache.subscribe(() => {
  left -= 1;
  if (left > 0) return;
  process.stdout.write(String(process.memoryUsage().rss / 2 ** 20));
  stop.abort();
  client.close();
});
process.stdout.write('ready');
