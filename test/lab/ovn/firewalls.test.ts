/** What the stand-in's zones and cluster manager say of EgressFirewalls, against a real API server. */
import { egressFirewalls, nodes } from '../../../api/kinds.ts';
import { egressFirewallItem } from '../../../src/migrate/kinds/egressfirewall.ts';
import { listAt, textAt } from '../../../src/migrate/kinds/item.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { until } from '../../e2e/lab.ts';
import { StandInCluster, type StandInClusterOptions } from '../../ovn/stand-in.ts';

let cluster: StandInCluster;
afterEach(() => cluster.stop());

const allow = (cidrSelector: string): object => ({ type: 'Allow', to: { cidrSelector } });
const applied = 'EgressFirewall Rules applied';
const notApplied = 'EgressFirewall Rules not correctly applied';

async function begin(options: StandInClusterOptions = {}): Promise<void> {
  cluster = await StandInCluster.start(options);
  await cluster.namespace('shop');
}

const read = async (): Promise<KubeObject> =>
  (await cluster.client.get<KubeObject>(egressFirewalls, { name: 'default', namespace: 'shop' }))!;
const said = async (): Promise<{ readonly status: string; readonly messages: readonly string[] }> => {
  const { status, messages } = egressFirewallItem(await read());
  return { status, messages: [...messages].sort() };
};
const untilSaid = (status: string, messages: number): Promise<readonly string[]> =>
  until(`status is "${status}" with ${messages} messages`, async () => {
    const now = await said();
    return now.status === status && now.messages.length === messages && now.messages;
  });
const setRules = (egress: readonly object[]): Promise<KubeObject> =>
  cluster.client.patch<KubeObject>(
    egressFirewalls,
    { name: 'default', namespace: 'shop' },
    { spec: { egress } },
    { type: 'merge' },
  );

test('each zone says that the rules are applied, under its own name, then the cluster manager', async () => {
  await begin();
  await cluster.firewall('shop', [allow('1.2.3.4/32')]);
  expect(await untilSaid(applied, 3)).toEqual(['n0', 'n1', 'n2'].map((zone) => `${zone}: ${applied}`));
  const managers = listAt((await read()).metadata, 'managedFields').flatMap((one) =>
    textAt(one, 'subresource') === 'status' ? [`${textAt(one, 'manager')} ${textAt(one, 'operation')}`] : [],
  );
  expect(managers.sort()).toEqual(['cluster-manager Apply', 'n0 Apply', 'n1 Apply', 'n2 Apply']);
});

test('a range that cannot be read is not applied, with the reason, and put right it is', async () => {
  await begin();
  await cluster.firewall('shop', [allow('1.2.3.4/32'), allow('1.2.3.4/99')]);
  const messages = await untilSaid(notApplied, 3);
  expect(messages[0]).toBe(`n0: ${notApplied}: invalid CIDR address: 1.2.3.4/99`);
  await setRules([allow('1.2.3.4/9')]);
  await untilSaid(applied, 3);
});

test('while a zone is silent nothing is said of all, unless another says that it failed', async () => {
  await begin();
  cluster.setSilent('n1', true);
  await cluster.firewall('shop', [allow('1.2.3.4/32')]);
  await untilSaid('', 2);
  await setRules([allow('nonsense')]);
  await untilSaid(notApplied, 2);
  await setRules([allow('5.6.7.8/32')]);
  await untilSaid('', 2);
  cluster.setSilent('n1', false);
  await untilSaid(applied, 3);
});

test('a zone that comes is waited for, and one that goes takes its message along', async () => {
  await begin();
  await cluster.firewall('shop', [allow('1.2.3.4/32')]);
  await untilSaid(applied, 3);
  cluster.setSilent('n3', true);
  await cluster.addNode(3);
  await untilSaid('', 3);
  await cluster.client.delete(nodes, { name: 'n3' });
  await untilSaid(applied, 3);
  await cluster.client.delete(nodes, { name: 'n2' });
  await untilSaid(applied, 2);
});

test.each([
  ['for ever, as far as this test can see', 3_600_000, ''],
  ['and then not any longer', 1, applied],
])('a node without a zone holds it up %s', async (_, zonePatience, status) => {
  await begin({ zonePatience, nodes: 2 });
  await cluster.setAnnotated('n1', 'k8s.ovn.org/zone-name', false);
  await until('it is gone', async () => {
    const node = await cluster.client.get<KubeObject>(nodes, { name: 'n1' });
    return node?.metadata.annotations?.['k8s.ovn.org/zone-name'] === undefined;
  });
  await cluster.firewall('shop', [allow('1.2.3.4/32')]);
  await untilSaid(status, 1);
});

test('rules that name nodes or hosts are taken as they are', async () => {
  await begin();
  await cluster.setHostCIDRs('n1', false);
  await cluster.firewall('shop', [
    { type: 'Allow', to: { nodeSelector: {} } },
    { type: 'Deny', to: { dnsName: 'example.org' } },
  ]);
  await untilSaid(applied, 3);
});
