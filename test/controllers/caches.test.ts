import { hostSubnets, netNamespaces, nodes } from '../../api/kinds.ts';
import { openCaches } from '../../src/controllers/caches.ts';
import { logger, start, type Started } from '../apiserver/started.ts';
import { rawHostSubnet, rawNetNamespace } from '../model/parsed.ts';

let started: Started;
beforeAll(async () => {
  started = await start();
});
afterAll(() => started.stop());

it('has read every kind before anybody decides anything', async () => {
  await started.client.create(netNamespaces, rawNetNamespace('red', 42));
  await started.client.create(nodes, { metadata: { name: 'n1' } });
  await started.client.create(hostSubnets, rawHostSubnet('n1', { hostIP: '192.168.7.11', subnet: '10.128.0.0/23' }));
  const stop = new AbortController();
  const caches = await openCaches(started.client, logger, stop.signal);
  const { networks, namespaces, netNamespaces: nets, nodes: machines, hostSubnets: hosts, policies } = caches;
  const all = [networks, namespaces, nets, machines, hosts, policies];
  const names = all.map((cache) => cache.list().map(({ metadata }) => metadata.name ?? ''));
  expect(names.map((list) => list.sort().join(' '))).toEqual(['', 'default kube-system', 'red', 'n1', 'n1', '']);
  stop.abort();
  await Promise.all(all.map(({ ended }) => ended));
});

it('is not waited for any longer than its signal says', async () => {
  const stop = new AbortController();
  const opening = openCaches(started.client, logger, stop.signal);
  stop.abort();
  await expect(opening).rejects.toThrow(/^the watch of \w+ was ended$/);
});
