import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import { clusterNetworks, egressNetworkPolicies } from '../../../api/kinds.ts';
import { exec } from '../../../src/io/programs/exec.ts';
import { snapshotFromFiles } from '../../../src/migrate/input/files.ts';
import { gatheredFiles, gatheredKinds } from '../../../src/migrate/input/gather.ts';
import { makeSnapshot } from '../../../src/migrate/input/make-snapshot.ts';
import { makePlan } from '../../../src/migrate/plan/make.ts';
import { objectYAML } from '../../../src/migrate/plan/yaml.ts';
import { type Snapshot } from '../../../src/migrate/snapshot.ts';
import { oldPlugin, wanted } from '../../../src/migrate/targets.ts';
import { ovn } from '../../../src/migrate/targets/ovn/target.ts';
import { program } from '../../program.ts';
import { create, startCluster } from '../cluster.ts';
import { clusters, type Named } from '../clusters.ts';
import { make, options, snapshotOf } from '../snapshots.ts';

const folder = mkdtempSync(join(tmpdir(), 'migrate-gather-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function readBack(name: string, snapshot: Snapshot): Promise<Snapshot> {
  for (const { path, content } of gatheredFiles(snapshot, wanted)) {
    const file = join(folder, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, dump(content, { noRefs: true }));
  }
  const read = await snapshotFromFiles([join(folder, name)], {
    ...wanted,
    needed: oldPlugin.makesItself,
    progress: () => undefined,
  });
  if (!read.ok) throw new Error(read.error.reason);
  return read.value;
}

const planText = (snapshot: Snapshot, changes: Named['options'] = {}): string => {
  const { plan } = makePlan(snapshot, { tool: 't', target: ovn, options: { ...options, ...changes }, strict: false });
  return JSON.stringify([plan.steps, plan.findings, [...plan.backup.values()].map(objectYAML)]);
};

const all: Readonly<Record<string, Named>> = clusters;
test.each(Object.keys(clusters).filter((name) => !['broken nodes', 'little known', 'unreadable'].includes(name)))(
  'what is gathered of %s gives the same plan',
  async (name) => {
    const { objects, options: given } = all[name]!;
    const snapshot = snapshotOf(objects);
    expect(planText(await readBack(name, snapshot), given)).toBe(planText(snapshot, given));
  },
);

test('no value of a variable that no plan reads is in it, nor what the installer was given besides networks', () => {
  const pod = make.any(
    'v1',
    'Pod',
    {
      name: 'router',
      namespace: 'shop',
      annotations: {
        'pod.network.openshift.io/assign-macvlan': 'true',
        'kubectl.kubernetes.io/last-applied-configuration': '{"env":"secret-1"}',
      },
    },
    {
      spec: {
        containers: [
          {
            env: [
              { name: 'EGRESS_SOURCE', value: '192.168.12.99' },
              { name: 'PASSWORD', value: 'secret-2' },
            ],
          },
        ],
      },
    },
  );
  const config = make.any(
    'v1',
    'ConfigMap',
    { name: 'cluster-config-v1', namespace: 'kube-system' },
    {
      data: {
        'install-config':
          'apiVersion: v1\nnetworking:\n  machineNetwork:\n  - cidr: 192.168.7.0/24\npullSecret: secret-3\n',
      },
    },
  );
  const text = JSON.stringify(gatheredFiles(snapshotOf([pod, config]), wanted));
  expect(text).not.toContain('secret-');
  expect(text).toContain('192.168.12.99');
  expect(text).toContain('192.168.7.0/24');
});

test('annotations are in it that something reads, and no others, which may hold tokens', () => {
  const annotations = {
    'k8s.ovn.org/node-subnets': '{"default":"10.128.0.0/23"}',
    'migrate.sdn-compat/netid': '7',
    'vault.example/token': 'secret-1',
    'evilk8s.ovn.org/token': 'secret-2',
    token: 'secret-3',
  };
  const node = make.any('v1', 'Node', { name: 'n1', annotations }, {});
  const template = {
    metadata: { annotations: { 'pod.network.openshift.io/assign-macvlan': 'true', token: 'secret-4' } },
    spec: { containers: [] },
  };
  const workload = make.any('apps/v1', 'Deployment', { name: 'router', namespace: 'shop' }, { spec: { template } });
  const text = JSON.stringify(gatheredFiles(snapshotOf([node, workload]), wanted));
  expect(text).not.toContain('secret-');
  for (const kept of ['10.128.0.0/23', 'migrate.sdn-compat/netid', 'assign-macvlan']) expect(text).toContain(kept);
});

test('a kind that could not be read or is not served is in the index, and has no file that says there is none', () => {
  const snapshot = makeSnapshot(
    new Map(),
    [{ kind: egressNetworkPolicies, reason: 'no', right: 'list egressnetworkpolicies.network.openshift.io' }],
    { absent: [] },
  );
  expect(gatheredFiles(snapshot, wanted).map(({ path }) => path)).not.toContain(
    'cluster-scoped-resources/network.openshift.io/egressnetworkpolicies.yaml',
  );
  expect(gatheredKinds(snapshot, wanted)).toContainEqual({
    kind: 'EgressNetworkPolicy',
    apiVersion: 'network.openshift.io/v1',
    count: 0,
    unread: 'missing right: list egressnetworkpolicies.network.openshift.io',
    absent: false,
  });
});

test('the command writes an archive that plan reads, and does not write over anything', async () => {
  const started = await startCluster();
  try {
    await started.client.create(clusterNetworks, make.clusterNetwork());
    await create(started.client, [
      make.node('n1', '192.168.7.11'),
      make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
      make.namespace('shop'),
      make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
    ]);
    const run = (...args: readonly string[]) => exec(process.execPath, [...program, 'migrate', ...args]);
    const out = join(folder, 'out/cluster.tar.gz');
    const little = [process.execPath, ...program, 'migrate', 'gather', '--out'];
    for (const path of [out, join(folder, 'out/cluster')]) {
      const failed = await exec('prlimit', ['--fsize=100', ...little, path, '--kubeconfig', started.kubeconfig]);
      expect([failed.status, failed.stderr]).toEqual([1, expect.stringContaining(`${path} cannot be written: EFBIG`)]);
      expect(readdirSync(join(folder, 'out'))).toEqual([]);
    }
    const gathered = await run('gather', '--out', out, '--kubeconfig', started.kubeconfig);
    expect([gathered.status, gathered.stdout]).toEqual([0, expect.stringMatching(/^NetNamespace +\S+ +1$/m)]);
    const again = await run('gather', '--out', out, '--kubeconfig', started.kubeconfig);
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('it is there already')]);
    const plan = join(folder, 'plan');
    const planned = await run('plan', '--to', 'ovn', '--out', plan, '--machine-network', '192.168.7.0/24', '-f', out);
    expect(planned.stdout).not.toContain('IncompleteInput');
    expect(readFileSync(join(plan, 'plan.yaml'), 'utf8')).toMatch(/^cluster: /m);
    expect(readFileSync(join(plan, 'objects/EgressIP-egressip-shop.yaml'), 'utf8')).toContain('192.168.7.101');
  } finally {
    await started.stop();
  }
});
