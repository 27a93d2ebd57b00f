import { addressEnds } from '../../../../../src/migrate/targets/ovn/egressips/addresses.ts';
import type { TranslateOptions } from '../../../../../src/migrate/targets/ovn/options.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { make, options, snapshotOf } from '../../../snapshots.ts';
import { downWorker, first, project, second, worker } from '../cluster-of.ts';

const ends = (objects: readonly KubeObject[], changes: Partial<TranslateOptions> = {}) =>
  addressEnds(snapshotOf(objects), { ...options, ...changes });
const nothing = { egressIPs: [], nodes: false };
const anyNode = { egressIPs: [], nodes: true };

it('has the addresses of all nodes, sorted', () => {
  expect(ends([...worker(2), ...worker(1)]).nodes).toEqual(['192.168.7.11', '192.168.7.12']);
});

describe('a namespace leaves', () => {
  const shop = project('shop', 10, [first]);

  it('with its egress IPs today and after, with each that is hosted', () => {
    expect(ends([...worker(1, { egressIPs: [first] }), ...shop]).ends).toEqual([
      {
        namespace: 'shop',
        today: { egressIPs: [first], nodes: false },
        between: anyNode,
        after: { egressIPs: [first], nodes: false },
      },
    ]);
  });

  it('with nothing today if it is dropped, and perhaps with a node after', () => {
    const found = ends([...downWorker(1, { egressIPs: [first] }), ...shop]).ends[0];
    expect(found).toMatchObject({ today: nothing, after: { egressIPs: [first], nodes: true } });
  });

  it('with nothing after either if the plan keeps it closed', () => {
    const objects = [...downWorker(1, { egressIPs: [first] }), ...shop];
    expect(ends(objects, { keepClosed: true }).ends[0]).toMatchObject({ between: nothing, after: nothing });
    const open = [...worker(1, { egressIPs: [first] }), ...shop];
    expect(ends(open, { keepClosed: true }).ends[0]).toMatchObject({ between: anyNode });
  });

  it('with a node after if no node can have its address, or if it gets no EgressIP', () => {
    const outside = [...worker(1, { egressIPs: ['10.9.9.9'] }), ...project('shop', 10, ['10.9.9.9'])];
    expect(ends(outside).ends[0]).toMatchObject({ today: { egressIPs: ['10.9.9.9'] }, after: anyNode });
    expect(ends([...worker(1), ...project('shop', 10, ['bad'])]).ends[0]?.after).toEqual(anyNode);
  });

  it('with node addresses today under the subnet plugin, whatever it requests', () => {
    const subnet = make.clusterNetwork('redhat/openshift-ovs-subnet');
    expect(ends([subnet, ...worker(1, { egressIPs: [first] }), ...shop]).ends[0]).toMatchObject({
      today: anyNode,
      after: { egressIPs: [first], nodes: false },
    });
  });

  it('as all that share its VNID and exist', () => {
    const objects = [
      ...worker(1, { egressIPs: [second] }),
      ...project('a', 10),
      ...project('b', 10, [second]),
      make.netNamespace('gone', 10),
    ];
    expect(ends(objects).ends.map(({ namespace, today }) => [namespace, ...today.egressIPs])).toEqual([
      ['a', second],
      ['b', second],
    ]);
  });
});
