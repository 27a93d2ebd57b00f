/** For which workloads kube-vip gets a Service, and how it is called. */
import { services } from '../../../../api/kinds.ts';
import { unsetOptions } from '../../../../src/migrate/target.ts';
import { kubeVip } from '../../../../src/migrate/targets/kube-vip/target.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make } from '../../snapshots.ts';
import { readDump } from '../../summary.ts';

const ips = ['192.168.7.200', '192.168.7.201'];
const base: readonly KubeObject[] = [
  make.clusterNetwork(),
  ...ips.flatMap((ip, index) => [
    make.node(`w${index}`, `192.168.7.10${index}`),
    make.hostSubnet(`w${index}`, `192.168.7.10${index}`, { egressIPs: [ip] }),
  ]),
  make.namespace('red'),
  make.netNamespace('red', 11, { egressIPs: ips }),
];

function workload(kind: string, name: string, { owner, apiVersion = 'apps/v1' }: Record<string, string> = {}) {
  const owned = owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'v1', kind: owner, name, uid: 'u' }] };
  const spec = { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } } } };
  return make.any(apiVersion, kind, { namespace: 'red', name, ...owned }, { spec });
}

async function planned(workloads: readonly KubeObject[], prefix = 'egressip') {
  const snapshot = await readDump([...base, ...workloads], kubeVip.name);
  const { changes = [], findings = [] } =
    kubeVip.translator({ ...unsetOptions(kubeVip), prefix })?.translate(kubeVip.before(snapshot)) ?? {};
  const made = changes.flatMap((change) =>
    change.action === 'apply' && change.object.kind === services.kind ? [change.object.metadata.name ?? ''] : [],
  );
  const unserved = findings.filter(({ code }) => code === 'WorkloadsUnserved');
  return { made, unserved: unserved.map(({ severity, tomorrow }) => `${severity}: ${tomorrow}`) };
}

test('workloads of one name and two kinds get two Services', async () => {
  const { made } = await planned([workload('Deployment', 'web'), workload('StatefulSet', 'web')]);
  expect(new Set(made).size).toBe(2);
});

test.each([
  ['a dot', 'web.v2', 'egressip'],
  ['more characters than a Service may have', 'w'.repeat(60), 'egressip'],
  ['a prefix that begins with a digit', 'web', '2nd'],
  ['a long prefix', 'web', 'p'.repeat(100)],
])('a name with %s becomes one that a Service may have', async (_, name, prefix) => {
  const { made } = await planned([workload('Deployment', name)], prefix);
  expect(made).toEqual([expect.stringMatching(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/)]);
  const others = await planned([workload('Deployment', `${name}2`)], prefix);
  expect(others.made).not.toEqual(made);
});

test('what an operator makes counts, what another workload makes does not', async () => {
  const operated = [workload('Deployment', 'web'), workload('StatefulSet', 'db', { owner: 'Postgres' })];
  expect((await planned(operated)).made).toEqual(['egressip-db', 'egressip-web']);
  const replicas = [workload('Deployment', 'web'), workload('ReplicaSet', 'web-1', { owner: 'Deployment' })];
  expect((await planned(replicas)).made).toEqual(['egressip-web']);
});

test('pods that come and go get no Service, which a warning says', async () => {
  const batch = { apiVersion: 'batch/v1' };
  const { made, unserved } = await planned([
    workload('Deployment', 'web'),
    workload('CronJob', 'nightly', batch),
    workload('Job', 'nightly-1', { ...batch, owner: 'CronJob' }),
  ]);
  expect(made).toEqual(['egressip-web']);
  expect(unserved).toEqual([
    'warning: No Service is made for the pods of CronJob red/nightly: other pods leave with node addresses.',
  ]);
});
