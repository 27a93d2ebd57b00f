/** The gateways of Cilium's policies. Pure. */
import type { KubeObject } from '../../../model/objects/raw.ts';
import { fieldOf } from '../../../model/values/json.ts';
import { listAt } from '../../kinds/item.ts';

/** The gateways of a policy: of several Cilium takes the list. */
export function gatewaysIn(policy: KubeObject): readonly unknown[] {
  const several = listAt(policy, 'spec', 'egressGateways');
  return several.length > 0 ? several : [fieldOf(policy, 'spec', 'egressGateway')];
}
