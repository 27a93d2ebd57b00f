/** Spidernet's EgressGateway as a target of migrations. It runs beside another network plugin. */
import {
  apiVersionOf,
  egressClusterPolicies,
  egressGateways,
  egressTunnels,
  namespacedEgressPolicies,
} from '../../../../api/kinds.ts';
import { textAt } from '../../kinds/item.ts';
import { leavingBy } from '../../requests/checks.ts';
import { requestTarget } from '../../requests/target.ts';
import type { Target } from '../../target.ts';
import { claims } from './claims.ts';
import { assignedTo, checker, lacking, mustReplace, turnOf } from './live.ts';
import { egressGatewayObjects, plugin } from './objects.ts';

export const egressGateway: Target = requestTarget({
  name: 'egressgateway',
  plugin,
  apiVersion: apiVersionOf(egressGateways),
  makes: [egressGateways, egressClusterPolicies],
  reads: [egressTunnels],
  selectsByLabel: true,
  leaks: 'while no node of its gateway has it',
  steps: [
    {
      name: 'withdrawn-policies',
      description: 'Delete the policies of which another gateway or address is wanted, or nothing: they never change.',
    },
    {
      name: 'egress-gateways',
      description: 'Create a gateway for each set of nodes: a policy names one that is there.',
      withdrawnIn: 'unused-gateways',
    },
    {
      name: 'egress-cluster-policies',
      description: 'Create EgressClusterPolicies.',
      withdrawnIn: 'withdrawn-policies',
    },
    { name: 'unused-gateways', description: 'Delete the gateways that no policy names any more.' },
  ],
  make: egressGatewayObjects,
  mustReplace,
  turnOf,
  dependency: (change, failed) => {
    if (change.action !== 'apply' || change.object.kind !== egressClusterPolicies.kind) return undefined;
    const gateway = textAt(change.object, 'spec', 'egressGatewayName');
    return failed.find(({ kind, name }) => kind === egressGateways.kind && name === gateway);
  },
  abilities: { moves: 'with a setting', drops: false },
  wayOut: { needs: [egressClusterPolicies, namespacedEgressPolicies], reads: [], claims },
  lacking,
  checker,
  leavesWith: leavingBy(egressClusterPolicies, ['spec', 'appliedTo', 'namespaceSelector'], assignedTo),
});
