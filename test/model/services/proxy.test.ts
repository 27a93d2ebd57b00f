/** What a service proxy does with the first packet of a connection, and what it reads of odd objects. */
import type { EndpointSliceObject, ServiceObject } from '../../../src/model/services/objects.ts';
import { Doors, type Opening, proxied } from '../../../src/model/services/proxy.ts';
import { servedPorts } from '../../../src/model/services/served.ts';
import { cidr, ip } from '../parsed.ts';

const metadata = { namespace: 'shop', name: 'web' };
const node = { name: 'node-1', ip: ip('192.168.7.11'), podNetworks: [cidr('10.254.0.0/16')] };
const service = (spec: object, more: object = {}): ServiceObject => ({
  metadata,
  spec: { clusterIP: '172.30.0.10', ports: [{ port: 80, nodePort: 30080 }], ...spec },
  ...more,
});
type Conditions = { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
const slice = (
  ...endpoints: readonly (readonly [address: string, node?: string, conditions?: Conditions])[]
): EndpointSliceObject => ({
  metadata: { ...metadata, name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ port: 8080 }],
  endpoints: endpoints.map(([address, nodeName, conditions = {}]) => ({
    ...{ addresses: [address], conditions },
    ...(nodeName === undefined ? {} : { nodeName }),
  })),
});
const both = slice(['10.254.1.2', 'node-1'], ['10.254.2.2', 'node-2']);
const away = slice(['10.254.2.2', 'node-2']);
const ending = { ready: false, serving: true, terminating: true };

/** What becomes of it: the addresses it may go to, with `as the node` if that is all they see. */
function asked(
  services: readonly ServiceObject[],
  slices: readonly EndpointSliceObject[],
  from: string,
  to: string,
): string {
  const [address = '', port = ''] = to.split(':');
  const opening: Opening = { from: ip(from), to: ip(address), protocol: 'tcp', port: Number(port) };
  const hit = new Doors(servedPorts(services, slices)).at(node, opening);
  if (hit === undefined) return 'nobody';
  const done = proxied(hit, opening, node);
  if (done.kind !== 'sent') return `${done.kind}: ${done.why}`;
  return `${done.endpoints.map((one) => one.ip).join(' ')}${done.isMasqueraded ? ' as the node' : ''}`;
}

const [aPod, anyone] = ['10.254.1.9', '10.1.8.72'];
const [cluster, door, external] = ['172.30.0.10:80', '192.168.7.11:30080', '203.0.113.7:80'];
const local = { externalTrafficPolicy: 'Local', externalIPs: ['203.0.113.7'] };
const inner = { internalTrafficPolicy: 'Local' };
const balanced = {
  spec: { clusterIP: '172.30.0.10', ports: [{ port: 80 }], loadBalancerSourceRanges: ['10.254.1.0/24', 'nonsense'] },
  status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }, { hostname: 'lb.example' }] } },
};
const named = (name: string): object => ({ metadata: { ...metadata, name } });

