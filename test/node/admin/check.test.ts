/** What is wrong with a node, as its admin reads it; with programs and a cluster that are as told. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type KubeClient } from '../../../src/io/kube/client.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import type { Exec } from '../../../src/io/programs/exec.ts';
import { type CheckDeps, checkHost } from '../../../src/node/admin/check.ts';
import type { CheckResult } from '../../../src/node/admin/surroundings.ts';
import type { DatapathOption } from '../../../src/node/ovs/datapath.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const link = {
  ifname: 'br-ex',
  mtu: 1500,
  addr_info: [{ family: 'inet', local: '192.168.7.11', prefixlen: 24, label: 'br-ex' }],
};
/** A host where these programs are missing, and ip prints these links. */
function host(
  missing: readonly string[] = [],
  links: readonly object[] = [link],
  arping = 'arping from iputils',
): Exec {
  return (program, args) => {
    if (missing.includes(program)) return Promise.reject(new Error(`spawn ${program} ENOENT`));
    const stdout = program === 'ip' ? JSON.stringify(links) : args.includes('-V') ? arping : '';
    const isRefused = program === 'nft' && args.includes('-c') && missing.includes('NAT');
    return Promise.resolve({ status: isRefused ? 1 : 0, stdout, stderr: isRefused ? 'Error: no NAT\nmore' : '' });
  };
}

const network = {
  apiVersion: 'network.openshift.io/v1',
  kind: 'ClusterNetwork',
  metadata: { name: 'default' },
  clusterNetworks: [{ CIDR: '10.254.0.0/16', hostSubnetLength: 8 }],
  network: '10.254.0.0/16',
  hostsubnetlength: 8,
  serviceNetwork: '172.30.0.0/16',
  pluginName: 'redhat/openshift-ovs-networkpolicy',
};
const subnet = {
  apiVersion: 'network.openshift.io/v1',
  kind: 'HostSubnet',
  metadata: { name: 'n1' },
  host: 'n1',
  hostIP: '192.168.7.11',
  subnet: '10.254.0.0/24',
};
/** A cluster with these objects; an error is thrown. */
function cluster(objects: { readonly network?: object; readonly subnet?: object | Error }): KubeClient {
  const send = ({ path }: { readonly path: string }): Promise<string> => {
    const found = path.includes('/clusternetworks/') ? objects.network : objects.subnet;
    if (found instanceof Error) return Promise.reject(found);
    return found === undefined ? Promise.reject(new ApiError(404, {})) : Promise.resolve(JSON.stringify(found));
  };
  return createClient({ send, stream: () => Promise.resolve(), close: () => undefined });
}

async function check(
  deps: Partial<CheckDeps> = {},
  datapath: DatapathOption = 'netdev',
): Promise<readonly CheckResult[]> {
  const all = { exec: host(), client: cluster({ network, subnet }), unreachable: '', ...deps };
  const cni = { configs: folder, plugins: folder };
  return checkHost({ nodeName: 'n1', ovsRunDir: folder, datapath, cni }, all);
}
const about = (results: readonly CheckResult[], what: string): CheckResult[] =>
  results.filter((one) => one.what === what);

describe('programs', () => {
  it('are good when they are there, whatever their status', async () => {
    const results = await check();
    expect(results.filter(({ what }) => what.startsWith('program ')).map(({ fix }) => fix)).toEqual(
      Array(9).fill(undefined),
    );
    expect(about(results, 'arping')).toEqual([]);
  });

  it('are named with their package when they are missing', async () => {
    const results = await check({ exec: host(['nft', 'tc']) });
    expect(about(results, 'program tc')).toEqual([
      { what: 'program tc', found: 'not installed', fix: 'install the package iproute2' },
    ]);
    expect(about(results, 'program nft')[0]?.fix).toBe('install the package nftables');
    expect(about(results, 'nf_tables with NAT')[0]?.found).toBe('nft cannot be run');
  });

  it('include the arping of iputils and no other', async () => {
    const [found] = about(await check({ exec: host([], [link], 'ARPing 2.23, by Thomas Habets') }), 'arping');
    expect(found).toMatchObject({
      found: 'is not that of iputils',
      fix: 'install the package iputils-arping instead',
    });
  });
});

