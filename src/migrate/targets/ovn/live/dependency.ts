/** Decides what must wait when an object of a plan could not be made. What does not depend on it goes on. Pure. */
import { cloudPrivateIPConfigs, egressFirewalls, egressIPs, netNamespaces } from '../../../../../api/kinds.ts';
import { requestedIn } from '../../../kinds/egressip.ts';
import type { ObjectRef } from '../../../ref.ts';
import type { Change } from '../../../translation.ts';

/** The first of the failed objects that the change depends on; undefined if none. */
export function dependency(change: Change, failed: readonly ObjectRef[]): ObjectRef | undefined {
  if (change.action !== 'apply' || change.object.kind !== egressIPs.kind) return undefined;
  const addresses = new Set(requestedIn(change.object));
  const namespaces = new Set(change.from.filter(({ kind }) => kind === netNamespaces.kind).map(({ name }) => name));
  return failed.find(
    ({ kind, namespace = '', name }) =>
      // the new plugin never assigns an address that the cloud still has, nor may a namespace leave before it is closed
      (kind === cloudPrivateIPConfigs.kind && addresses.has(name)) ||
      (kind === egressFirewalls.kind && namespaces.has(namespace)),
  );
}
