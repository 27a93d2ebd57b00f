/** Releases cloud addresses: what OpenShift SDN requested must be released before OVN-Kubernetes requests it. */
import { cloudAddressUnused, cloudPrivateIPConfig } from '../../../findings/nodes.ts';
import { objectRef } from '../../../ref.ts';
import { hasObject } from '../../../requests/groups.ts';
import { type Change, type Part } from '../../../translation.ts';
import type { Context } from '../context.ts';

/** Plans the deletion of the CloudPrivateIPConfigs of requested addresses. Their name is the address. */
export function cloudPart({ snapshot, egress }: Context): Part {
  const owners = new Map(
    egress.groups
      .filter(hasObject)
      .flatMap(({ name, egressIPs }) => egressIPs.map((ip) => [String(ip), name] as const)),
  );
  const held = snapshot.cloudPrivateIPConfigs.filter(({ name }) => owners.has(name));
  const unused = snapshot.cloudPrivateIPConfigs.filter(({ name }) => !owners.has(name) && egress.groups.length > 0);
  return {
    changes: held.map(({ object }): Change => ({
      action: 'delete',
      step: 'release-cloud-addresses',
      object: objectRef(object),
      from: [],
    })),
    findings: [
      ...held.map(({ name }) => cloudPrivateIPConfig({ name, egressIP: owners.get(name) ?? '' })),
      ...unused.map(({ name }) => cloudAddressUnused({ name })),
    ],
  };
}