it('tells the first line of why nft refuses the tables', async () => {
  const [found] = about(await check({ exec: host(['NAT']) }), 'nf_tables with NAT');
  expect(found?.found).toBe('Error: no NAT');
});

it('tries the hook on egress for the userspace datapath only', async () => {
  expect(about(await check({}, 'netdev'), 'nf_tables on egress')).toHaveLength(1);
  expect(about(await check({}, 'system'), 'nf_tables on egress')).toEqual([]);
});

test('the datapath is what an agent would choose, and why; one that the kernel lacks is wrong', async () => {
  const lacking: Exec = (program, args) =>
    program === 'genl' ? Promise.resolve({ status: 255, stdout: '', stderr: '' }) : host()(program, args);
  const shown = async (option: DatapathOption, exec: Exec): Promise<CheckResult[]> =>
    about(await check({ exec }, option), 'datapath');
  expect(await shown('auto', host())).toEqual([{ what: 'datapath', found: 'system (the kernel has it)' }]);
  expect(await shown('auto', lacking)).toMatchObject([
    { found: 'netdev (the kernel has no netlink family ovs_datapath)' },
  ]);
  expect(await shown('system', lacking)).toMatchObject([
    { found: 'system, which this kernel lacks', fix: 'modprobe openvswitch, or --datapath netdev' },
  ]);
});

describe('Open vSwitch', () => {
  it('is not running where there is neither a socket nor a process', async () => {
    const results = await check();
    expect(about(results, 'Open vSwitch database')[0]).toMatchObject({ found: `nobody answers at ${folder}/db.sock` });
    expect(about(results, 'ovs-vswitchd')[0]).toMatchObject({ found: `no ${folder}/ovs-vswitchd.pid` });
  });

  it('is found by its answers', async () => {
    const answering = (path: string): Promise<Server> => {
      const server = createServer((socket) => {
        socket.on('data', () => socket.write('{"id":1,"result":"","error":null}'));
        socket.on('error', () => undefined);
      });
      return new Promise((resolve) => server.listen(path, () => resolve(server)));
    };
    await writeFile(join(folder, 'ovs-vswitchd.pid'), '77\n');
    const servers = [await answering(join(folder, 'db.sock'))];
    expect(about(await check(), 'ovs-vswitchd')[0]).toMatchObject({
      found: `nobody answers at ${folder}/ovs-vswitchd.77.ctl`,
    });
    servers.push(await answering(join(folder, 'ovs-vswitchd.77.ctl')));
    const results = await check();
    expect(about(results, 'ovs-vswitchd')).toEqual([{ what: 'ovs-vswitchd', found: `${folder}/ovs-vswitchd.77.ctl` }]);
    expect(about(results, 'Open vSwitch database')).toEqual([
      { what: 'Open vSwitch database', found: `${folder}/db.sock` },
    ]);
    for (const server of servers) server.close();
  });
});

