/** Reading the cluster for the egress model. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import {
  egressFirewalls,
  egressIPs,
  egressPools,
  hostSubnets,
  leases,
  namespaces,
  netNamespaces,
  nodes,
} from '../../../api/kinds.ts';
import { clusterFromFiles, clusterFromServer, type ReadCluster } from '../../../src/io/input/cluster.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import { backendAnnotation, controllerLabels, verdictLease } from '../../../src/io/kube/verdict.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { start, type Started } from '../../apiserver/started.ts';

const host = (name: string, hostIP: string): HostSubnetObject => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'HostSubnet',
  metadata: { name },
  host: name,
  hostIP,
  subnet: '10.128.0.0/23',
});
const net = (name: string): NetNamespaceObject => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'NetNamespace',
  metadata: { name },
  netname: name,
  netid: 7,
});
const node = (name: string, ready?: string): KubeObject & { readonly status: object } => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: {
    conditions: [
      { type: 'DiskPressure', status: 'False' },
      ...(ready === undefined ? [] : [{ type: 'Ready', status: ready }]),
    ],
  },
});
const machines = [node('n1', 'True'), node('n2', 'False'), node('n3', 'Unknown'), node('n4'), node('a', 'Unknown')];
const hosts = [1, 2, 3, 4, 5].map((index) => host(`n${index}`, `192.168.7.${index}`));

const lease = verdictLease(
  { node: 'n1', nodeUid: undefined, namespace: 'agents', version: 'v1' },
  { carried: new Set(), refused: new Map([['192.168.7.200', 'somebody has it']]), applied: 'abc' },
);
const judged = ({ cluster, unknown, refused }: ReadCluster): object => ({
  offline: [...cluster.offline],
  unknown: Object.fromEntries(unknown),
  refused: [...refused].map(([name, ips]) => [name, Object.fromEntries(ips)]),
});
const expected = {
  offline: ['192.168.7.2'],
  unknown: { n3: 'does not report (Ready is Unknown)', n5: 'has a HostSubnet and no Node' },
  refused: [['n1', { '192.168.7.200': 'somebody has it' }]],
};

const led: KubeObject & { readonly spec: object } = {
  ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  metadata: {
    ...{ namespace: 'sdn', name: 'sdn-compat-controller', labels: controllerLabels },
    annotations: { [backendAnnotation]: 'ovn' },
  },
  spec: { holderIdentity: 'x' },
};
const assigned: KubeObject & { readonly spec: object; readonly status: object } = {
  ...{ apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', metadata: { name: 'egressip-red' } },
  spec: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'red' } } },
  status: { items: [{ egressIP: '192.168.7.201', node: 'n2' }] },
};

describe('from files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const write = async (...objects: readonly object[]): Promise<string> => {
    const file = join(folder, 'input.yaml');
    await writeFile(file, objects.map((one) => dump(one)).join('---\n'));
    return file;
  };

  it('calls nodes offline that are not ready, and tells of those that nobody knows of', async () => {
    const result = await clusterFromFiles([await write(...hosts, net('red'), ...machines, lease)]);
    expect(result.ok && judged(result.value)).toEqual(expected);
  });

  it('knows nothing of the health of nodes when there are none', async () => {
    const result = await clusterFromFiles([await write(...hosts)]);
    expect(result.ok && judged(result.value)).toEqual({ offline: [], unknown: {}, refused: [] });
  });

  it('reads EgressIPs where a facade leads; without any nobody can tell', async () => {
    const read = async (...more: readonly object[]): Promise<unknown> => {
      const result = await clusterFromFiles([await write(...hosts, net('red'), ...more)]);
      return result.ok ? result.value.assignments : result.error;
    };
    expect(await read(assigned)).toBeUndefined();
    expect(await read(led)).toBe('unread');
    expect(await read(led, assigned)).toMatchObject([{ egressIP: '192.168.7.201', node: 'n2' }]);
  });

  it('reads EgressFirewalls there; without any nobody can tell', async () => {
    const firewall = { ...assigned, kind: 'EgressFirewall', metadata: { namespace: 'red', name: 'default' }, spec: {} };
    const read = async (...more: readonly object[]): Promise<unknown> => {
      const result = await clusterFromFiles([await write(...hosts, net('red'), ...more)]);
      return result.ok ? result.value.firewalls : result.error;
    };
    expect(await read(firewall)).toBeUndefined();
    expect(await read(led)).toBe('unread');
    expect(await read(led, firewall)).toEqual(new Map([['red', []]]));
  });

  it('needs a HostSubnet or NetNamespace', async () => {
    const file = await write(...machines);
    expect(await clusterFromFiles([file, file])).toEqual({
      ok: false,
      error: {
        file: `${file}, ${file}`,
        line: undefined,
        field: '',
        reason: 'there is no HostSubnet or NetNamespace in it',
      },
    });
    expect((await clusterFromFiles([await write(net('red'))])).ok).toBe(true);
  });

  test.each<readonly [string, object, string]>([
    ['HostSubnet', { ...host('n1', '192.168.7.1'), egressIPs: 'x' }, 'egressIPs'],
    ['NetNamespace', { ...net('red'), netid: 'x' }, 'netid'],
    ['Node', { apiVersion: 'v1', kind: 'Node', metadata: { name: 1 } }, 'metadata.name'],
    [
      'ClusterNetwork',
      {
        apiVersion: 'network.openshift.io/v1',
        kind: 'ClusterNetwork',
        metadata: { name: 'default' },
        clusterNetworks: 'x',
      },
      'clusterNetworks',
    ],
  ])('names the field of a %s that has the wrong type', async (_kind, object, field) => {
    const result = await clusterFromFiles([await write(host('n9', '192.168.7.9'), object)]);
    expect(result).toMatchObject({ ok: false, error: { field } });
  });
});

describe('from a server', () => {
  let started: Started;
  beforeAll(async () => {
    started = await start();
    for (const one of hosts) await started.client.create(hostSubnets, one);
    for (const one of machines) await started.client.create(nodes, one);
    await started.client.create(netNamespaces, net('red'));
    await started.client.create(namespaces, { metadata: { name: 'agents' } });
    await started.client.create(leases, lease);
    await started.client.create(leases, { metadata: { name: 'n1', namespace: 'default' } });
  });
  afterAll(() => started.stop());

  it('finds the same as from files', async () => {
    expect(judged(await clusterFromServer(started.client))).toEqual(expected);
  });

  const answering = (code: number, ...kinds: readonly string[]): Promise<ReadCluster> =>
    clusterFromServer({
      ...started.client,
      list: (kind, options) =>
        kinds.includes(kind.kind) ? Promise.reject(new ApiError(code, {})) : started.client.list(kind, options),
    });

  it.each([
    [404, 'are not served'],
    [403, 'may not be listed'],
  ])(
    'says in a line what is not known where a list is answered by %i, and goes on with the rest',
    async (code, why) => {
      const read = await answering(code, 'Node');
      const unreadable = 'has a Node that could not be read';
      expect(judged(read)).toEqual({
        ...expected,
        offline: [],
        unknown: Object.fromEntries(hosts.map(({ host: name }) => [name, unreadable])),
      });
      const unready = 'it is not known which nodes are Ready, and what a cloud lets them have';
      expect([...read.unread.values()]).toEqual([`nodes ${why}: ${unready}`]);
      expect(read.cluster.netNamespaces).toHaveLength(1);
      expect([...(await answering(code, 'HostSubnet', 'NetNamespace')).unread.values()]).toEqual([
        `hostsubnets.network.openshift.io ${why}: it is not known which nodes have which egress IPs`,
        `netnamespaces.network.openshift.io ${why}: it is not known which namespaces request which egress IPs`,
      ]);
    },
  );

  it.each(['Node', 'HostSubnet', 'Lease'])('names %s objects that a server in trouble does not list', async (kind) => {
    const [line] = [...(await answering(500, kind)).unread.values()];
    expect(line).toMatch(/^\S+ cannot be read \(the server answered 500\): it is not known which /);
  });

  it('reads EgressIPs where a facade leads, and says so if it cannot', async () => {
    expect((await clusterFromServer(started.client)).assignments).toBeUndefined();
    const reading = (egress: () => Promise<readonly KubeObject[]>): Promise<ReadCluster> => {
      const list = (async (kind, options) => {
        if (kind === leases) return { items: [led], metadata: {} };
        if (kind === egressFirewalls) return { items: [], metadata: {} };
        return kind === egressIPs ? { items: await egress(), metadata: {} } : started.client.list(kind, options);
      }) as KubeClient['list'];
      return clusterFromServer({ ...started.client, list });
    };
    expect((await reading(() => Promise.resolve([assigned]))).assignments).toEqual([
      { egressIP: '192.168.7.201', node: 'n2', by: 'egressip-red', namespaces: new Set(['red']) },
    ]);
    const forbidden = await reading(() => Promise.reject(new ApiError(403, {})));
    expect(forbidden.assignments).toBe('unread');
    expect([...forbidden.unread.values()]).toEqual([
      'egressips.k8s.ovn.org may not be listed: it is not known which node has each egress IP where OVN-Kubernetes forwards',
    ]);
  });

  it('reads EgressPools, and the Namespaces that may ask for their addresses only where there are some', async () => {
    const reading = async (pools: () => Promise<readonly KubeObject[]>) => {
      const asked: string[] = [];
      const list = (async (kind, options) => {
        asked.push(kind.kind);
        return kind === egressPools ? { items: await pools(), metadata: {} } : started.client.list(kind, options);
      }) as KubeClient['list'];
      const read = await clusterFromServer({ ...started.client, list });
      return { pools: read.pools?.input.pools.map(({ name }) => name), unread: [...read.unread.values()], asked };
    };
    const pool = { metadata: { name: 'lan' }, spec: { ranges: ['192.168.7.210'] } };
    const read = await reading(() => Promise.resolve([pool]));
    expect(read).toMatchObject({ pools: ['lan'], unread: [] });
    expect(read.asked).toContain('Namespace');
    for (const code of [403, 404]) {
      const none = await reading(() => Promise.reject(new ApiError(code, {})));
      expect(none).toMatchObject({ pools: undefined, unread: [] });
      expect(none.asked).not.toContain('Namespace');
    }
    expect((await reading(() => Promise.reject(new ApiError(500, {})))).unread).toEqual([
      expect.stringMatching(
        /^egresspools\.egress\.sdn-compat\.io cannot be read .* which addresses namespaces may ask for$/,
      ),
    ]);
  });

  it('ends with the error when no list is answered', async () => {
    const all = ['HostSubnet', 'NetNamespace', 'Node', 'ClusterNetwork', 'Lease'];
    await expect(answering(500, ...all)).rejects.toMatchObject({ code: 500 });
    expect((await answering(403, ...all)).unread.size).toBe(5);
  });
});
