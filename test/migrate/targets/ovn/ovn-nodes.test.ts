import {
  hasLabel,
  installedNetworks,
  type OvnNode,
  wantsEgress,
} from '../../../../src/migrate/targets/ovn/ovn-nodes.ts';
import { egressIpConfigAnnotation } from '../../../../src/model/objects/cloud.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { contextFrom, make, snapshotOf } from '../../snapshots.ts';

const nodesFrom = (objects: readonly KubeObject[], machineNetworks: readonly string[] = []) =>
  contextFrom(objects, { machineNetworks }).ovnNodes;
function ovnNode(objects: readonly KubeObject[], machineNetworks: readonly string[] = []): OvnNode {
  const found = nodesFrom(objects, machineNetworks).get('n1');
  if (found === undefined) throw new Error('there is no n1');
  return found;
}
const annotated = (annotations: Readonly<Record<string, string>>): KubeObject =>
  make.node('n1', '192.168.7.11', { annotations });
const primary = (text: string) => ({ 'k8s.ovn.org/node-primary-ifaddr': text });
const cloud = (config: object) => ({ [egressIpConfigAnnotation]: JSON.stringify([config]) });
const networks = ({ networks: all }: OvnNode): readonly string[] | undefined => all?.map(({ text }) => text);

describe('the nodes as OVN-Kubernetes will see them', () => {
  it('are all Nodes and all HostSubnets, by name', () => {
    const objects = [make.node('n2', '192.168.7.12'), make.hostSubnet('n3', '192.168.7.13'), annotated({})];
    expect([...nodesFrom(objects).keys()]).toEqual(['n1', 'n2', 'n3']);
  });

  it('exist if they have a Node, or if there are no Nodes in the input at all', () => {
    const host = make.hostSubnet('n1', '192.168.7.11');
    expect(ovnNode([host, annotated({})]).exists).toBe(true);
    expect(ovnNode([host, make.node('n2', '192.168.7.12')]).exists).toBe(false);
    expect(ovnNode([host])).toMatchObject({ exists: true, node: undefined, ready: true });
  });

  it('keep the HostSubnet that is valid, and the address of one that is not', () => {
    expect(ovnNode([annotated({})]).hostSubnet).toBeUndefined();
    expect(ovnNode([make.hostSubnet('n1', '192.168.7.11')]).hostSubnet?.hostIP).toBe('192.168.7.11');
  });

  it.each([
    ['True', true],
    ['False', false],
    ['Unknown', false],
  ])('are ready if the condition says so: %s', (status, ready) => {
    const node = make.any('v1', 'Node', { name: 'n1' }, { status: { conditions: [{ type: 'Ready', status }] } });
    expect(ovnNode([node]).ready).toBe(ready);
  });

  it('are ready if nothing tells', () => {
    expect(ovnNode([make.any('v1', 'Node', { name: 'n1' }, {})]).ready).toBe(true);
  });
});

describe('a node may host egress IPs', () => {
  const label = { labels: { 'k8s.ovn.org/egress-assignable': 'whatever' } };

  it('if its HostSubnet lists some or offers CIDRs, or if it has the label already', () => {
    expect(ovnNode([make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] })]).assignable).toBe(true);
    expect(ovnNode([make.hostSubnet('n1', '192.168.7.11', { egressCIDRs: ['192.168.7.0/24'] })]).assignable).toBe(true);
    expect(ovnNode([make.node('n1', '192.168.7.11', label)]).assignable).toBe(true);
    expect(ovnNode([make.node('n1', '192.168.7.11'), make.hostSubnet('n1', '192.168.7.11')]).assignable).toBe(false);
  });

  it('which the two ways of asking tell apart', () => {
    const labeled = ovnNode([make.node('n1', '192.168.7.11', label)]);
    expect([hasLabel(labeled.node), wantsEgress(labeled.hostSubnet)]).toEqual([true, false]);
    const listed = ovnNode([make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] })]);
    expect([hasLabel(listed.node), wantsEgress(listed.hostSubnet)]).toEqual([false, true]);
  });
});

describe('the addresses of a node', () => {
  it('are from the HostSubnet, the annotations and the status, each once', () => {
    const node = make.any(
      'v1',
      'Node',
      {
        name: 'n1',
        annotations: {
          ...primary('{"ipv4":"192.168.7.11/24"}'),
          'k8s.ovn.org/host-cidrs': '["192.168.7.11/24","10.5.0.11/16"]',
        },
      },
      {
        status: {
          addresses: [
            { type: 'Hostname', address: 'n1.example.com' },
            { type: 'InternalIP', address: '192.168.7.11' },
            { type: 'InternalIP', address: '192.168.8.11' },
          ],
        },
      },
    );
    expect(ovnNode([node, make.hostSubnet('n1', '192.168.7.11')]).addresses).toEqual([
      '192.168.7.11',
      '192.168.8.11',
      '10.5.0.11',
    ]);
  });

  it('begin with the one of the HostSubnet, then the primary one', () => {
    const objects = [annotated(primary('{"ipv4":"10.1.1.1/24"}')), make.hostSubnet('n1', '10.2.2.2')];
    expect(ovnNode(objects).addresses).toEqual(['10.2.2.2', '10.1.1.1', '192.168.7.11']);
  });

  it('are without egress IPs that OpenShift SDN put there, which are told apart', () => {
    const node = make.any(
      'v1',
      'Node',
      { name: 'n1' },
      { status: { addresses: ['192.168.7.11', '192.168.7.101'].map((address) => ({ type: 'InternalIP', address })) } },
    );
    const host = make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101', '192.168.7.102'] });
    expect(ovnNode([node, host])).toMatchObject({ addresses: ['192.168.7.11'], leftovers: ['192.168.7.101'] });
  });

  it('keep the own address of a node though its HostSubnet lists it', () => {
    const host = make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.11'] });
    expect(ovnNode([annotated({}), host])).toMatchObject({ addresses: ['192.168.7.11'], leftovers: [] });
  });
});

