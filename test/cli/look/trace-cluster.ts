/** A small cluster in files, and `trace` run on it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec, type RunResult } from '../../../src/io/programs/exec.ts';
import { program } from '../../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

export const command = (...args: readonly string[]): Promise<RunResult> =>
  exec(process.execPath, [...program, ...args]);

export const sdn = (kind: string, name: string, more: object): object => ({
  apiVersion: 'network.openshift.io/v1',
  kind,
  metadata: { name },
  ...more,
});
export const host = (index: number, egressIPs: readonly string[]): object =>
  sdn('HostSubnet', `node${index}`, {
    host: `node${index}`,
    hostIP: `192.168.7.1${index}`,
    subnet: `10.128.${index}.0/24`,
    egressIPs,
  });
export const namespace = (name: string, netid: number, egressIPs: readonly string[]): object[] => [
  sdn('NetNamespace', name, { netname: name, netid, egressIPs }),
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { kind: name } } },
];
export const pod = (key: string, node: string, podIP: string, more: object = {}): object => {
  const [space, name] = key.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: space, name },
    spec: { nodeName: node, containers: [], ...more },
    status: { podIP },
  };
};
export const network = (plugin: string): object =>
  sdn('ClusterNetwork', 'default', {
    pluginName: `redhat/openshift-ovs-${plugin}`,
    serviceNetwork: '172.30.0.0/16',
    network: '10.128.0.0/14',
    hostsubnetlength: 8,
    clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 8 }],
  });
export const policy = (kind: string, apiVersion: string, space: string, spec: object): object => ({
  apiVersion,
  kind,
  metadata: { namespace: space, name: 'p' },
  spec,
});
export const [first, second] = ['192.168.7.201', '192.168.7.202'];
export const cluster = [
  network('networkpolicy'),
  host(1, [first]),
  host(2, [second]),
  ...namespace('red', 11, [first]),
  ...namespace('both', 12, [second, '192.168.7.209']),
  ...namespace('plain', 13, []),
  pod('red/a', 'node1', '10.128.1.2'),
  pod('red/b', 'node2', '10.128.2.2'),
  pod('plain/c', 'node1', '10.128.1.3'),
  pod('plain/host', 'node1', '192.168.7.11', { hostNetwork: true }),
  pod('plain/new', 'node1', ''),
];

let files = 0;
export function written(...objects: readonly object[]): string {
  files += 1;
  const path = join(folder, `${files}.json`);
  writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  return path;
}

export const base = written(...cluster);

export async function traced(file: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await command('trace', ...args, '-f', file, '-o', 'json');
  if (stdout === '') throw new Error(stderr);
  const { ways } = JSON.parse(stdout) as {
    ways: readonly { verdict: string; address: string | null; node: string; reason: string }[];
  };
  return ways.map(({ verdict, address, node, reason }) => `${verdict} ${address ?? '-'} ${node}: ${reason}`);
}
