/** When the network plugin that a plan leads to runs. */
import { ovn } from '../../../src/migrate/ovn/target.ts';
import { objectRef, refKey } from '../../../src/migrate/ref.ts';
import { notSwitched } from '../../../src/migrate/run/switched.ts';
import { sdn } from '../../../src/migrate/sdn/target.ts';
import type { KubeObject } from '../../../src/model/objects.ts';
import { make } from '../snapshots.ts';

const annotations = {
  'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}',
  'k8s.ovn.org/node-subnets': '{"default":["10.128.0.0/23"]}',
  'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]',
};
const live = (...objects: readonly KubeObject[]) => ({
  objects: new Map(objects.map((object) => [refKey(objectRef(object)), object])),
  unserved: new Set<string>(),
});
const [bare, annotated] = [make.node('n1', '192.168.7.11'), make.node('n2', '192.168.7.12', { annotations })];

test('OVN-Kubernetes runs when every Node has its annotations', () => {
  expect(notSwitched(ovn, live(annotated), undefined)).toEqual([]);
  expect(notSwitched(ovn, live(annotated), 'OVNKubernetes')).toEqual([]);
  expect(notSwitched(ovn, live(bare, annotated), undefined)).toEqual([
    `Node n1: annotation ${Object.keys(annotations).join(', ')} is missing`,
  ]);
});

test('an annotation that cannot be read is missing', () => {
  const broken = make.node('n1', '192.168.7.11', {
    annotations: { ...annotations, 'k8s.ovn.org/host-cidrs': '[', 'k8s.ovn.org/node-subnets': '7' },
  });
  expect(notSwitched(ovn, live(broken), undefined)).toEqual([
    'Node n1: annotation k8s.ovn.org/node-subnets, k8s.ovn.org/host-cidrs is missing',
  ]);
});

test('OpenShift SDN runs when every Node has a HostSubnet', () => {
  expect(notSwitched(sdn, live(bare, make.hostSubnet('n1', '192.168.7.11')), 'OpenShiftSDN')).toEqual([]);
  expect(notSwitched(sdn, live(bare), 'OpenShiftSDN')).toEqual(['HostSubnet n1: there is none for the Node']);
});

test('the type in the Network configuration counts where it was read', () => {
  expect(notSwitched(ovn, live(annotated), 'OpenShiftSDN')).toEqual([
    'Network.config.openshift.io cluster: status.networkType is OpenShiftSDN',
  ]);
});

test('a cluster without Nodes has switched to nothing', () => {
  expect(notSwitched(ovn, live(), undefined)).toEqual(['there is no Node']);
});
