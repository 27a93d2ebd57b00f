/** Decides what to do about the NetNamespace of one namespace. Pure. */
import type { NamespaceObject, NetNamespaceObject } from '../../model/objects/raw.ts';
import { isVnid, type Vnid } from '../../model/values/vnid.ts';
import { isRequest, namespaceUidAnnotation, namespaceUidOf } from './origin.ts';
import { type Asking, changeNetworkAnnotation, type Outcome, outcomeOf } from './request.ts';

/**
 * How long to keep a NetNamespace without egress IPs whose Namespace was never seen, in milliseconds: it may be created
 * next.
 */
const orphanGrace = 10_000;

/** How often to report a NetNamespace that waits for its Namespace, in milliseconds. */
const reportEvery = 60 * 60_000;

/** What is known about one namespace; the objects are those of the caches. */
export interface Known {
  readonly namespace: NamespaceObject | undefined;
  readonly present: NetNamespaceObject | undefined;
  /** A NetNamespace was created that the cache does not show yet. */
  readonly isWritten: boolean;
  /** The Namespace existed and is gone. */
  readonly isGone: boolean;
  /** How long the NetNamespace has been seen without its Namespace, in milliseconds. */
  readonly orphanedFor: number;
}

export type Step =
  /** Nothing to do, and no write is under way. */
  | { readonly kind: 'nothing' }
  /** Neither the Namespace nor its NetNamespace exists any more. */
  | { readonly kind: 'forget' }
  /** The Namespace may be created next. */
  | { readonly kind: 'wait'; readonly left: number }
  /** The NetNamespace requests egress IPs for a Namespace to come: it stays, and users are told from time to time. */
  | { readonly kind: 'await'; readonly present: NetNamespaceObject; readonly left: number }
  /** Records the uid of the Namespace, which the NetNamespace lacks. */
  | { readonly kind: 'record'; readonly present: NetNamespaceObject; readonly uid: string }
  /** The NetNamespace was of another Namespace of that name: the server's objects tell whether it still counts. */
  | { readonly kind: 'inherited' }
  /** The NetNamespace has no Namespace, unless the cache is behind. */
  | { readonly kind: 'remove'; readonly present: NetNamespaceObject }
  /** Allocates a VNID and creates the NetNamespace. */
  | { readonly kind: 'create' }
  /** Looks for the NetNamespace that was created. */
  | { readonly kind: 'find' }
  | { readonly kind: 'change'; readonly present: NetNamespaceObject; readonly asked: string; readonly outcome: Outcome }
  | { readonly kind: 'refuse'; readonly present: NetNamespaceObject; readonly asked: string; readonly why: string };

/** The step that creates a NetNamespace, does what its annotation requests, or removes it. */
export function stepFor(known: Known, others: Pick<Asking, 'isShared' | 'isMultitenant' | 'vnidOf'>): Step {
  const { namespace, present, isWritten } = known;
  if (namespace === undefined) return present === undefined ? { kind: 'forget' } : orphanStep(present, known);
  if (present === undefined) return { kind: isWritten ? 'find' : 'create' };
  return originStep(present, namespace) ?? requestStep(present, others);
}

/** The step about whose NetNamespace it is; undefined if it is this Namespace's. */
function originStep(present: NetNamespaceObject, { metadata: { uid } }: NamespaceObject): Step | undefined {
  const recorded = namespaceUidOf(present);
  if (uid === undefined || recorded === uid) return undefined;
  return recorded === undefined ? { kind: 'record', present, uid } : { kind: 'inherited' };
}

/** Does or refuses what `oc adm pod-network` requests. */
function requestStep(present: NetNamespaceObject, others: Pick<Asking, 'isShared' | 'isMultitenant' | 'vnidOf'>): Step {
  const asked = present.metadata.annotations?.[changeNetworkAnnotation];
  if (asked === undefined) return { kind: 'nothing' };
  const { name = '' } = present.metadata;
  const outcome = outcomeOf(asked, { ...others, name, vnid: present.netid });
  return outcome.ok
    ? { kind: 'change', present, asked, outcome: outcome.value }
    : { kind: 'refuse', present, asked, why: outcome.error };
}

/**
 * Waits if the NetNamespace may have existed before its Namespace, as after a restore or with GitOps: without limit if
 * it requests egress IPs.
 */
function orphanStep(present: NetNamespaceObject, { isGone, orphanedFor }: Known): Step {
  if (isRequest(present) && !isGone && namespaceUidOf(present) === undefined) return awaitStep(present);
  const left = isGone ? 0 : orphanGrace - orphanedFor;
  return left > 0 ? { kind: 'wait', left } : { kind: 'remove', present };
}

/** Keeps a request whose Namespace is still to come. */
export function awaitStep(present: NetNamespaceObject): Extract<Step, { readonly kind: 'await' }> {
  return { kind: 'await', present, left: reportEvery };
}

/** The VNID of the NetNamespace; undefined if it has none. */
export function vnidOf(object: NetNamespaceObject | undefined): Vnid | undefined {
  return object !== undefined && isVnid(object.netid) ? object.netid : undefined;
}

/** The NetNamespace of a Namespace, with that VNID. */
export function netNamespaceOf({ metadata: { name = '', uid } }: NamespaceObject, netid: Vnid): NetNamespaceObject {
  const annotations = uid === undefined ? {} : { annotations: { [namespaceUidAnnotation]: uid } };
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name, ...annotations },
    netname: name,
    netid,
  };
}
