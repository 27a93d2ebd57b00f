import { createMetrics } from '../../src/controllers/metrics.ts';
import { clusterOf } from '../../src/model/cluster/cluster.ts';
import { egressState } from '../../src/model/egress/state.ts';
import { egressIpConfigAnnotation } from '../../src/model/objects/cloud.ts';
import { rawHostSubnet, rawNetNamespace } from '../model/parsed.ts';

const metrics = createMetrics();

/** The lines of a metric, without its name. */
async function values(name: string): Promise<readonly string[]> {
  const text = await metrics.registry.getSingleMetricAsString(name);
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.slice(name.length).trim());
}

test('a state is counted: who hosts what, what nobody hosts, and whose traffic is dropped for which reason', async () => {
  const capacity = JSON.stringify([{ capacity: { ipv4: 5 } }]);
  const cluster = clusterOf(
    {
      hostSubnets: [
        rawHostSubnet('a', { hostIP: '192.168.7.11', egressIPs: ['192.168.8.1', '192.168.8.2'] }),
        rawHostSubnet('b', { hostIP: '192.168.7.12', subnet: '10.128.2.0/23' }),
      ],
      netNamespaces: [
        rawNetNamespace('n', 11, ['192.168.8.1']),
        rawNetNamespace('m', 12, ['192.168.8.2']),
        rawNetNamespace('o', 13, ['192.168.8.3']),
      ],
      nodes: [{ metadata: { name: 'a', annotations: { [egressIpConfigAnnotation]: capacity } } }],
    },
    new Set(),
  );
  metrics.state(cluster, egressState(cluster));
  expect(await values('sdn_controller_num_egress_ips')).toEqual(['3']);
  expect(await values('openshift_sdn_assigned_egressip')).toEqual(['{node="a"} 2', '{node="b"} 0']);
  expect(await values('openshift_sdn_egressip_capacity')).toEqual(['{node="a"} 5']);
  expect(await values('sdn_compat_egressips_unassigned')).toEqual(['1']);
  expect(await values('sdn_compat_vnids_dropped')).toEqual(['{reason="NoNodeHostsEgressIP"} 1']);
  const empty = clusterOf({ hostSubnets: [], netNamespaces: [], nodes: [] }, new Set());
  metrics.state(empty, egressState(empty));
  for (const name of ['openshift_sdn_assigned_egressip', 'openshift_sdn_egressip_capacity', 'sdn_compat_vnids_dropped'])
    expect(await values(name)).toEqual([]);
});

test('nodes are looked at when the metrics are read, and forgotten with all else that only a leader knows', async () => {
  metrics.followNodes(
    () =>
      new Map([
        ['a', 'online'],
        ['b', 'offline'],
        ['c', 'unknown'],
      ]),
  );
  expect(await values('sdn_compat_node_online')).toEqual(['{node="a"} 1', '{node="b"} 0']);
  metrics.isolated(true);
  metrics.failedOver();
  metrics.clear();
  expect(await values('sdn_compat_node_online')).toEqual([]);
  expect(await values('sdn_compat_controller_cut_off')).toEqual(['0']);
  expect(await values('sdn_compat_node_failovers_total')).toEqual(['1']);
});