describe('the cluster', () => {
  const lastOf = async (deps: Partial<CheckDeps>): Promise<CheckResult | undefined> => (await check(deps)).at(-1);

  it('and the uplink are good', async () => {
    const results = (await check()).slice(-6);
    expect(results).toEqual([
      { what: 'API server', found: 'answers' },
      { what: 'VXLAN port', found: '4789' },
      { what: 'uplink', found: 'br-ex with 192.168.7.11/24' },
      { what: 'label of egress IPs', found: 'br-ex:eip' },
      { what: 'MTU', found: '1450: that of br-ex less 50' },
      { what: 'networks', found: '192.168.7.0/24 of br-ex overlaps no pod or service network' },
    ]);
  });

  test.each<readonly [string, Partial<CheckDeps>, Partial<CheckResult>]>([
    [
      'no API server',
      { client: undefined, unreachable: 'connect ECONNREFUSED' },
      { what: 'API server', found: 'connect ECONNREFUSED', fix: 'name a kubeconfig with --kubeconfig' },
    ],
    [
      'no ClusterNetwork',
      { client: cluster({ subnet }) },
      { what: 'ClusterNetwork "default"', found: 'does not exist' },
    ],
    [
      'a ClusterNetwork that cannot be read',
      { client: cluster({ network: { ...network, serviceNetwork: 'x' }, subnet }) },
      { what: 'ClusterNetwork "default"' },
    ],
    [
      'no HostSubnet',
      { client: cluster({ network }) },
      { what: 'HostSubnet n1', found: 'does not exist, or has no usable hostIP and subnet' },
    ],
    [
      'a HostSubnet that may not be read',
      { client: cluster({ network, subnet: new ApiError(403, { message: 'forbidden' }) }) },
      { what: 'HostSubnet n1', found: 'forbidden', fix: 'let the user of the kubeconfig read hostsubnets' },
    ],
    [
      'a HostSubnet without an address',
      { client: cluster({ network, subnet: { ...subnet, hostIP: 'x' } }) },
      { what: 'HostSubnet n1' },
    ],
    [
      'another address',
      { exec: host([], []) },
      {
        what: 'uplink',
        found: "no interface of this machine has the node's address 192.168.7.11 (hostIP of its HostSubnet)",
      },
    ],
  ])('has %s', async (_what, deps, expected) => {
    expect(await lastOf(deps)).toMatchObject(expected);
    expect((await lastOf(deps))?.fix).toBeDefined();
  });

  test.each<readonly [string, number, Partial<CheckResult>]>([
    ['fits exactly', 1450, { found: '1450, at most 1450 on br-ex' }],
    [
      'is too large',
      1451,
      {
        found: 'ClusterNetwork "default" has mtu 1451, but br-ex carries at most 1450',
        fix: 'set mtu to 1450, or raise the MTU of br-ex to 1501',
      },
    ],
  ])('has an MTU that %s', async (_what, mtu, expected) => {
    expect(about(await check({ client: cluster({ network: { ...network, mtu }, subnet }) }), 'MTU')).toMatchObject([
      expected,
    ]);
  });

  it('has networks that overlap that of the nodes', async () => {
    const overlapping = { ...network, serviceNetwork: '192.168.0.0/16' };
    expect(about(await check({ client: cluster({ network: overlapping, subnet }) }), 'networks')).toEqual([
      {
        what: 'networks',
        found: 'the service network 192.168.0.0/16 overlaps 192.168.7.0/24 of br-ex',
        fix: 'choose another network in ClusterNetwork "default", or for the nodes',
      },
    ]);
  });

  it('is suitable if the name of its uplink is too long for a label', async () => {
    const [found] = about(
      await check({ exec: host([], [{ ...link, ifname: 'abcdefghijkl' }]) }),
      'label of egress IPs',
    );
    expect(found).toEqual({
      what: 'label of egress IPs',
      found: 'none, because the interface has a long name: a file says which they are',
    });
  });
});

test("what is in the folders of CNI, and another program's tunnel, are said", async () => {
  const text = JSON.stringify({ plugins: [{ type: 'sdn-compat-cni' }] });
  await writeFile(join(folder, '10-sdn-compat.conflist'), text);
  const [missing] = (await check()).filter(({ fix }) => fix?.includes("agent's pod"));
  expect(missing?.what).toBe('CNI plugin sdn-compat-cni');
  await writeFile(join(folder, 'sdn-compat-cni'), '');
  expect(about(await check(), 'CNI configuration')).toEqual([
    { what: 'CNI configuration', found: `${folder}/10-sdn-compat.conflist, with its plugins` },
  ]);
  const tunnel = { ifname: 'cilium_vxlan', linkinfo: { info_data: { port: 4789 } } };
  const exec: Exec = (program, args) =>
    args.includes('vxlan')
      ? Promise.resolve({ status: 0, stdout: JSON.stringify([{}, tunnel]), stderr: '' })
      : host()(program, args);
  expect(about(await check({ exec }), 'VXLAN port')).toMatchObject([{ found: 'cilium_vxlan uses UDP port 4789' }]);
});
