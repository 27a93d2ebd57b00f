import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { exec } from '../../../src/io/programs/exec.ts';
import { make } from '../../migrate/snapshots.ts';
import { program } from '../../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-proxies-'));
afterAll(() => rmSync(folder, { recursive: true }));

const router = (name: string, destination: string): object => {
  const env = [
    { name: 'EGRESS_SOURCE', value: '192.168.7.99/24' },
    { name: 'EGRESS_HTTP_PROXY_DESTINATION', value: destination },
  ];
  const annotations = { 'pod.network.openshift.io/assign-macvlan': 'true' };
  return make.any(
    'v1',
    'Pod',
    { namespace: 'shop', name, annotations },
    { spec: { containers: [{ name: 'c', env }] } },
  );
};

async function proxies(objects: readonly object[], ...more: string[]) {
  const file = join(folder, 'cluster.json');
  const base = [make.clusterNetwork(), make.hostSubnet('n1', '192.168.7.11'), make.netNamespace('shop', 77)];
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...base, ...objects] }));
  return exec(process.execPath, [...program, 'migrate', 'proxies', '-f', file, ...more]);
}

test('the YAML is the objects of the JSON, and whatever a router is named, its comments are comments', async () => {
  const objects = [router('a', '*'), router('b\n---\nkind: Secret', '*')];
  const [yaml, json] = [await proxies(objects), await proxies(objects, '-o', 'json')];
  expect([yaml.status, json.status]).toEqual([0, 0]);
  const printed = JSON.parse(json.stdout) as { readonly proxies: readonly { readonly objects: readonly object[] }[] };
  expect(loadAll(yaml.stdout)).toEqual(printed.proxies.flatMap(({ objects: ones }) => ones));
  expect(yaml.stdout).toMatch(/^# in place of Pod shop\/a, an egress router in mode http-proxy:$/m);
});

test('one that cannot be replaced is named, with exit status 1, and the others are printed', async () => {
  const ran = await proxies([router('a', 'no host'), router('b', '*')]);
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain(
    'no proxy in place of Pod shop/a: EGRESS_HTTP_PROXY_DESTINATION: "no host" is no address, no CIDR, no name, and no *.DOMAIN\n',
  );
  expect(ran.stdout).toContain('name: b-proxy');
});

test('root is no user for a proxy', async () => {
  const ran = await proxies([], '--run-as-user', '0');
  expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining('"0" is no user but root.')]);
});
