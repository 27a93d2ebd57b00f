/** Makes the ClusterNetwork `default` from OpenShift's configuration of the network, where it is missing. */
import { clusterNetworks, networkConfigs, networkPolicies } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isAlreadyExists } from '../../io/kube/error.ts';
import type { Logger } from '../../io/log.ts';
import { listAt, numberAt, textAt } from '../../migrate/kinds/item.ts';
import { admittedBy } from '../../migrate/targets/ovn/cluster/isolation.ts';
import { isolationPolicy } from '../../migrate/targets/ovn/marks/origin.ts';
import type { ClusterNetworkObject, KubeObject, NetworkPolicyObject } from '../../model/objects/raw.ts';
import { parseCidr } from '../../model/values/address.ts';
import { facadeManager } from '../plan/marks.ts';

/**
 * The ClusterNetwork that the configuration of OpenShift's network stands for; undefined if it has no IPv4 networks.
 * `isIsolated`: whether namespaces are isolated by their VNIDs.
 */
export function clusterNetworkOf(config: KubeObject, isIsolated: boolean): ClusterNetworkObject | undefined {
  const source = listAt(config, 'status', 'clusterNetwork').length > 0 ? 'status' : 'spec';
  const networks = listAt(config, source, 'clusterNetwork').flatMap((one) => {
    const cidr = parseCidr(textAt(one, 'cidr'));
    const prefix = numberAt(one, 'hostPrefix');
    if (!cidr.ok || cidr.value.family !== 4 || prefix === undefined) return [];
    return [{ CIDR: cidr.value.text, hostSubnetLength: 32 - prefix }];
  });
  const [serviceNetwork] = listAt(config, source, 'serviceNetwork').flatMap((text) => {
    const cidr = typeof text === 'string' ? parseCidr(text) : undefined;
    return cidr?.ok === true && cidr.value.family === 4 ? [cidr.value.text] : [];
  });
  const [first] = networks;
  if (first === undefined || serviceNetwork === undefined) return undefined;
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'ClusterNetwork',
    metadata: { name: 'default' },
    network: first.CIDR,
    hostsubnetlength: first.hostSubnetLength,
    clusterNetworks: networks,
    serviceNetwork,
    pluginName: `redhat/openshift-ovs-${isIsolated ? 'multitenant' : 'networkpolicy'}`,
  };
}

/** Whether a migration left the policies that isolate namespaces as the multitenant plugin did. */
async function isIsolated(client: KubeClient, signal: AbortSignal): Promise<boolean> {
  const fieldSelector = `metadata.name=${isolationPolicy}`;
  const { items } = await client.list<NetworkPolicyObject>(networkPolicies, { fieldSelector, signal });
  return items.some((policy) => admittedBy(policy) !== undefined);
}

/** Makes it if it is not there and can be told. Says so if not; what needs it waits. */
export async function ensureNetwork(client: KubeClient, logger: Logger, signal: AbortSignal): Promise<void> {
  try {
    if ((await client.get(clusterNetworks, { name: 'default' }, { signal })) !== undefined) return;
    const config = await client.get<KubeObject>(networkConfigs, { name: 'cluster' }, { signal });
    const object = config === undefined ? undefined : clusterNetworkOf(config, await isIsolated(client, signal));
    if (object === undefined) {
      logger.error(
        'there is no ClusterNetwork "default", and no Network.config.openshift.io "cluster" to make it from: create it with the networks of pods and services',
      );
      return;
    }
    await client.create(clusterNetworks, object, { signal, fieldManager: facadeManager });
    logger.info({ network: object.network }, 'ClusterNetwork "default" made from the configuration of the cluster');
  } catch (error) {
    if (!signal.aborted && !isAlreadyExists(error))
      logger.error({ err: error }, 'the ClusterNetwork "default" could not be made from the configuration');
  }
}
