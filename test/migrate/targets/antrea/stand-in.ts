/** What stands in for Antrea. */
import { antreaAgentInfos, antreaEgresses, externalIPPools } from '../../../../api/kinds.ts';
import { definitionOf, open } from '../../../../src/lab/ovn/definitions.ts';
import { selectorAt, textAt } from '../../../../src/migrate/kinds/item.ts';
import { poolHolds } from '../../../../src/migrate/targets/antrea/pool.ts';
import { antrea } from '../../../../src/migrate/targets/antrea/target.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { fieldOf } from '../../../../src/model/values/json.ts';
import { ip } from '../../parsed.ts';
import { readyNodes, reportNodes, selector, setStatus, type StandIn, text } from '../stand-in.ts';

const definitions = [
  definitionOf(
    externalIPPools,
    {
      type: 'object',
      required: ['ipRanges', 'nodeSelector'],
      properties: {
        ipRanges: {
          type: 'array',
          items: { type: 'object', properties: { cidr: text, start: text, end: text } },
        },
        nodeSelector: selector,
      },
    },
    { hasStatusSubresource: true, shortNames: ['eip'] },
  ),
  definitionOf(
    antreaEgresses,
    {
      type: 'object',
      required: ['appliedTo'],
      properties: {
        appliedTo: { type: 'object', properties: { podSelector: selector, namespaceSelector: selector } },
        egressIP: text,
        externalIPPool: text,
      },
    },
    { hasStatusSubresource: true },
  ),
  definitionOf(antreaAgentInfos, open, { required: [] }),
];

const spec = (object: KubeObject | undefined): string => JSON.stringify(fieldOf(object, 'spec', 'ipRanges'));

export const antreaStandIn: StandIn = {
  target: antrea,
  definitions,
  folder: 'antrea',
  run: (client) =>
    reportNodes(client, antreaAgentInfos, { agentConditions: [{ type: 'AgentHealthy', status: 'True' }] }),
  act: async (client) => {
    const pools = (await client.list(externalIPPools)).items;
    for (const egress of (await client.list(antreaEgresses)).items) {
      const address = textAt(egress, 'spec', 'egressIP');
      const pool = pools.find(({ metadata }) => metadata.name === textAt(egress, 'spec', 'externalIPPool'));
      const isHeld = pool !== undefined && poolHolds(pool, ip(address));
      const [node = ''] = isHeld ? await readyNodes(client, selectorAt(pool, 'spec', 'nodeSelector') ?? {}) : [];
      await setStatus(client, antreaEgresses, egress, {
        egressIP: node === '' ? '' : address,
        egressNode: node,
        conditions: [
          { type: 'IPAllocated', status: isHeld ? 'True' : 'False', ...(isHeld ? {} : { reason: 'AllocationError' }) },
          { type: 'IPAssigned', status: node === '' ? 'False' : 'True', ...(node === '' ? { reason: 'NoNode' } : {}) },
        ],
      });
    }
  },
  refuses: ({ was, wanted }, there) => {
    if (wanted?.kind === externalIPPools.kind && was !== undefined && spec(was) !== spec(wanted))
      return 'existing ranges cannot be changed';
    if (wanted?.kind !== antreaEgresses.kind) return undefined;
    const pool = textAt(wanted, 'spec', 'externalIPPool');
    const found = there.find(({ kind, metadata }) => kind === externalIPPools.kind && metadata.name === pool);
    if (found === undefined) return `ExternalIPPool ${pool} does not exist`;
    return poolHolds(found, ip(textAt(wanted, 'spec', 'egressIP'))) ? undefined : 'the IP is not within the range';
  },
};