describe('the networks of a node', () => {
  it('are unknown if nothing tells a prefix length', () => {
    expect(ovnNode([annotated({})])).toMatchObject({ network: undefined, networks: undefined });
  });

  it('are the primary one and then those of host-cidrs, each once', () => {
    const node = annotated({
      ...primary('{"ipv4":"192.168.7.11/24"}'),
      'k8s.ovn.org/host-cidrs': '["10.5.0.11/16","192.168.7.11/24","10.5.0.12/16"]',
    });
    expect(networks(ovnNode([node]))).toEqual(['192.168.7.0/24', '10.5.0.0/16']);
    expect(ovnNode([node]).network?.text).toBe('192.168.7.0/24');
  });

  it('are not known from host-cidrs alone', () => {
    expect(networks(ovnNode([annotated({ 'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]' })]))).toBeUndefined();
  });

  it('are what the cloud says if OVN-Kubernetes says nothing', () => {
    const limits = cloud({ ifaddr: { ipv4: '192.168.0.0/18' } });
    expect(ovnNode([annotated(limits)]).network?.text).toBe('192.168.0.0/18');
    expect(ovnNode([annotated({ ...limits, ...primary('{"ipv4":"192.168.7.11/24"}') })]).network?.text).toBe(
      '192.168.7.0/24',
    );
  });

  it('are what the admin named, the smallest that holds the first address', () => {
    expect(ovnNode([annotated({})], ['192.168.0.0/16', '192.168.7.0/25', '10.0.0.0/8']).network?.text).toBe(
      '192.168.7.0/25',
    );
    expect(ovnNode([annotated({})], ['192.168.0.0/16', '192.168.7.0/28']).network?.text).toBe('192.168.7.0/28');
    expect(ovnNode([annotated({})], ['192.168.8.0/24']).network).toBeUndefined();
  });

  it.each(['{', '7', 'null', '["192.168.7.11"]', '{"ipv4":7}'])(
    'are as if there were no annotation where it cannot be read: %s',
    (text) => {
      expect(ovnNode([annotated(primary(text))]).network).toBeUndefined();
    },
  );
});

describe('the capacity of a node', () => {
  it('is what the cloud says, and any number without the cloud', () => {
    expect(ovnNode([annotated(cloud({ capacity: { ipv4: 14 } }))]).capacity).toBe(14);
    expect(ovnNode([annotated(cloud({ ifaddr: { ipv4: '192.168.7.0/24' } }))]).capacity).toBeUndefined();
    expect(ovnNode([annotated({})]).capacity).toBeUndefined();
  });
});

describe('the networks of the installer', () => {
  const configMap = (text: string, name = 'cluster-config-v1'): KubeObject =>
    make.any('v1', 'ConfigMap', { name, namespace: 'kube-system' }, { data: { 'install-config': text } });
  const installed = (text: string, name?: string): readonly string[] =>
    installedNetworks(snapshotOf([configMap(text, name)])).map((one) => one.text);
  const config = `apiVersion: v1
networking:
  clusterNetwork:
  - cidr: 10.128.0.0/14
    hostPrefix: 23
  machineNetwork:
  - cidr: 192.168.7.0/24
  - cidr: "10.5.0.0/16"
  - cidr: fd00::/64
  networkType: OpenShiftSDN
  serviceNetwork:
  - 172.30.0.0/16
platform: {}
`;

  it('are those under machineNetwork, and no others', () => {
    expect(installed(config)).toEqual(['192.168.7.0/24', '10.5.0.0/16', 'fd00::/64']);
  });

  it('are found at the end of the file, and in deeper lines', () => {
    expect(installed('networking:\n  machineNetwork:\n    - cidr: 192.168.7.0/24')).toEqual(['192.168.7.0/24']);
  });

  it('are none in another ConfigMap, without a section, or if they are no networks', () => {
    expect(installed(config, 'other')).toEqual([]);
    expect(installed('networking: {}\n')).toEqual([]);
    expect(installed('networking:\n  machineNetwork:\n  - cidr: 192.168.7.0/99\n')).toEqual([]);
    expect(installedNetworks(snapshotOf([]))).toEqual([]);
  });

  it('give a node its network', () => {
    expect(ovnNode([annotated({}), configMap(config)]).network?.text).toBe('192.168.7.0/24');
  });
});
