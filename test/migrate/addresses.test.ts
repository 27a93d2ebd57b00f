import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '../../src/io/programs/exec.ts';
import { addressTable, type Mode, seenText, tableDiff } from '../../src/migrate/addresses.ts';
import { addressEnds } from '../../src/migrate/targets/ovn/egressips/addresses.ts';
import type { TranslateOptions } from '../../src/migrate/targets/ovn/options.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { program } from '../program.ts';
import { make, options, snapshotOf } from './snapshots.ts';

const network = (ip: string) => ({ annotations: { 'k8s.ovn.org/node-primary-ifaddr': `{"ipv4":"${ip}/24"}` } });
const cluster = [
  make.clusterNetwork(),
  make.node('n1', '192.168.7.11', network('192.168.7.11')),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
  ...['shop', 'dark', 'plain', 'far'].map((name) => make.namespace(name)),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('dark', 11, { egressIPs: ['192.168.7.102'] }),
  make.netNamespace('far', 12, { egressIPs: ['203.0.113.9'] }),
  make.netNamespace('plain', 13),
];

function rows(mode: Mode, changes: Partial<TranslateOptions> = {}, objects: readonly KubeObject[] = cluster) {
  const { nodes, ends } = addressEnds(snapshotOf(objects), { ...options, ...changes });
  const table = addressTable(mode, nodes, ends);
  return {
    table,
    shown: Object.fromEntries(
      table.rows.map(({ namespace, seen }) => [namespace, Object.values(seen).map(seenText).join(' > ')]),
    ),
  };
}

test('offline, egress IPs hold through the first reboots; then nothing leaves, then node addresses do', () => {
  expect(rows('offline').shown).toEqual({
    shop: '192.168.7.101 > 192.168.7.101 > none > any node > 192.168.7.101',
    // dropped today; OVN-Kubernetes assigns what it can and drops nothing
    dark: 'none > none > none > any node > 192.168.7.102',
    far: 'none > none > none > any node > any node',
  });
});

test('live, egress IPs work in neither plugin while nodes are rebooted', () => {
  expect(rows('live').shown['shop']).toBe('192.168.7.101 > any node > any node > 192.168.7.101');
});

test('what is kept closed shows no address in any phase, and namespaces without egress IPs are not listed', () => {
  const { shown } = rows('offline', { keepClosed: true });
  expect(shown['far']).toBe('none > none > none > none > none');
  expect(shown).not.toHaveProperty('plain');
});

test('the subnet plugin has no egress IPs today', () => {
  const objects = [make.clusterNetwork('redhat/openshift-ovs-subnet'), ...cluster.slice(1)];
  expect(rows('offline', {}, objects).shown['shop']).toBe('any node > any node > none > any node > 192.168.7.101');
});

test('two runs are compared cell by cell, and the nodes too', () => {
  const before = rows('offline').table;
  const changed = cluster.map((one) =>
    one.kind === 'NetNamespace' && one.metadata.name === 'shop'
      ? make.netNamespace('shop', 10, { egressIPs: ['192.168.7.105'] })
      : one,
  );
  const now = rows('offline', {}, [...changed, make.node('n2', '192.168.7.12', network('192.168.7.12'))]).table;
  expect(tableDiff(before, before)).toEqual([]);
  expect(tableDiff(before, now)).toEqual([
    '- shop after: 192.168.7.101',
    '+ shop after: 192.168.7.105',
    '- shop first reboots: 192.168.7.101',
    '+ shop first reboots: none',
    '- shop today: 192.168.7.101',
    '+ shop today: none',
    '- nodes: 192.168.7.11',
    '+ nodes: 192.168.7.11, 192.168.7.12',
  ]);
});

test('the command prints a table, CSV with every address, JSON, and the difference to an earlier run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-addresses-'));
  try {
    const file = join(folder, 'cluster.json');
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: cluster }));
    const run = (...args: readonly string[]) =>
      exec(process.execPath, [...program, 'migrate', 'addresses', '-f', file, ...args]);
    expect((await run()).stdout).toMatch(
      /^shop +192\.168\.7\.101 +192\.168\.7\.101 +none +any node +192\.168\.7\.101$/m,
    );
    expect((await run('-o', 'csv', '--mode', 'live')).stdout).toContain('shop,both reboots,192.168.7.11\n');
    const json = await run('-o', 'json');
    const old = join(folder, 'old.json');
    await writeFile(old, json.stdout);
    expect((await run('--since', old)).stdout).toBe('nothing changed\n');
    await writeFile(old, '[]');
    const wrong = await run('--since', old);
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/^sdn-compat: --since [^\n]*no table[^\n]*\n$/),
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
