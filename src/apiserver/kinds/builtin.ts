/**
 * The kinds that the server has without any CRD. Their schemas cover what this project needs, and preserve unknown
 * fields.
 */
import {
  customResourceDefinitions,
  events,
  type Kind,
  leases,
  namespaces,
  networkPolicies,
  nodes,
  pods,
} from '../../../api/kinds.ts';
import type { JsonObject } from '../../model/values/json.ts';
import { qualified } from '../refusal.ts';
import {
  crdColumns,
  eventColumns,
  leaseColumns,
  namespaceColumns,
  networkPolicyColumns,
  nodeColumns,
  podColumns,
} from './columns.ts';
import { networkPolicySchema } from './networkpolicy.ts';
import type { Column, Resource } from './resource.ts';
import { parseSchema } from './schema.ts';

const text = { type: 'string' } as const;
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
const identity = {
  apiVersion: { type: 'string', description: 'Version of the schema this object is written in, as group/version.' },
  kind: { type: 'string', description: 'The kind of this object.' },
  metadata: { type: 'object' },
};

function mapBy(key: string, items: JsonObject): JsonObject {
  return { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key], items };
}

/** A list that is merged by a key that several items may share. */
function mergedBy(key: string, items: JsonObject): JsonObject {
  return { ...mapBy(key, items), 'x-kubernetes-patch-merge-key': key };
}

function openObject(properties: JsonObject, more: JsonObject = {}): JsonObject {
  return { ...open, properties, ...more };
}

const conditions = mapBy('type', openObject({ type: text, status: text }, { required: ['type', 'status'] }));

const container = openObject(
  {
    name: { ...text, description: 'Name of the container, unique in its pod.', minLength: 1 },
    image: { ...text, description: 'Image of the container.' },
    resources: { ...open, default: {} },
    terminationMessagePath: { ...text, default: '/dev/termination-log' },
    terminationMessagePolicy: { ...text, default: 'File' },
    imagePullPolicy: { ...text, default: 'IfNotPresent', enum: ['Always', 'IfNotPresent', 'Never'] },
  },
  { required: ['name'] },
);

const podSchema: JsonObject = {
  description: 'A group of containers that share one network namespace.',
  type: 'object',
  required: ['spec'],
  properties: {
    ...identity,
    spec: openObject(
      {
        containers: { ...mapBy('name', container), minItems: 1, description: 'The containers of this pod.' },
        nodeName: { ...text, description: 'The node this pod runs on; empty until it is placed.' },
        restartPolicy: { ...text, default: 'Always', enum: ['Always', 'OnFailure', 'Never'] },
        dnsPolicy: { ...text, default: 'ClusterFirst' },
        schedulerName: { ...text, default: 'default-scheduler' },
        terminationGracePeriodSeconds: { type: 'integer', format: 'int64', default: 30 },
        securityContext: { ...open, default: {} },
      },
      { required: ['containers'], description: 'What the pod should be.' },
    ),
    status: openObject({ conditions }, { description: 'What the kubelet says of the pod.' }),
  },
};

const nodeSchema: JsonObject = {
  description: 'A machine that runs pods.',
  type: 'object',
  properties: {
    ...identity,
    spec: openObject(
      { unschedulable: { type: 'boolean', description: 'No new pods are placed on this node.' } },
      { default: {} },
    ),
    status: openObject(
      { conditions, addresses: mergedBy('type', openObject({ type: text, address: text })) },
      { default: {}, description: 'What the kubelet says of the node.' },
    ),
  },
};

const namespaceSchema: JsonObject = {
  description: 'A scope for names of objects.',
  type: 'object',
  properties: {
    ...identity,
    spec: openObject({ finalizers: { type: 'array', items: text } }, { default: {} }),
    status: openObject({ phase: text, conditions }, { default: {} }),
  },
};

