/** The part of a NetNamespace that is kept says what the whole says. */
import { parseNetNamespace } from '../../../src/model/objects/netnamespace.ts';
import type { NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { multicastAnnotation } from '../../../src/model/objects/well-known.ts';
import { netNamespacePart } from '../../../src/node/cluster/netnamespace-part.ts';

const whole: NetNamespaceObject = {
  apiVersion: 'network.openshift.io/v1',
  kind: 'NetNamespace',
  metadata: {
    name: 'red',
    uid: 'u',
    resourceVersion: '7',
    creationTimestamp: '2024-01-01T00:00:00Z',
    labels: { team: 'a' },
    annotations: {
      [multicastAnnotation]: 'true',
      'egress.sdn-compat.io/destinations': '192.0.2.0/24',
      big: 'x'.repeat(10_000),
    },
  },
  netname: 'red',
  netid: 77,
};

test.each<Partial<NetNamespaceObject>>([
  { egressIPs: ['10.0.0.100', 'no address', '10.0.0.100'] },
  { egressIPs: [] },
  { egressIPs: null },
  {},
  { netid: -1 },
  { metadata: {} },
  { metadata: { name: 'red' } },
])('the part of one with %j', (more) => {
  const object = { ...whole, ...more };
  const part = netNamespacePart(object);
  expect(parseNetNamespace(part)).toEqual(parseNetNamespace(object));
  expect(JSON.stringify(part).length).toBeLessThan(400);
});

test('its annotations are those that an agent reads', () => {
  expect(netNamespacePart(whole).metadata.annotations).toEqual({
    [multicastAnnotation]: 'true',
    'egress.sdn-compat.io/destinations': '192.0.2.0/24',
  });
});
