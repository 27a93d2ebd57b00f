import { vnid } from '../../../node/states.ts';
import { contextFrom, make } from '../../snapshots.ts';
import { downWorker, first, primary, project, second, worker } from './cluster-of.ts';

describe('the context', () => {
  const joined = [...project('b', 10), ...project('a', 10), ...project('c', 11), make.netNamespace('gone', 10)];

  it('knows the VNID of each namespace and the namespaces of each VNID', () => {
    const { vnidOf, namespacesOf } = contextFrom(joined);
    expect([vnidOf('a'), vnidOf('c'), vnidOf('nobody')]).toEqual([10, 11, undefined]);
    expect(namespacesOf(vnid(10))).toEqual(['a', 'b', 'gone']);
    expect(namespacesOf(vnid(12))).toEqual([]);
  });

  it('knows which namespaces exist, and takes all for existing if it knows none', () => {
    const dying = make.namespace('dying', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const { exists, namespaces } = contextFrom([...joined, dying]);
    expect(['a', 'gone', 'dying'].map(exists)).toEqual([true, false, false]);
    expect([...(namespaces?.keys() ?? [])].sort()).toEqual(['a', 'b', 'c', 'dying']);
    const blind = contextFrom([make.netNamespace('a', 10)]);
    expect([blind.exists('a'), blind.namespaces]).toEqual([true, undefined]);
  });

  it('has everything chosen if nothing is', () => {
    expect(contextFrom([]).chosen('a')).toBe(true);
    const { chosen } = contextFrom([], { namespaces: ['a'] });
    expect([chosen('a'), chosen('b')]).toEqual([true, false]);
  });

  it('takes the ClusterNetwork `default` if it can be read', () => {
    expect(contextFrom([make.clusterNetwork()]).network?.mode).toBe('networkpolicy');
    expect(contextFrom([]).network).toBeUndefined();
    const other = { ...make.clusterNetwork(), metadata: { name: 'other' } };
    expect(contextFrom([other]).network).toBeUndefined();
  });

  it('is one of OpenShift if it has a ClusterVersion or a Network configuration', () => {
    const of = (kind: string) => make.any('config.openshift.io/v1', kind, { name: 'x' }, {});
    expect(contextFrom([of('ClusterVersion')]).isOpenShift).toBe(true);
    expect(contextFrom([of('Network')]).isOpenShift).toBe(true);
    expect(contextFrom([of('Infrastructure')]).isOpenShift).toBe(false);
  });

  it('has every egress IP that somebody requests, and the IPv4 addresses of all nodes', () => {
    const node = make.any(
      'v1',
      'Node',
      { name: 'n1', annotations: primary('192.168.7.11') },
      { status: { addresses: [{ type: 'InternalIP', address: 'fd00::11' }] } },
    );
    const { requested, nodeAddresses } = contextFrom([node, ...project('a', 10, [first, second])]);
    expect([...requested]).toEqual([first, second]);
    expect(nodeAddresses.map(({ ip }) => ip)).toEqual(['192.168.7.11']);
  });

  it('takes what is on a node that is not Ready for not in use', () => {
    const shop = project('shop', 20, [first]);
    const today = (objects: Parameters<typeof contextFrom>[0]) => contextFrom(objects).egress.groups[0]?.today.kind;
    expect(today([...worker(1, { egressIPs: [first] }), ...shop])).toBe('via');
    expect(today([...downWorker(1, { egressIPs: [first] }), ...shop])).toBe('dropped');
  });

  it('names as closed what is dropped today and not certain to be served tomorrow', () => {
    const closed = (objects: Parameters<typeof contextFrom>[0]) => [...contextFrom(objects).closed];
    const dropped = [...project('a', 20, [first]), ...project('b', 20)];
    expect(closed([...downWorker(1, { egressIPs: [first] }), ...dropped])).toEqual(['a', 'b']);
    expect(closed([...worker(1, { egressIPs: [second] }), ...dropped])).toEqual([]);
    expect(closed([...worker(1, { egressIPs: [first] }), ...dropped])).toEqual([]);
  });

  it('passes over machine networks that are none', () => {
    const node = make.node('n1', '192.168.7.11');
    const { ovnNodes } = contextFrom([node], { machineNetworks: ['nonsense', '192.168.7.0/26'] });
    expect(ovnNodes.get('n1')?.network?.text).toBe('192.168.7.0/26');
  });
});
