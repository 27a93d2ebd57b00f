import { hasNoSubnet, missingAnnotations } from '../../../../../src/migrate/targets/ovn/marks/annotations.ts';
import { make } from '../../../snapshots.ts';

const all = {
  'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}',
  'k8s.ovn.org/node-subnets': '{"default":["10.128.0.0/23"]}',
  'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]',
};
const missing = (annotations: Readonly<Record<string, string>>, labels = {}): readonly string[] =>
  missingAnnotations(make.node('n1', '192.168.7.11', { annotations, labels }));

describe('the annotations of OVN-Kubernetes', () => {
  it('are all there, or each that is not is named', () => {
    expect(missing(all)).toEqual([]);
    expect(missing({})).toEqual(Object.keys(all));
    expect(missingAnnotations(make.node('n1', '192.168.7.11'))).toEqual(Object.keys(all));
    for (const key of Object.keys(all))
      expect(missing(Object.fromEntries(Object.entries(all).filter(([one]) => one !== key)))).toEqual([key]);
  });

  it('may have the addresses of the host by their older name', () => {
    const { 'k8s.ovn.org/host-cidrs': addresses, ...others } = all;
    expect(missing({ ...others, 'k8s.ovn.org/host-addresses': addresses })).toEqual([]);
  });

  it.each(['', 'yes', '{', '7', '"192.168.7.11/24"'])('count as missing if they cannot be read: %s', (text) => {
    expect(missing({ ...all, 'k8s.ovn.org/node-subnets': text })).toEqual(['k8s.ovn.org/node-subnets']);
  });

  it('are not waited for on a node that gets no subnet', () => {
    expect(missing({}, { 'kubernetes.io/os': 'windows' })).toEqual([]);
    expect(missing({ 'k8s.ovn.org/hybrid-overlay-node-subnet': '10.1.0.0/24' })).toEqual([]);
  });
});

describe('a node gets no subnet', () => {
  const has = (metadata: object): boolean => hasNoSubnet({ metadata: { name: 'n1', ...metadata } });

  it('if it runs Windows, or is of a hybrid overlay', () => {
    expect(has({ labels: { 'kubernetes.io/os': 'windows' } })).toBe(true);
    expect(has({ annotations: { a: '', 'k8s.ovn.org/hybrid-overlay-distributed-router-gateway-mac': '' } })).toBe(true);
  });

  it('and else it does', () => {
    expect(has({})).toBe(false);
    expect(has({ labels: { 'kubernetes.io/os': 'linux' }, annotations: all })).toBe(false);
  });
});
