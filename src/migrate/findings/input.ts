/** Findings on the input itself: kinds that are missing, objects that cannot be read, names without their objects. */
import { listText } from '../../model/values/list-text.ts';
import { type Finding, makes } from './finding.ts';

interface UnreadKind {
  readonly kind: string;
  readonly plural: string;
  readonly apiVersion: string;
  readonly reason: string;
  /** The missing right, if that is the cause. */
  readonly right: string | undefined;
  /** Whether a plan without the kind may leave out something that works today. */
  readonly isEssential: boolean;
}

/** A kind could not be read. */
export const kindUnread = makes(
  'IncompleteInput',
  ({ kind, plural, apiVersion, reason, right, isEssential }: UnreadKind) => ({
    severity: isEssential ? 'blocker' : 'warning',
    kind,
    name: '*',
    today: `Objects of ${plural} (${apiVersion}) could not be read: ${reason}.`,
    tomorrow: 'The plan was made without them and is incomplete.',
    action: right === undefined ? 'Read them again and plan again.' : `Ask for the right to ${right} and plan again.`,
  }),
);

/** A file of the input could not be read: nothing tells what it holds. */
export const fileUnread = makes(
  'IncompleteInput',
  ({ file, reason }: { readonly file: string; readonly reason: string }) => ({
    severity: 'warning',
    kind: 'File',
    name: file,
    today: `It could not be read: ${reason}.`,
    tomorrow: 'If it holds objects that a plan is made from, the plan lacks them and is incomplete.',
    action: 'Make it readable, or leave it out of the input, and plan again.',
  }),
);

interface KindUnknown {
  /** Name of the definition. */
  readonly name: string;
  /** Why it cannot be read; undefined if it is not there. */
  readonly reason: string | undefined;
  readonly plugin: string;
  /** The field that it may have. */
  readonly field: string;
  /** How many objects of the plan would be otherwise if the answer were another one. */
  readonly count: number;
}

interface KindAssumed extends Omit<KindUnknown, 'count'> {
  /** What the plan's objects do without knowing, and what they would do. */
  readonly assumed: string;
  readonly otherwise: string;
}

/** Nothing tells whether EgressIPs have the field that names nodes. */
export function nodesInEgressIPsUnknown({ count, ...kind }: KindUnknown): Finding {
  return servedKindUnknown({
    ...kind,
    assumed: 'The EgressIPs of the plan name no nodes',
    otherwise: `If it has the field, ${count} of them would name the nodes of today`,
  });
}

/** Nothing tells whether EgressFirewalls can allow nodes by label. */
export function nodesInFirewallsUnknown({ count, ...kind }: KindUnknown): Finding {
  return servedKindUnknown({
    ...kind,
    assumed: `${count} EgressFirewalls of the plan allow the nodes by label`,
    otherwise: 'If it lacks the field, they would allow the node addresses of now',
  });
}

/** Nothing tells whether a kind of the new plugin has a field. */
const servedKindUnknown = makes(
  'ServedKindUnknown',
  ({ name, reason, plugin, field, assumed, otherwise }: KindAssumed) => ({
    severity: reason === undefined ? 'info' : 'warning',
    kind: 'CustomResourceDefinition',
    name,
    today:
      reason === undefined
        ? `It is not there: it comes with ${plugin}. So nothing tells whether it has the field ${field}.`
        : `It cannot be read, so nothing tells whether it has the field ${field}: ${reason}.`,
    tomorrow: `${assumed}. ${otherwise}.`,
    action:
      reason === undefined
        ? 'Nothing now: `apply` asks again after the switch, and stops if the answer is another one. Then `plan --update` takes it over, and --accept-changes goes on without.'
        : 'Make it readable and plan again.',
  }),
);

/** The input has no object of a kind. */
export const kindAbsent = makes(
  'IncompleteInput',
  ({ kind, plural }: { readonly kind: string; readonly plural: string }) => ({
    severity: 'warning',
    kind,
    name: '*',
    today: `The input has no ${kind}.`,
    tomorrow: 'The plan could not look at them: what depends on them is taken as it should be.',
    action: `Add the ${plural} to the input and plan again.`,
  }),
);

interface Missing {
  readonly kind: string;
  readonly plural: string;
  /** Whether a cluster always has objects of the kind. */
  readonly isFatal: boolean;
}

