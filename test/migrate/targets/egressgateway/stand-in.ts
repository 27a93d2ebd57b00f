/** What stands in for EgressGateway: a controller that gives a policy its address, and a webhook. */
import {
  egressClusterPolicies,
  egressGateways,
  egressTunnels,
  namespacedEgressPolicies,
} from '../../../../api/kinds.ts';
import { definitionOf, open } from '../../../../src/lab/ovn/definitions.ts';
import { listAt, selectorAt, textAt } from '../../../../src/migrate/kinds/item.ts';
import { gatewayHolds, poolOf } from '../../../../src/migrate/targets/egressgateway/pool.ts';
import { egressGateway } from '../../../../src/migrate/targets/egressgateway/target.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { asText, fieldOf } from '../../../../src/model/values/json.ts';
import { ip } from '../../parsed.ts';
import { readyNodes, reportNodes, selector, setStatus, type StandIn, text, type Write } from '../stand-in.ts';

const texts = { type: 'array', items: text };

const definitions = [
  definitionOf(namespacedEgressPolicies, open, { hasStatusSubresource: true }),
  definitionOf(
    egressGateways,
    {
      type: 'object',
      properties: {
        clusterDefault: { type: 'boolean' },
        ippools: {
          type: 'object',
          properties: { ipv4: texts, ipv4DefaultEIP: text, ipv6: texts, ipv6DefaultEIP: text },
        },
        nodeSelector: { type: 'object', properties: { policy: text, selector } },
      },
    },
    { hasStatusSubresource: true },
  ),
  definitionOf(
    egressClusterPolicies,
    {
      type: 'object',
      required: ['appliedTo'],
      properties: {
        egressGatewayName: text,
        egressIP: {
          type: 'object',
          default: { allocatorPolicy: 'default', useNodeIP: false },
          properties: {
            ipv4: text,
            ipv6: text,
            allocatorPolicy: { type: 'string', default: 'default' },
            useNodeIP: { type: 'boolean', default: false },
          },
        },
        appliedTo: { type: 'object', properties: { namespaceSelector: selector, podSelector: selector } },
        destSubnet: texts,
        priority: { type: 'integer' },
      },
    },
    { hasStatusSubresource: true },
  ),
  definitionOf(egressTunnels, open, { required: [] }),
];

/** The addresses that policies have at a gateway, by its status. */
function taken(gateway: KubeObject): readonly string[] {
  return listAt(gateway, 'status', 'nodeList')
    .flatMap((node) => listAt(node, 'eips'))
    .map((eip) => textAt(eip, 'ipv4'));
}

function refusesGateway({ was, wanted }: Write, there: readonly KubeObject[]): string | undefined {
  const used = was === undefined ? [] : taken(was);
  if (wanted === undefined)
    return used.length === 0 ? undefined : 'Do not delete it because it is already referenced by EgressPolicy';
  const pool = poolOf(wanted);
  const lost = used.find((one) => !pool.includes(one));
  if (lost !== undefined) return `${lost} has been allocated and cannot be deleted`;
  if (!pool.includes(textAt(wanted, 'spec', 'ippools', 'ipv4DefaultEIP')))
    return 'the default is not covered by Ippools';
  const others = there.filter(
    ({ kind, metadata }) => kind === egressGateways.kind && metadata.name !== wanted.metadata.name,
  );
  const shared = others.find((other) => pool.some((entry) => gatewayHolds(other, ip(entry))));
  return shared === undefined ? undefined : `its pool overlaps with that of ${shared.metadata.name ?? ''}`;
}

function refusesPolicy({ was, wanted }: Write, there: readonly KubeObject[]): string | undefined {
  if (wanted === undefined) return undefined;
  const fixed = (object: KubeObject) =>
    `${textAt(object, 'spec', 'egressGatewayName')} ${textAt(object, 'spec', 'egressIP', 'ipv4')}`;
  if (was !== undefined && fixed(was) !== fixed(wanted)) return 'egressGatewayName and egressIP cannot be changed';
  const name = textAt(wanted, 'spec', 'egressGatewayName');
  if (!there.some(({ kind, metadata }) => kind === egressGateways.kind && metadata.name === name))
    return `there is no EgressGateway ${name}`;
  return listAt(wanted, 'spec', 'appliedTo', 'podSelector', 'matchExpressions').length === 0
    ? 'podSelector and podSubnet cannot be empty'
    : undefined;
}

export const egressGatewayStandIn: StandIn = {
  target: egressGateway,
  definitions,
  folder: 'egressgateway',
  run: (client) => reportNodes(client, egressTunnels, { status: { phase: 'Ready' } }),
  act: async (client) => {
    const policies = (await client.list(egressClusterPolicies)).items;
    for (const gateway of (await client.list(egressGateways)).items) {
      const names = await readyNodes(client, selectorAt(gateway, 'spec', 'nodeSelector', 'selector') ?? {});
      const nodes = names.map((name) => ({ name, status: 'Ready', eips: [] as object[] }));
      const own = policies.filter((policy) => textAt(policy, 'spec', 'egressGatewayName') === gateway.metadata.name);
      for (const policy of own) {
        const [node] = nodes.toSorted((a, b) => a.eips.length - b.eips.length || (a.name < b.name ? -1 : 1));
        const ipv4 = asText(fieldOf(policy, 'spec', 'egressIP', 'ipv4'));
        if (node === undefined || !gatewayHolds(gateway, ip(ipv4))) continue;
        node.eips.push({ ipv4, policies: [{ name: policy.metadata.name }] });
        await setStatus(client, egressClusterPolicies, policy, { eip: { ipv4 }, node: node.name });
      }
      await setStatus(client, egressGateways, gateway, { nodeList: nodes });
    }
  },
  refuses: (write, there) =>
    (write.wanted ?? write.was)?.kind === egressGateways.kind
      ? refusesGateway(write, there)
      : refusesPolicy(write, there),
};
