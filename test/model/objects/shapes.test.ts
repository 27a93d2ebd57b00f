/** Which values from outside are objects of a kind: the fields we use, with the right types. */
import fc from 'fast-check';
import {
  clusterNetworkShape,
  hostSubnetShape,
  netNamespaceShape,
  objectShape,
} from '../../../src/model/objects/shapes.ts';

const metadata = { name: 'one' };
const hostSubnet = { metadata, host: 'one', hostIP: '192.168.7.11', subnet: '10.128.0.0/23' };
const netNamespace = { metadata, netid: 7, netname: 'one' };
const network = { CIDR: '10.128.0.0/14', hostSubnetLength: 9 };
const clusterNetwork = { metadata, clusterNetworks: [network], serviceNetwork: '172.30.0.0/16' };

const shapes = { HostSubnet: hostSubnetShape, NetNamespace: netNamespaceShape, ClusterNetwork: clusterNetworkShape };
const wholes = { HostSubnet: hostSubnet, NetNamespace: netNamespace, ClusterNetwork: clusterNetwork };
type Kind = keyof typeof shapes;

const said = (kind: Kind, value: unknown): string => {
  const shape = shapes[kind](value);
  return shape.ok ? '' : `${shape.error.field} ${shape.error.reason}`;
};

test('a whole object has its shape and stays the same object', () => {
  expect(hostSubnetShape(hostSubnet)).toEqual({ ok: true, value: hostSubnet });
  expect(netNamespaceShape(netNamespace)).toEqual({ ok: true, value: netNamespace });
  expect(clusterNetworkShape(clusterNetwork)).toEqual({ ok: true, value: clusterNetwork });
  expect(objectShape({ metadata })).toEqual({ ok: true, value: { metadata } });
});

test.each<readonly [Kind, object]>([
  ['HostSubnet', { subnet: undefined, egressIPs: null, egressCIDRs: undefined }],
  ['HostSubnet', { egressIPs: [], egressCIDRs: ['192.168.8.0/24'] }],
  ['HostSubnet', { metadata: { name: 'one', uid: 'u', labels: { a: 'b' }, annotations: { c: 'd' } } }],
  ['HostSubnet', { metadata: { name: 'one', uid: null, labels: {}, annotations: null } }],
  ['NetNamespace', { egressIPs: ['192.168.8.1'] }],
  ['NetNamespace', { netid: -1.5 }],
  ['ClusterNetwork', { clusterNetworks: [], network: '10.128.0.0/14', hostsubnetlength: 9 }],
  ['ClusterNetwork', { pluginName: 'x', vxlanPort: 4789, mtu: 1450 }],
])('a %s with %j has its shape', (kind, fields) => {
  expect(said(kind, { ...wholes[kind], ...fields })).toBe('');
});

test.each<readonly [Kind, object, string]>([
  ['HostSubnet', { metadata: undefined }, 'metadata is not an object'],
  ['HostSubnet', { metadata: [] }, 'metadata is not an object'],
  ['HostSubnet', { metadata: {} }, 'metadata.name is missing'],
  ['HostSubnet', { metadata: { name: 7 } }, 'metadata.name is not a text'],
  ['HostSubnet', { metadata: { name: 'one', uid: 7 } }, 'metadata.uid is not a text'],
  ['HostSubnet', { metadata: { name: 'one', labels: { a: 'b', c: 7 } } }, 'metadata.labels "c" is not a text'],
  ['HostSubnet', { metadata: { name: 'one', annotations: [] } }, 'metadata.annotations is not an object'],
  ['HostSubnet', { host: null }, 'host is missing'],
  ['HostSubnet', { hostIP: 7 }, 'hostIP is not a text'],
  ['HostSubnet', { subnet: 7 }, 'subnet is not a text'],
  ['HostSubnet', { egressIPs: 'x' }, 'egressIPs is not a list'],
  ['HostSubnet', { egressIPs: ['192.168.8.1', 7] }, 'egressIPs[1] is not a text'],
  ['HostSubnet', { egressCIDRs: [null] }, 'egressCIDRs[0] is not a text'],
  ['NetNamespace', { netid: undefined }, 'netid is missing'],
  ['NetNamespace', { netid: '7' }, 'netid is not a number'],
  ['NetNamespace', { egressIPs: {} }, 'egressIPs is not a list'],
  ['ClusterNetwork', { clusterNetworks: undefined }, 'clusterNetworks is missing'],
  ['ClusterNetwork', { clusterNetworks: {} }, 'clusterNetworks is not a list'],
  ['ClusterNetwork', { clusterNetworks: [network, 'x'] }, 'clusterNetworks[1] is not an object'],
  ['ClusterNetwork', { clusterNetworks: [{ ...network, CIDR: 7 }] }, 'clusterNetworks[0].CIDR is not a text'],
  ['ClusterNetwork', { clusterNetworks: [{ CIDR: 'x' }] }, 'clusterNetworks[0].hostSubnetLength is missing'],
  ['ClusterNetwork', { serviceNetwork: undefined }, 'serviceNetwork is missing'],
  ['ClusterNetwork', { network: 7 }, 'network is not a text'],
  ['ClusterNetwork', { pluginName: 7 }, 'pluginName is not a text'],
  ['ClusterNetwork', { hostsubnetlength: '9' }, 'hostsubnetlength is not a number'],
  ['ClusterNetwork', { vxlanPort: '4789' }, 'vxlanPort is not a number'],
  ['ClusterNetwork', { mtu: true }, 'mtu is not a number'],
])('a %s with %j has not, and the first wrong field is named', (kind, fields, problem) => {
  expect(said(kind, { ...wholes[kind], ...fields })).toBe(problem);
});

test('any value is taken or refused, and none throws', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      for (const kind of ['HostSubnet', 'NetNamespace', 'ClusterNetwork'] as const)
        expect(said(kind, value)).not.toBe('');
      const shape = objectShape(value);
      expect(shape.ok).toBe(shape.ok && typeof shape.value.metadata.name === 'string');
    }),
  );
  expect([null, [], 'x', undefined].map((value) => said('NetNamespace', value))).toEqual(
    Array.from({ length: 4 }, () => ' is not an object'),
  );
});
