/** The ClusterNetwork as a value. */
import { networkAround, networksOf, parseClusterNetwork } from '../../../src/model/objects/clusternetwork.ts';
import type { ClusterNetworkObject } from '../../../src/model/objects/raw.ts';
import { ip, valid } from '../parsed.ts';

const raw = (fields: Partial<ClusterNetworkObject> = {}): ClusterNetworkObject => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'ClusterNetwork',
  metadata: { name: 'default' },
  clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
  serviceNetwork: '172.30.0.0/16',
  ...fields,
});
const problems = (fields: Partial<ClusterNetworkObject>): string[] => {
  const parsed = parseClusterNetwork(raw(fields));
  return parsed.ok ? [] : parsed.error.map(({ field, reason }) => `${field}: ${reason}`);
};

test('what is absent has the defaults of OpenShift 4', () => {
  expect(valid(parseClusterNetwork(raw()))).toMatchObject({
    pluginName: 'redhat/openshift-ovs-networkpolicy',
    mode: 'networkpolicy',
    vxlanPort: 4789,
    mtu: undefined,
  });
});

test.each(['subnet', 'multitenant', 'networkpolicy'])('the plugin gives the mode %s', (mode) => {
  expect(valid(parseClusterNetwork(raw({ pluginName: `redhat/openshift-ovs-${mode}` }))).mode).toBe(mode);
});

test('the older fields count only when there is no list', () => {
  const older = { network: '10.1.0.0/16', hostsubnetlength: 8 };
  expect(valid(parseClusterNetwork(raw(older))).networks).toMatchObject([{ cidr: { text: '10.128.0.0/14' } }]);
  expect(valid(parseClusterNetwork(raw({ ...older, clusterNetworks: [] }))).networks).toMatchObject([
    { cidr: { text: '10.1.0.0/16' }, hostSubnetLength: 8 },
  ]);
  expect(valid(parseClusterNetwork(raw({ network: '10.1.0.0/16', clusterNetworks: [] }))).networks).toMatchObject([
    { hostSubnetLength: 9 },
  ]);
});

test('every wrong field is named', () => {
  expect(problems({ clusterNetworks: [] })).toEqual(['clusterNetworks: is empty']);
  expect(problems({ serviceNetwork: 'x', pluginName: 'cilium' }).map((text) => text.split(':')[0])).toEqual([
    'serviceNetwork',
    'pluginName',
  ]);
  expect(problems({ clusterNetworks: [{ CIDR: 'fd00::/48', hostSubnetLength: 8 }] })).toEqual([
    'clusterNetworks[0].CIDR: "fd00::/48" is not an IPv4 CIDR',
  ]);
  expect(problems({ clusterNetworks: [{ CIDR: '10.128.0.1/14', hostSubnetLength: 9 }] })).toEqual([
    'clusterNetworks[0].CIDR: "10.128.0.1/14" has host bits set; the network is 10.128.0.0/14',
  ]);
  expect(problems({ serviceNetwork: 'x' })).toEqual(['serviceNetwork: "x" is not a CIDR']);
  expect(problems({ pluginName: 'cilium' })).toEqual([
    'pluginName: "cilium" is none of redhat/openshift-ovs-subnet, redhat/openshift-ovs-multitenant, redhat/openshift-ovs-networkpolicy',
  ]);
});

test.each([
  [2, true],
  [18, true],
  [1, false],
  [19, false],
  [2.5, false],
])('%d host bits for nodes of a /14: %s', (hostSubnetLength, isFine) => {
  expect(problems({ clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength }] })).toEqual(
    isFine
      ? []
      : [
          `clusterNetworks[0].hostSubnetLength: ${hostSubnetLength} is not from 2 to 18, the host bits of 10.128.0.0/14`,
        ],
  );
});

test('networks that overlap are refused, with each other and with that of services', () => {
  const two = (second: string) => ({
    clusterNetworks: ['10.128.0.0/14', second].map((CIDR) => ({ CIDR, hostSubnetLength: 8 })),
  });
  expect(problems(two('10.132.0.0/14'))).toEqual([]);
  expect(problems(two('10.129.0.0/16'))).toEqual(['clusterNetworks[1].CIDR: 10.129.0.0/16 overlaps 10.128.0.0/14']);
  expect(problems(two('172.30.4.0/22'))).toEqual([
    'clusterNetworks[1].CIDR: 172.30.4.0/22 overlaps the service network 172.30.0.0/16',
  ]);
});

test('an address lies in the pod networks, the service network, or outside', () => {
  const network = valid(parseClusterNetwork(raw()));
  expect(networksOf(network).map(({ text }) => text)).toEqual(['10.128.0.0/14', '172.30.0.0/16']);
  expect(networkAround(ip('10.131.255.255'), network)?.text).toBe('10.128.0.0/14');
  expect(networkAround(ip('172.30.0.1'), network)?.text).toBe('172.30.0.0/16');
  expect(networkAround(ip('10.132.0.0'), network)).toBeUndefined();
});