/** Files without objects of a kind: the cluster may have some. */
export const kindMissing = makes('IncompleteInput', ({ kind, plural, isFatal }: Missing) => ({
  severity: isFatal ? 'blocker' : 'warning',
  kind,
  name: '*',
  today: `The files have no ${kind}, and no empty list of them; must-gathers of the vendor never have any.`,
  tomorrow: isFatal
    ? 'What they ask for is not in the plan.'
    : `If the cluster has some, what they deny is open: the plan has no EgressFirewall for it.`,
  action: `Add the ${plural} to the input (\`migrate gather\` writes all that is needed) and plan again.`,
}));

/** The input does not have what identifies a cluster. */
export const clusterUnknown = makes('ClusterUnknown', () => ({
  kind: 'Namespace',
  name: 'kube-system',
  today: 'The input does not have it, or not its uid, which no other cluster has.',
  tomorrow:
    'The plan is not bound to its cluster: it can be applied to another one, and is bound to that from then on.',
  action: 'Add Namespace kube-system to the input (`migrate gather` writes all that is needed) and plan again.',
}));

export const clusterNetworkInvalid = makes('ClusterNetworkInvalid', () => ({
  kind: 'ClusterNetwork',
  name: 'default',
  today: 'It cannot be read, so plugin, pod and service networks are not known.',
  tomorrow: 'Isolation and overlaps were not looked at.',
  action: 'Correct the ClusterNetwork and plan again.',
}));

interface Invalid {
  readonly name: string;
  /** What is wrong, one text for each field. */
  readonly problems: readonly string[];
}

export const netNamespaceInvalid = makes('NetNamespaceInvalid', ({ name, problems }: Invalid) => ({
  kind: 'NetNamespace',
  name,
  today: `${listText(problems)}; it counts as absent.`,
  tomorrow: 'Nothing is made of it.',
  action: 'Correct the NetNamespace and plan again.',
}));

interface InvalidFields {
  readonly name: string;
  /** The fields that cannot be read. */
  readonly problems: readonly { readonly field: string; readonly reason: string }[];
}

export const hostSubnetInvalid = makes('HostSubnetInvalid', ({ name, problems }: InvalidFields) => ({
  kind: 'HostSubnet',
  name,
  today: `${listText(problems.map(({ field, reason }) => `${field}: ${reason}`))}; it counts as absent, and what it lists is not hosted.`,
  tomorrow: 'Its node gets no label.',
  action: 'Correct the HostSubnet and plan again.',
}));

export const egressIPConfigInvalid = makes(
  'EgressIPConfigInvalid',
  ({ name, reason }: { readonly name: string; readonly reason: string }) => ({
    kind: 'Node',
    name,
    today: `The annotation cloud.network.openshift.io/egress-ipconfig ${reason}.`,
    tomorrow: 'OVN-Kubernetes reads the same annotation and gives this node no egress IP.',
    action: 'Let the cloud network config controller write it again.',
  }),
);

/** Kinds whose duplicates are harmless: much of them changes from minute to minute. */
const lively: readonly string[] = ['Node', 'Namespace', 'Pod'];

/** The input has different versions of objects of a kind. One finding for all of them, on the first. */
export const duplicateObjects = makes(
  'DuplicateObject',
  ({ kind, names }: { readonly kind: string; readonly names: readonly string[] }) => ({
    severity: lively.includes(kind) ? 'warning' : 'blocker',
    kind,
    name: names[0] ?? '*',
    today: `The input has different versions of ${listText(names, shownNames)}; the newest of each was used, as far as resourceVersion shows.`,
    tomorrow: 'What was deleted between two dumps is in the plan, and what was made between them may not be.',
    action: 'Give one dump, taken at one moment.',
  }),
);

const shownNames = 3;

interface NamespaceGone {
  readonly name: string;
  readonly egressIPs: readonly string[];
  /** Whether the Namespace is still being deleted. */
  readonly isTerminating: boolean;
}

/** A NetNamespace has no Namespace, or one that is being deleted. */
export const namespaceMissing = makes('NamespaceMissing', ({ name, egressIPs, isTerminating }: NamespaceGone) => ({
  severity: egressIPs.length === 0 ? 'info' : 'warning',
  kind: 'NetNamespace',
  name,
  today: `${isTerminating ? `Namespace ${name} is being deleted.` : `There is no Namespace ${name}.`}${egressIPs.length === 0 ? '' : ` It requests ${listText(egressIPs)}.`}`,
  tomorrow: 'Nothing is made of it: an EgressIP that selects no namespace would only hold the address.',
  action: isTerminating
    ? `Nothing, or find out what holds it: see status.conditions of Namespace ${name}.`
    : `Delete NetNamespace ${name} if the namespace is gone for good.`,
}));
