/** Findings on existing objects that conflict with those of a plan. */
import { listText } from '../../model/values/list-text.ts';
import { makes } from './finding.ts';

interface Existing {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** An object with the name of one in the plan has another spec. */
export const objectExists = makes('ObjectExists', (object: Existing) => ({
  ...object,
  severity: 'blocker',
  today: `There is a ${object.kind} of that name with another spec; OpenShift SDN does not look at it.`,
  tomorrow: 'It stays as it is: apply refuses to overwrite fields of others.',
  action: 'Delete or rename it and plan again, or apply with --accept-blockers and --force to replace its spec.',
}));

interface OtherValue {
  readonly kind: string;
  readonly name: string;
  readonly what: 'label' | 'annotation';
  readonly key: string;
  /** What the plan wants, and what is there. */
  readonly value: string;
  readonly other: string;
}

/** A label or annotation of ours has another value, which somebody else wrote. */
export const keyExists = makes('ObjectExists', ({ kind, name, what, key, value, other }: OtherValue) => ({
  severity: 'warning',
  kind,
  name,
  today: `The ${what} ${key} is ${JSON.stringify(other)}; OpenShift SDN does not look at it.`,
  tomorrow: `The plan wants it to be ${JSON.stringify(value)}, and apply refuses to overwrite what another manager wrote.`,
  action: `Remove the ${what}, or apply with --force.`,
}));

interface Rival {
  /** The EgressIP of somebody else. */
  readonly name: string;
  readonly shared: readonly string[];
  /** The plan's EgressIPs that request the same addresses. */
  readonly own: readonly string[];
}

/** Somebody else's EgressIP requests an address of the plan. */
export const egressIPRival = makes('ObjectExists', ({ name, shared, own }: Rival) => ({
  severity: 'blocker',
  kind: 'EgressIP',
  name,
  today: `It requests ${listText(shared)} already; OpenShift SDN does not look at it.`,
  tomorrow: `EgressIP ${listText(own)} of the plan requests the same: the object that OVN-Kubernetes meets first gets the address, the other stays unassigned even after the first is deleted.`,
  action: `Delete it or take ${listText(shared)} out of it, and plan again.`,
}));

interface ServedTwice {
  /** The EgressIP of somebody else, and its addresses. */
  readonly name: string;
  readonly egressIPs: readonly string[];
  /** The namespaces that it selects besides those of its owner, and the plan's EgressIPs for them. */
  readonly namespaces: readonly string[];
  readonly own: readonly string[];
}

/** Somebody else's EgressIP selects a namespace of the plan. */
export const namespaceServedTwice = makes(
  'NamespaceServedTwice',
  ({ name, egressIPs, namespaces, own }: ServedTwice) => ({
    kind: 'EgressIP',
    name,
    today: `It selects ${listText(namespaces)} for ${listText(egressIPs)}; OpenShift SDN does not look at it.`,
    tomorrow: `EgressIP ${listText(own)} of the plan selects ${namespaces.length === 1 ? 'it' : 'them'} too. OVN-Kubernetes serves a pod with the one that is assigned first, and after a failure with the other.`,
    action: `Delete it or change its namespaceSelector, and plan again.`,
  }),
);

interface Unlabelled {
  readonly name: string;
  readonly label: string;
  /** The plan's EgressIP for it. */
  readonly egressIP: string;
}

/** A Namespace lacks the label by which EgressIPs select it. */
export const namespaceUnlabelled = makes('NamespaceUnlabelled', ({ name, label, egressIP }: Unlabelled) => ({
  kind: 'Namespace',
  name,
  today: `It does not have the label ${label} with its name, which Kubernetes sets since 1.21. OpenShift SDN goes by the name.`,
  tomorrow: `EgressIP ${egressIP} selects nothing there, so its pods leave with node addresses.`,
  action: `Label it (kubectl label namespace ${name} ${label}=${name}) and plan again.`,
}));
