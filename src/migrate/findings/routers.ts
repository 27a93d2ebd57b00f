/** Findings on pods with a macvlan interface: egress routers and others. */
import { makes } from './finding.ts';

/** A pod, or an object that makes pods. */
export interface Holder {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** It makes no pods at the moment. */
  readonly isStopped: boolean;
}

const stateOf = ({ isStopped }: Holder): string =>
  isStopped
    ? 'It makes no pod at the moment, but its template does when it is started.'
    : 'OpenShift SDN gives the pod a macvlan interface on the network of its node.';

const subject = ({ kind, namespace, name }: Holder) => ({ kind, namespace, name });

/** The pod is not an egress router. */
export const macvlanPod = makes('MacvlanPod', (holder: Holder) => ({
  ...subject(holder),
  today: stateOf(holder),
  tomorrow:
    'OVN-Kubernetes does not know the annotation: the pod has no such interface. The vendor refuses to migrate while such pods run.',
  action: 'Give the pod the interface by a NetworkAttachmentDefinition of type macvlan.',
}));

/** An egress router that no EgressRouter can replace. */
export const routerUntranslated = makes(
  'EgressRouterPod',
  ({ reason, ...holder }: Holder & { readonly reason: string }) => ({
    ...subject(holder),
    today: `An egress router. ${stateOf(holder)}`,
    tomorrow: `No EgressRouter is made: ${reason}.`,
    action:
      'Put a proxy of your own in its place, for which `sdn-compat migrate proxies` prints the manifests, and point the clients at it; or correct the router and plan again.',
  }),
);

/** A namespace has a second egress router in redirect mode. */
export const secondRouter = makes(
  'EgressRouterPod',
  ({ first, ...holder }: Holder & { readonly first: Pick<Holder, 'kind' | 'name'> }) => ({
    ...subject(holder),
    today: `An egress router in redirect mode. ${stateOf(holder)}`,
    tomorrow: `No EgressRouter is made: a namespace serves one only, and ${first.kind} ${first.name} has it.`,
    action:
      'Move this router to a namespace of its own and plan again, or put a proxy in its place (`sdn-compat migrate proxies --redirect`).',
  }),
);

/** An egress router becomes an EgressRouter. */
export const routerTranslated = makes('EgressRouterPod', (holder: Holder) => ({
  ...subject(holder),
  span: 'until-apply',
  today: `An egress router in redirect mode. ${stateOf(holder)}`,
  tomorrow: `EgressRouter ${holder.namespace}/${holder.name} does the same by pods of its own, labeled app: egress-router-cni.`,
  action:
    'Stop this router before the switch (the vendor refuses to migrate while it runs), and let Services that select it select app: egress-router-cni.',
}));
