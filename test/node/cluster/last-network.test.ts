/** Which ClusterNetwork an agent uses while the object is wrong. */
import type { ClusterNetworkObject } from '../../../src/model/objects/raw.ts';
import { LastNetwork } from '../../../src/node/cluster/last-network.ts';
import { logged } from '../../logged.ts';

const valid: ClusterNetworkObject = {
  apiVersion: 'network.openshift.io/v1',
  kind: 'ClusterNetwork',
  metadata: { name: 'default' },
  clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
  serviceNetwork: '172.30.0.0/16',
};
const odd = { ...valid, pluginName: 'redhat/openshift-ovs-foo' };

it('is none as long as there was no valid one, with what is wrong', () => {
  const network = new LastNetwork(logged().logger);
  expect(network.read(undefined)).toEqual({ ok: false, error: 'ClusterNetwork "default" does not exist' });
  const wrong = network.read(odd);
  expect(wrong.ok ? '' : wrong.error).toContain('pluginName');
});

it('is the last valid one while the object is invalid or gone, which is logged once for each change', () => {
  const { logger, lines } = logged();
  const network = new LastNetwork(logger);
  const first = network.read(valid);
  expect(first.ok).toBe(true);
  for (const raw of [odd, odd, undefined]) expect(network.read(raw)).toEqual(first);
  expect(lines).toHaveLength(2);
  const other = network.read({ ...valid, serviceNetwork: '172.31.0.0/16' });
  expect(other).not.toEqual(first);
  expect(network.read(odd)).toEqual(other);
});
