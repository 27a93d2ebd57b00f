/** Findings on what stands in the way of the switch itself: the vendor's converter, and what stalls reboots. */
import { listText } from '../../model/values/list-text.ts';
import { makes, type Namespaced } from './finding.ts';

interface Converter {
  /** The features that it converts. */
  readonly features: readonly string[];
  /** Whether the migration has begun, so that it may run at any moment. */
  readonly isOn: boolean;
}

/** The vendor's converter is not turned off. */
export const converterOn = makes('ConverterOn', ({ features, isOn }: Converter) => ({
  severity: isOn ? 'blocker' : 'warning',
  kind: 'Network',
  name: 'cluster',
  today: `spec.migration.features of Network.operator does not set ${listText(features)} to false${isOn ? ', and spec.migration.networkType is OVNKubernetes' : ''}.`,
  tomorrow:
    "The vendor's converter does the same as this plan, in its own way: it empties HostSubnets, on releases before 4.16 while OpenShift SDN still serves, and makes EgressIPs that conflict with the plan's.",
  action:
    'Set all three to false in the same patch that sets spec.migration.networkType (4.14 refuses them one after the other); `migrate guide` prints it.',
}));

interface Webhooks {
  readonly kind: string;
  readonly name: string;
  readonly webhooks: readonly string[];
}

/** A webhook for pods, nodes or namespaces refuses everything while it cannot be reached. */
export const webhookFailsClosed = makes('WebhookFailsClosed', ({ kind, name, webhooks }: Webhooks) => ({
  kind,
  name,
  today: `${listText(webhooks)} must answer before a pod, node or namespace is written (failurePolicy Fail).`,
  tomorrow:
    'While nodes are rebooted and the network changes, it may be out of reach: then nothing can be scheduled, also not what it needs itself.',
  action: 'Give it a short timeout and failurePolicy Ignore for the change window, or exclude openshift-* namespaces.',
}));

/** A disruption budget lets no pod be evicted. */
export const budgetAllowsNothing = makes(
  'DisruptionBudget',
  ({ pods, ...budget }: Namespaced & { readonly pods: number }) => ({
    kind: 'PodDisruptionBudget',
    ...budget,
    today: `None of its ${pods} pods may be evicted now (disruptionsAllowed is 0).`,
    tomorrow: 'A node with one of them is not drained, so the reboots of all nodes wait for it.',
    action: 'Add replicas or relax the budget for the change window.',
  }),
);

interface NodeNetwork {
  readonly name: string;
  readonly interfaces: readonly string[];
}

/** nmstate configures interfaces of nodes. */
export const nodeNetworkConfigured = makes('NodeNetworkConfigured', ({ name, interfaces }: NodeNetwork) => ({
  kind: 'NodeNetworkConfigurationPolicy',
  name,
  today: `nmstate configures ${listText(interfaces)} on nodes.`,
  tomorrow:
    'OVN-Kubernetes puts the primary interface into its bridge br-ex; with a policy on that interface the node loses its network at the reboot.',
  action: 'Make sure that none of these is the interface of the default route, or remove the policy first.',
}));
