/** What the stand-in writes on nodes, against a real API server. */
import { nodes } from '../../../api/kinds.ts';
import { subnetOf } from '../../../src/lab/ovn/annotator.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { until } from '../../e2e/lab.ts';
import { StandInCluster } from '../../ovn/stand-in.ts';

let cluster: StandInCluster;
afterEach(() => cluster.stop());

async function subnets(): Promise<readonly (string | undefined)[]> {
  const { items } = await cluster.client.list<KubeObject>(nodes);
  return items.map(subnetOf);
}

test('each node has a subnet of its own, its addresses and its zone', async () => {
  cluster = await StandInCluster.start();
  const node = await cluster.client.get<KubeObject>(nodes, { name: 'n1' });
  expect(node?.metadata.annotations).toEqual({
    'k8s.ovn.org/node-subnets': '{"default":["10.128.2.0/23"]}',
    'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]',
    'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}',
    'k8s.ovn.org/zone-name': 'n1',
  });
});

test('a node that goes frees its subnet, and one that is damaged gets its own again', async () => {
  cluster = await StandInCluster.start();
  await cluster.client.delete(nodes, { name: 'n0' });
  await until('it is gone', async () => (await subnets()).length === 2);
  await cluster.addNode(7);
  await until('the subnet is used again', async () => (await subnets()).includes('10.128.0.0/23'));
  await cluster.annotate('n1', { 'k8s.ovn.org/node-subnets': null });
  await until('it is back', async () => (await subnets()).filter((one) => one === '10.128.2.0/23').length === 1);
  expect((await subnets()).toSorted()).toEqual(['10.128.0.0/23', '10.128.2.0/23', '10.128.4.0/23']);
});
