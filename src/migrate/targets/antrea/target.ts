/** Antrea as a target of migrations. */
import { antreaAgentInfos, antreaEgresses, apiVersionOf, externalIPPools } from '../../../../api/kinds.ts';
import { textAt } from '../../kinds/item.ts';
import { leavingBy } from '../../requests/checks.ts';
import { requestTarget } from '../../requests/target.ts';
import type { Target } from '../../target.ts';
import { claims } from './claims.ts';
import { assignedTo, checker, lacking } from './live.ts';
import { antreaObjects, plugin } from './objects.ts';

export const antrea: Target = requestTarget({
  name: 'antrea',
  plugin,
  networkType: 'antrea',
  apiVersion: apiVersionOf(antreaEgresses),
  makes: [externalIPPools, antreaEgresses],
  reads: [antreaAgentInfos],
  selectsByLabel: true,
  steps: [
    {
      name: 'external-ip-pools',
      description: 'Create a pool for each egress IP: an Egress names one that is there.',
      withdrawnIn: 'unused-pools',
    },
    { name: 'egresses', description: 'Create Egresses.' },
    { name: 'unused-pools', description: 'Delete the pools that no Egress names any more.' },
  ],
  make: antreaObjects,
  dependency: (change, failed) => {
    if (change.action !== 'apply' || change.object.kind !== antreaEgresses.kind) return undefined;
    const pool = textAt(change.object, 'spec', 'externalIPPool');
    return failed.find(({ kind, name }) => kind === externalIPPools.kind && name === pool);
  },
  abilities: { moves: 'yes', drops: true },
  wayOut: { needs: [antreaEgresses], reads: [], claims },
  lacking,
  checker,
  leavesWith: leavingBy(antreaEgresses, ['spec', 'appliedTo', 'namespaceSelector'], assignedTo),
});
