/** Cilium as a target of migrations. */
import { apiVersionOf, ciliumEgressGatewayPolicies, ciliumNodes } from '../../../../api/kinds.ts';
import { requestTarget } from '../../requests/target.ts';
import type { Target } from '../../target.ts';
import { claims } from './claims.ts';
import { checker, lacking, leavesWith } from './live.ts';
import { ciliumObjects, plugin } from './objects.ts';

export const cilium: Target = requestTarget({
  name: 'cilium',
  plugin,
  networkType: 'Cilium',
  apiVersion: apiVersionOf(ciliumEgressGatewayPolicies),
  makes: [ciliumEgressGatewayPolicies],
  reads: [ciliumNodes],
  selectsByLabel: false,
  leaks: 'until its agents have programmed the policy for a new pod',
  steps: [{ name: 'egress-gateway-policies', description: 'Create CiliumEgressGatewayPolicies.' }],
  make: ciliumObjects,
  abilities: { moves: 'no', drops: true },
  wayOut: { needs: [ciliumEgressGatewayPolicies], reads: [], claims },
  lacking,
  checker,
  leavesWith,
});