test.each<readonly [string, readonly ServiceObject[], readonly EndpointSliceObject[], string, string, string | RegExp]>(
  [
    ['a pod, by the cluster address', [service({})], [both], aPod, cluster, '10.254.1.2 10.254.2.2'],
    ['anybody else, by it', [service({})], [both], anyone, cluster, '10.254.1.2 10.254.2.2 as the node'],
    ['a pod, by a node port', [service({})], [both], aPod, door, '10.254.1.2 10.254.2.2 as the node'],
    ['a node port of another node', [service({})], [both], aPod, '192.168.7.12:30080', 'nobody'],
    ['no endpoints', [service({})], [], aPod, cluster, 'refused: it has no ready endpoint'],
    ['no endpoints, by a node port, Local', [service(local)], [], anyone, door, 'refused: it has no ready endpoint'],
    ['internalTrafficPolicy Local', [service(inner)], [both], aPod, cluster, '10.254.1.2'],
    ['the same without one here', [service(inner)], [away], aPod, cluster, /^dropped: internalTrafficPolicy is Local/],
    ['internalTrafficPolicy by a node port', [service(inner)], [away], aPod, door, '10.254.2.2 as the node'],
    ['externalTrafficPolicy Local, from outside', [service(local)], [both], anyone, door, '10.254.1.2'],
    ['the same without one here', [service(local)], [away], anyone, door, /^dropped: externalTrafficPolicy is Local/],
    ['the same, from a pod', [service(local)], [away], aPod, external, '10.254.2.2'],
    ['the same, from the node', [service(local)], [both], node.ip, door, '10.254.1.2 10.254.2.2 as the node'],
    [
      'an endpoint that ends, beside one',
      [service({})],
      [slice(['10.254.1.2', 'node-1', ending], ['10.254.2.2'])],
      aPod,
      cluster,
      '10.254.2.2',
    ],
    ['only one that ends', [service({})], [slice(['10.254.1.2', 'node-1', ending])], aPod, cluster, '10.254.1.2'],
    [
      'only one that ends here, Local',
      [service(local)],
      [slice(['10.254.1.2', 'node-1', ending], ['10.254.2.2', 'node-2'])],
      anyone,
      door,
      '10.254.1.2',
    ],
    [
      'one that is not ready',
      [service({})],
      [slice(['10.254.1.2', 'node-1', { ready: false }])],
      aPod,
      cluster,
      /^refused/,
    ],
    [
      'one that is ready in a slice, and not in another',
      [service({})],
      [slice(['10.254.1.2']), slice(['10.254.1.2', '', { ready: false }])],
      aPod,
      cluster,
      '10.254.1.2',
    ],
    [
      'a load balancer that allows it',
      [service(balanced.spec, balanced)],
      [both],
      aPod,
      external,
      '10.254.1.2 10.254.2.2 as the node',
    ],
    [
      'a load balancer that allows it, with spaces around',
      [
        service(
          { ...balanced.spec, loadBalancerSourceRanges: ['\t10.1.8.0/24 ', '10.9.0.0/16'] },
          { status: balanced.status },
        ),
      ],
      [both],
      anyone,
      external,
      '10.254.1.2 10.254.2.2 as the node',
    ],
    [
      'a load balancer with ranges of IPv6 alone',
      [service({ ...balanced.spec, loadBalancerSourceRanges: ['fd00::/8'] }, { status: balanced.status })],
      [both],
      anyone,
      external,
      '10.254.1.2 10.254.2.2 as the node',
    ],
    [
      'a load balancer that does not',
      [service(balanced.spec, balanced)],
      [both],
      anyone,
      external,
      /^dropped: its loadBalancerSourceRanges/,
    ],
    [
      'the cluster address of such a one',
      [service(balanced.spec, balanced)],
      [both],
      '10.254.2.9',
      cluster,
      '10.254.1.2 10.254.2.2',
    ],
    [
      'a load balancer that rewrites itself',
      [service({}, { status: { loadBalancer: { ingress: [{ ip: '203.0.113.7', ipMode: 'Proxy' }] } } })],
      [both],
      aPod,
      external,
      'nobody',
    ],
    ['headless', [service({ clusterIP: 'None', externalIPs: ['203.0.113.7'] })], [both], aPod, external, 'nobody'],
    ['ExternalName', [service({ type: 'ExternalName' })], [both], aPod, cluster, 'nobody'],
    [
      'IPv6 first, IPv4 second',
      [service({ clusterIP: 'fd00::1', clusterIPs: ['fd00::1', '172.30.0.10'] })],
      [both],
      aPod,
      cluster,
      '10.254.1.2 10.254.2.2',
    ],
    ['IPv6 alone', [service({ clusterIP: 'fd00::1', externalIPs: ['203.0.113.7'] })], [both], aPod, external, 'nobody'],
    [
      'another protocol of the number',
      [service({ ports: [{ port: 80, protocol: 'UDP' }] })],
      [both],
      aPod,
      cluster,
      'nobody',
    ],
    ['a name that no slice has', [service({ ports: [{ port: 80, name: 'web' }] })], [both], aPod, cluster, /^refused/],
    ['slices of a Service that is gone', [], [both], aPod, cluster, 'nobody'],
    [
      'lists that are null',
      [{ metadata, spec: { clusterIP: '172.30.0.10', ports: null } } as never],
      [{ ...both, endpoints: null, ports: null }],
      aPod,
      cluster,
      'nobody',
    ],
    [
      'fields of other types',
      [
        { metadata, spec: 7, status: [] } as never,
        service({ externalIPs: 'x', ports: [5, { port: '80' }, { port: 80 }] }),
      ],
      [{ ...both, endpoints: [3, { addresses: 'x' }, { addresses: [7] }, ...both.endpoints!] } as never],
      aPod,
      cluster,
      '10.254.1.2 10.254.2.2',
    ],
  ],
)('%s', (_what, services, slices, from, to, wanted) => {
  if (typeof wanted === 'string') expect(asked(services, slices, from, to)).toBe(wanted);
  else expect(asked(services, slices, from, to)).toMatch(wanted);
});

test('of two Services with one external address the first is taken, and the other named', () => {
  const one = { ...service({ externalIPs: ['203.0.113.7'] }), ...named('one') };
  const two = { ...service({ clusterIP: '172.30.0.11', externalIPs: ['203.0.113.7'] }), ...named('two') };
  const to = { to: ip('203.0.113.7'), protocol: 'tcp', port: 80 } as const;
  for (const services of [
    [one, two],
    [two, one],
  ]) {
    const hit = new Doors(servedPorts(services, [])).at(node, to);
    expect([hit?.served.service, hit?.others]).toEqual(['shop/one', ['shop/two']]);
  }
});
