/** The part of a Node that is kept says what the whole says. */
import { egressIpConfigAnnotation, limitsOf } from '../../../src/model/objects/cloud.ts';
import { internalIPs, isNotReady, isPluginAway } from '../../../src/model/objects/node.ts';
import type { Condition, NodeObject } from '../../../src/model/objects/raw.ts';
import { nodePart } from '../../../src/node/cluster/node-part.ts';

const limits = JSON.stringify([{ interface: 'eni', ifaddr: { ipv4: '10.0.0.0/24' }, capacity: { ipv4: 3 } }]);
const away = 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:none';
const node = (ready: Partial<Condition>): NodeObject => ({
  metadata: {
    name: 'n',
    uid: 'u',
    resourceVersion: '7',
    creationTimestamp: '2024-01-01T00:00:00Z',
    labels: { zone: 'a' },
    annotations: { [egressIpConfigAnnotation]: limits, big: 'x'.repeat(10_000) },
  },
  ...{ spec: { podCIDR: '10.1.0.0/24' } },
  status: {
    addresses: [{ type: 'InternalIP', address: '10.0.0.7' }],
    conditions: [
      { type: 'DiskPressure', status: 'False', lastTransitionTime: 'then' },
      { type: 'Ready', status: 'True', reason: 'KubeletReady', ...ready },
    ],
    ...{ images: [{ names: ['x'.repeat(10_000)] }] },
  },
});

test.each<Partial<Condition>>([{}, { status: 'False' }, { status: 'Unknown' }, { status: 'False', message: away }])(
  'the part of a Node with Ready %j',
  (ready) => {
    const whole = node(ready);
    const part = nodePart(whole);
    for (const read of [isNotReady, isPluginAway, internalIPs, limitsOf]) expect(read(part)).toEqual(read(whole));
    expect(limitsOf(part)).toBeDefined();
    expect(part.metadata).toMatchObject({ name: 'n', uid: 'u', resourceVersion: '7' });
    expect(JSON.stringify(part).length).toBeLessThan(700);
  },
);

test('a Node that says nothing of itself', () => {
  expect(nodePart({ metadata: { name: 'n' } })).toEqual({
    metadata: { name: 'n', annotations: {} },
    status: { addresses: [], conditions: [] },
  });
});
