/** Which pods get a macvlan interface, and on what. */
import type { PodObject } from '../../../src/model/objects/raw.ts';
import { macvlanOf } from '../../../src/node/cni/macvlan.ts';

const key = 'pod.network.openshift.io/assign-macvlan';
const privileged = { securityContext: { privileged: true } };
const pod = (
  annotations: Record<string, string>,
  spec: PodObject['spec'] = { containers: [privileged] },
): PodObject => ({
  metadata: { namespace: 'red', name: 'router', annotations },
  spec,
});

test.each([{}, { [key]: 'false' }, { [key]: '' }, { 'k8s.v1.cni.cncf.io/networks': 'macvlan' }])(
  'a pod with %j gets none',
  (annotations) => {
    expect(macvlanOf(pod(annotations, {}))).toEqual({ ok: true, value: undefined });
  },
);

test('a pod without object or annotations gets none', () => {
  expect(macvlanOf({ metadata: {} })).toEqual({ ok: true, value: undefined });
});

test.each([[{ containers: [{}, privileged] }], [{ containers: [{}], initContainers: [privileged] }]])(
  'a privileged container is enough, also one that only runs first: %j',
  (spec) => {
    expect(macvlanOf(pod({ [key]: 'true' }, spec))).toEqual({ ok: true, value: { parent: undefined } });
    expect(macvlanOf(pod({ [key]: 'ens4' }, spec))).toEqual({ ok: true, value: { parent: 'ens4' } });
  },
);

test.each([
  [undefined],
  [{ containers: [{}] }],
  [{ containers: [{ securityContext: { privileged: false } }], initContainers: [{ securityContext: {} }] }],
])('without one the pod is refused: %j', (spec) => {
  expect(macvlanOf(pod({ [key]: 'true' }, spec ?? {}))).toEqual({
    ok: false,
    error: `its annotation ${key}="true" asks for a macvlan interface, which only a pod with a privileged container gets`,
  });
});

test.each([
  ['no name', 'is neither true nor the name of an interface'],
  ['../eth0', 'is neither true nor the name of an interface'],
  ['x'.repeat(16), 'is neither true nor the name of an interface'],
  ['.', 'is neither true nor the name of an interface'],
  ['tun0', 'on an interface of this agent'],
  ['vxlan0', 'on an interface of this agent'],
  ['br0', 'on an interface of this agent'],
])('assign-macvlan=%s is refused', (value, why) => {
  const found = macvlanOf(pod({ [key]: value }));
  expect(found.ok ? undefined : found.error).toContain(why);
});
