/** What stands in for Cilium, whose policies have no status. */
import { ciliumEgressGatewayPolicies, ciliumNodes } from '../../../../api/kinds.ts';
import { definitionOf, open } from '../../../../src/lab/ovn/definitions.ts';
import { cilium } from '../../../../src/migrate/targets/cilium/target.ts';
import { reportNodes, selector, type StandIn, text } from '../stand-in.ts';

const cidrs = { type: 'array', items: { type: 'string', pattern: '^[0-9.]+/[0-9]+$' } };
const gateway = {
  type: 'object',
  required: ['nodeSelector'],
  properties: { nodeSelector: selector, egressIP: text, interface: text },
};

export const ciliumStandIn: StandIn = {
  target: cilium,
  definitions: [
    definitionOf(ciliumEgressGatewayPolicies, {
      type: 'object',
      required: ['destinationCIDRs', 'egressGateway', 'selectors'],
      properties: {
        destinationCIDRs: cidrs,
        excludedCIDRs: cidrs,
        egressGateway: gateway,
        egressGateways: { type: 'array', maxItems: 64, items: gateway },
        selectors: {
          type: 'array',
          items: {
            type: 'object',
            properties: { namespaceSelector: selector, podSelector: selector, nodeSelector: selector },
          },
        },
      },
    }),
    definitionOf(ciliumNodes, open, { required: [] }),
  ],
  folder: 'cilium',
  run: (client) => reportNodes(client, ciliumNodes, { spec: {} }),
  act: () => Promise.resolve(),
  isSilent: true,
};
