/** The sentence of each reason. */
import { type Reason, reasonText } from '../../../src/model/egress/reasons.ts';
import { hostSubnet, ip, vnid } from '../parsed.ts';

const egressIP = ip('192.168.8.1');
const { name: node, hostIP: nodeIP } = hostSubnet('a', { hostIP: '192.168.7.11' });
const many = Array.from({ length: 12 }, (_, index) => index + 10);

test.each<readonly [Reason, string]>([
  [{ code: 'InvalidEgressIP', egressIP: 'x', detail: '"x" is not an IP address' }, '"x" is not an IP address'],
  [
    { code: 'EgressIPInSeveralNamespaces', egressIP, vnids: many.map(vnid) },
    '192.168.8.1 is requested by VNIDs 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 and 2 more',
  ],
  [{ code: 'EgressIPIsNodeAddress', egressIP, node }, '192.168.8.1 is the address of node a'],
  [
    { code: 'EgressIPInsideCluster', egressIP, network: '192.168.8.0/24' },
    '192.168.8.1 lies in 192.168.8.0/24, a network of the cluster',
  ],
  [
    { code: 'EgressIPOnSeveralNodes', egressIP, nodes: many.map((last) => hostSubnet(`n${last}`).name) },
    '192.168.8.1 is listed by HostSubnets n10, n11, n12, n13, n14, n15, n16, n17, n18, n19 and 2 more',
  ],
  [
    { code: 'SeveralEgressIPsOnOneNode', egressIP, node, egressIPs: [egressIP, ip('192.168.8.2')] },
    'a lists several egress IPs of one namespace: 192.168.8.1, 192.168.8.2',
  ],
  [{ code: 'NodeOffline', egressIP, node, nodeIP }, '192.168.8.1 is on a (192.168.7.11), which is offline'],
  [{ code: 'NoNodeHostsEgressIP', egressIP }, 'no HostSubnet lists 192.168.8.1'],
])('%j', (reason, text) => {
  expect(reasonText(reason)).toBe(text);
});
