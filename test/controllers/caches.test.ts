import { hostSubnets, netNamespaces, nodes } from '../../api/kinds.ts';
import { openCaches } from '../../src/controllers/caches.ts';
import type { NodeObject } from '../../src/model/objects/raw.ts';
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

it('keeps of Nodes and Namespaces what is read: neither images nor managers nor conditions of Namespaces', async () => {
  const conditions = [{ type: 'Ready', status: 'True' } as const];
  const addresses = [{ type: 'InternalIP', address: '192.168.7.12' }];
  const node: NodeObject = {
    metadata: { name: 'n2', labels: { zone: 'a' } },
    spec: { unschedulable: true, podCIDR: '10.1.0.0/24' },
    status: { ...{ images: [{ names: ['example.org/big'] }] }, addresses, conditions },
  };
  await started.client.create(nodes, node);
  const stop = new AbortController();
  const caches = await openCaches(started.client, logger, stop.signal);
  const cached = caches.nodes.get('n2');
  expect(cached?.metadata.labels).toEqual({ zone: 'a' });
  expect(cached?.metadata.uid).toBeDefined();
  expect(cached?.metadata).not.toHaveProperty('managedFields.0');
  expect(cached?.spec).toEqual({ unschedulable: true });
  expect(cached?.status).toEqual({ addresses, conditions });
  const namespace = caches.namespaces.get('kube-system');
  expect(namespace?.metadata.resourceVersion).toBeDefined();
  expect(namespace?.metadata).not.toHaveProperty('managedFields.0');
  expect(Object.keys(namespace ?? {})).toEqual(['metadata']);
  stop.abort();
});

it('is not waited for any longer than its signal says', async () => {
  const stop = new AbortController();
  const opening = openCaches(started.client, logger, stop.signal);
  stop.abort();
  await expect(opening).rejects.toThrow(/^the watch of \w+ was ended$/);
});
