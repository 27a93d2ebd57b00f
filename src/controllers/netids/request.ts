/** What `oc adm pod-network` asks of a NetNamespace by an annotation, and what is made of it. Pure. */
import { globalVnid } from '../../model/netids.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Vnid } from '../../model/vnid.ts';

/** Key of the annotation; it is removed when it has been acted on or refused. */
export const changeNetworkAnnotation = 'pod.network.openshift.io/multitenant.change-network';

export type NetworkRequest =
  { readonly kind: 'global' } | { readonly kind: 'isolate' } | { readonly kind: 'join'; readonly to: string };

/** The request that the annotation's value writes: `global`, `isolate` or `join:NAMESPACE`. */
export function parseNetworkRequest(text: string): Result<NetworkRequest> {
  if (text === 'global' || text === 'isolate') return ok({ kind: text });
  const to = /^join:([a-z0-9]([-a-z0-9]*[a-z0-9])?)$/.exec(text)?.[1];
  if (to !== undefined) return ok({ kind: 'join', to });
  return err(`${JSON.stringify(text)} is none of global, isolate and join:NAMESPACE`);
}

/** What is known of the namespace that asks. */
export interface Asking {
  readonly name: string;
  readonly vnid: number;
  /** Whether several namespaces have the VNID. */
  readonly isShared: (vnid: number) => boolean;
  /** Whether the cluster's plugin knows joined namespaces at all. */
  readonly isMultitenant: boolean;
  /** The VNID of a namespace; undefined when it has none. */
  readonly vnidOf: (namespace: string) => Vnid | undefined;
}

/** What to do: take that VNID, take a new one of its own, keep the one it has. Else why not. */
export type Outcome =
  { readonly kind: 'take'; readonly vnid: Vnid } | { readonly kind: 'allocate' } | { readonly kind: 'keep' };

/** What becomes of the request that the annotation's value writes; the reason when it is refused. */
export function outcomeOf(text: string, asking: Asking): Result<Outcome> {
  if (!asking.isMultitenant)
    return err('the cluster network plugin is not redhat/openshift-ovs-multitenant: namespaces keep their VNIDs');
  const request = parseNetworkRequest(text);
  if (!request.ok) return request;
  switch (request.value.kind) {
    case 'global':
      return ok(takeOf(globalVnid(), asking));
    case 'isolate':
      if (asking.name === 'default') return err('namespace default cannot be isolated');
      return ok(asking.isShared(asking.vnid) || asking.vnid === globalVnid() ? { kind: 'allocate' } : { kind: 'keep' });
    case 'join': {
      const vnid = asking.vnidOf(request.value.to);
      return vnid === undefined
        ? err(`namespace ${request.value.to} has no NetNamespace to join`)
        : ok(takeOf(vnid, asking));
    }
  }
}

function takeOf(vnid: Vnid, asking: Asking): Outcome {
  return vnid === asking.vnid ? { kind: 'keep' } : { kind: 'take', vnid };
}
