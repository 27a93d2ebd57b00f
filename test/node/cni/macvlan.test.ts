/** Pods that want a macvlan interface. */
import { macvlanRefusal } from '../../../src/node/cni/macvlan.ts';

const key = 'pod.network.openshift.io/assign-macvlan';

test.each(['true', 'eth1', '1'])('a pod with assign-macvlan=%s is refused by name of the annotation', (value) => {
  expect(macvlanRefusal({ [key]: value })).toMatch(
    `its annotation ${key}="${value}" asks for a macvlan interface, which this agent does not make`,
  );
});

test.each([{}, { [key]: 'false' }, { [key]: '' }, { 'k8s.v1.cni.cncf.io/networks': 'macvlan' }])(
  'a pod with %j is not',
  (annotations) => {
    expect(macvlanRefusal(annotations)).toBeUndefined();
  },
);