const eventSchema: JsonObject = {
  description: 'A report of something that happened to an object.',
  type: 'object',
  required: ['involvedObject'],
  properties: {
    ...identity,
    involvedObject: { ...open, description: 'The object it happened to.' },
    reason: { ...text, description: 'One word for programs.' },
    message: { ...text, description: 'A sentence for people.' },
    type: { ...text, description: 'Normal or Warning.' },
    count: { type: 'integer', format: 'int32', description: 'How often it happened.' },
    firstTimestamp: { ...text, format: 'date-time', nullable: true },
    lastTimestamp: { ...text, format: 'date-time', nullable: true },
    eventTime: { ...text, nullable: true },
    source: { ...open, default: {} },
    series: { ...open, nullable: true },
    related: { ...open, nullable: true },
    action: text,
    reportingComponent: { ...text, default: '' },
    reportingInstance: { ...text, default: '' },
  },
};

const leaseSchema: JsonObject = {
  description: 'Who leads, until when.',
  type: 'object',
  properties: {
    ...identity,
    spec: {
      type: 'object',
      default: {},
      properties: {
        holderIdentity: { ...text, nullable: true, description: 'Who holds the lease.' },
        leaseDurationSeconds: { type: 'integer', format: 'int32', nullable: true },
        leaseTransitions: { type: 'integer', format: 'int32', nullable: true },
        acquireTime: { ...text, format: 'date-time', nullable: true },
        renewTime: { ...text, format: 'date-time', nullable: true },
      },
    },
  },
};

const crdSchema: JsonObject = {
  description: 'A kind that this server learns at run time.',
  type: 'object',
  required: ['spec'],
  properties: {
    ...identity,
    spec: openObject({}, { description: 'Names, scope and versions of the kind.' }),
    status: open,
  },
};

interface Definition {
  readonly kind: Kind;
  readonly schema: JsonObject;
  readonly columns: readonly Column[];
  readonly shortNames?: readonly string[];
  readonly hasStatus?: boolean;
  readonly selectable?: readonly string[];
}

function resource(definition: Definition): Resource {
  const { kind, schema, columns, shortNames = [], hasStatus = false, selectable = [] } = definition;
  const scopeFields = kind.namespaced ? ['metadata.name', 'metadata.namespace'] : ['metadata.name'];
  return {
    id: qualified(kind.plural, kind.group),
    group: kind.group,
    version: kind.version,
    kind: kind.kind,
    listKind: `${kind.kind}List`,
    plural: kind.plural,
    singular: kind.kind.toLowerCase(),
    shortNames,
    categories: kind.kind === 'Pod' ? ['all'] : [],
    namespaced: kind.namespaced,
    hasStatus,
    custom: false,
    schema: parseSchema(schema),
    source: schema,
    columns,
    selectable: [...scopeFields, ...selectable],
  };
}

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Namespace, Node, Pod, Event, NetworkPolicy, Lease and CustomResourceDefinition. */
export const builtinResources: readonly Resource[] = [
  resource({
    kind: namespaces,
    schema: namespaceSchema,
    columns: namespaceColumns,
    shortNames: ['ns'],
    hasStatus: true,
    selectable: ['status.phase'],
  }),
  resource({
    kind: nodes,
    schema: nodeSchema,
    columns: nodeColumns,
    shortNames: ['no'],
    hasStatus: true,
    selectable: ['spec.unschedulable'],
  }),
  resource({
    kind: pods,
    schema: podSchema,
    columns: podColumns,
    shortNames: ['po'],
    hasStatus: true,
    selectable: ['spec.nodeName', 'spec.restartPolicy', 'status.phase', 'status.podIP'],
  }),
  resource({
    kind: events,
    schema: eventSchema,
    columns: eventColumns,
    shortNames: ['ev'],
    selectable: [
      'type',
      'reason',
      'source',
      'reportingComponent',
      ...involved.map((field) => `involvedObject.${field}`),
    ],
  }),
  resource({
    kind: networkPolicies,
    schema: networkPolicySchema,
    columns: networkPolicyColumns,
    shortNames: ['netpol'],
  }),
  resource({ kind: leases, schema: leaseSchema, columns: leaseColumns }),
  resource({
    kind: customResourceDefinitions,
    schema: crdSchema,
    columns: crdColumns,
    shortNames: ['crd', 'crds'],
    hasStatus: true,
  }),
];
