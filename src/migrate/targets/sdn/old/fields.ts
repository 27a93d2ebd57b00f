/** The fields of OpenShift SDN's objects that a migration is about. Pure. */
import { hostSubnets, netNamespaces } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { listedCIDRs } from '../../../kinds/sdn.ts';
import type { Content } from '../../../old-plugin.ts';

/** The fields of each kind that a migration clears and restores; of other kinds it is the whole content. */
const fieldsOf: ReadonlyMap<string, readonly string[]> = new Map([
  [hostSubnets.kind, ['egressIPs', 'egressCIDRs']],
  [netNamespaces.kind, ['egressIPs']],
]);

/** The part of the content that a migration clears and restores, and never an identity. */
export function restored({ kind = '' }: Pick<KubeObject, 'kind'>, content: Content): Content {
  const fields = fieldsOf.get(kind);
  return fields === undefined
    ? content
    : Object.fromEntries(Object.entries(content).filter(([key]) => fields.includes(key)));
}

/** With egressCIDRs the controller of OpenShift SDN owns egressIPs, and moves them at any time. */
export function movingFields(object: KubeObject): readonly string[] {
  return object.kind === hostSubnets.kind && listedCIDRs(object).length > 0 ? ['egressIPs'] : [];
}
