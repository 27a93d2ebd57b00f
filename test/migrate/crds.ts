/** Small CRDs of the kinds that are there under either plugin and this project's server does not have. */
import { cloudPrivateIPConfigs, egressRouters, networkConfigs, networkPolicies } from '../../api/kinds.ts';
import { definitionOf, open } from '../../src/lab/ovn/definitions.ts';

export const clusterCRDs: readonly object[] = [
  definitionOf(networkPolicies, open),
  definitionOf(cloudPrivateIPConfigs, open),
  definitionOf(egressRouters, open),
  definitionOf(networkConfigs, open),
];
