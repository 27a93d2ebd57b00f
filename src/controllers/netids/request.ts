/** Parses and decides what `oc adm pod-network` requests in an annotation of a NetNamespace. Pure. */
import { globalVnid } from '../../model/allocation/netids.ts';
import { dnsLabel } from '../../model/values/names.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { Vnid } from '../../model/values/vnid.ts';

/** Key of the annotation. It is removed when it has been acted on or refused. */
export const changeNetworkAnnotation = 'pod.network.openshift.io/multitenant.change-network';

export type NetworkRequest =
  { readonly kind: 'global' } | { readonly kind: 'isolate' } | { readonly kind: 'join'; readonly to: string };

const joinPattern = new RegExp(`^join:(${dnsLabel})$`);

/** Parses the annotation's value: `global`, `isolate` or `join:NAMESPACE`. */
export function parseNetworkRequest(text: string): Result<NetworkRequest> {
  if (text === 'global' || text === 'isolate') return ok({ kind: text });
  const to = joinPattern.exec(text)?.[1];
  if (to !== undefined) return ok({ kind: 'join', to });
  return err(`${JSON.stringify(text)} is none of global, isolate and join:NAMESPACE`);
}

/** The annotation's value for a request. */
export function networkRequestText(request: NetworkRequest): string {
  return request.kind === 'join' ? `join:${request.to}` : request.kind;
}

/** What is known about the requesting namespace. */
export interface Asking {
  readonly name: string;
  readonly vnid: number;
  /** Whether several namespaces have the VNID. */
  readonly isShared: (vnid: number) => boolean;
  /** Whether the cluster's plugin supports joined namespaces. */
  readonly isMultitenant: boolean;
  /** The VNID of a namespace; undefined if it has none. */
  readonly vnidOf: (namespace: string) => Vnid | undefined;
}

/** What to do: switch to that VNID, allocate a new one, or keep the current one. */
export type Outcome =
  { readonly kind: 'take'; readonly vnid: Vnid } | { readonly kind: 'allocate' } | { readonly kind: 'keep' };

/** Decides on the request in the annotation's value; returns the reason if it is refused. */
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
