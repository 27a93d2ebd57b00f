/** Pods and Nodes that Kubernetes refuses, in its words. */
import { nodeErrors, podErrors } from '../../../../src/apiserver/write/admission/pod.ts';
import type { JsonObject } from '../../../../src/model/values/json.ts';

const container = { name: 'c', image: 'i' };
const pod = (spec: JsonObject): JsonObject => ({ spec: { containers: [container], ...spec } });
const told = (object: JsonObject, old?: JsonObject, errors = podErrors): readonly string[] =>
  errors(object, old).map(({ field, message }) => `${field}: ${message.slice(0, 45)}`);

test.each<readonly [string, JsonObject, readonly string[]]>([
  ['nothing', {}, []],
  ['an image', { containers: [{ name: 'c' }] }, ['spec.containers[0].image: Required value']],
  [
    'an image without spaces',
    { containers: [{ name: 'c', image: ' i' }] },
    ['spec.containers[0].image: Invalid value: " i": must not have leading or'],
  ],
  [
    'a name that is a label, of each kind of container',
    { initContainers: [{ ...container, name: 'A' }], containers: [{ ...container, name: 'a.b' }] },
    [
      'spec.initContainers[0].name: Invalid value: "A": a lowercase RFC 1123 labe',
      'spec.containers[0].name: Invalid value: "a.b": a lowercase RFC 1123 la',
    ],
  ],
  [
    'ports that can be',
    {
      containers: [
        {
          ...container,
          ports: [
            { containerPort: 80, name: 'web', protocol: 'TCP', hostPort: 80 },
            {},
            { containerPort: 65_536, hostPort: -1, protocol: 'ICMP', name: 'A_very-long-name' },
          ],
        },
      ],
    },
    [
      'spec.containers[0].ports[1].containerPort: Required value',
      'spec.containers[0].ports[2].name: Invalid value: "A_very-long-name": must be no',
      'spec.containers[0].ports[2].name: Invalid value: "A_very-long-name": must conta',
      'spec.containers[0].ports[2].containerPort: Invalid value: 65536: must be between 1 and 6',
      'spec.containers[0].ports[2].hostPort: Invalid value: -1: must be between 1 and 6553',
      'spec.containers[0].ports[2].protocol: Unsupported value: "ICMP": supported values: ',
    ],
  ],
])('a new Pod needs %s', (_what, spec, errors) => {
  expect(told(pod(spec))).toEqual(errors);
});

const fixed = 'spec: Forbidden: pod updates may not change fields ';
const toleration = { key: 'a', operator: 'Exists' };

test.each<readonly [string, JsonObject, JsonObject, boolean]>([
  ['its image', {}, { containers: [{ ...container, image: 'other' }] }, true],
  ['its deadline', {}, { activeDeadlineSeconds: 5 }, true],
  ['its node, if it has none', { nodeName: '' }, { nodeName: 'n' }, true],
  ['its node', { nodeName: 'n' }, { nodeName: 'm' }, false],
  ['its node to none', { nodeName: 'n' }, {}, false],
  ['one more toleration', { tolerations: [toleration] }, { tolerations: [{ key: 'b' }, toleration] }, true],
  ['one toleration less', { tolerations: [toleration] }, {}, false],
  ['a container more', {}, { containers: [container, { ...container, name: 'd' }] }, false],
  ['the network of its host', {}, { hostNetwork: true }, false],
])('of a Pod %s changes or not', (_what, before, after, isAllowed) => {
  expect(told(pod(after), pod(before))).toEqual(isAllowed ? [] : [fixed]);
});

test('a Node has each address once, and keeps its pod networks and its name in a cloud', () => {
  const address = { type: 'InternalIP', address: '192.168.7.1' };
  const node = (spec: JsonObject, ...addresses: JsonObject[]): JsonObject => ({ spec, status: { addresses } });
  const twice = node({}, address, { ...address, type: 'ExternalIP' }, address);
  expect(told(twice, undefined, nodeErrors)).toEqual([]);
  expect(told(twice, node({}), nodeErrors)).toEqual([
    'status.addresses[2]: Duplicate value: core.NodeAddress{Type:"Inter',
  ]);
  const before = node({ podCIDRs: ['10.0.0.0/24'], providerID: 'aws:///i-1' });
  expect(told(before, node({ podCIDRs: [], providerID: '' }), nodeErrors)).toEqual([]);
  expect(told(node({ podCIDRs: ['10.0.1.0/24'] }), before, nodeErrors)).toEqual([
    'spec.podCIDRs: Forbidden: node updates may not change podCID',
    'spec.providerID: Forbidden: node updates may not change provid',
  ]);
});
