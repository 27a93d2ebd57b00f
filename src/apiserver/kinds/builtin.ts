/**
 * The kinds that the server has without any CRD. Their schemas cover what this project needs, and preserve unknown
 * fields.
 */
import {
  customResourceDefinitions,
  events,
  leases,
  namespaces,
  networkPolicies,
  nodes,
  pods,
} from '../../../api/kinds.ts';
import type { JsonObject } from '../../model/values/json.ts';
import {
  crdColumns,
  eventColumns,
  leaseColumns,
  namespaceColumns,
  networkPolicyColumns,
  nodeColumns,
  podColumns,
} from './columns.ts';
import { conditions, identity, mergedBy, open, openObject, resource, text } from './definition.ts';
import { networkPolicySchema } from './networkpolicy.ts';
import { podSpec } from './pod-spec.ts';
import { rbacResources } from './rbac.ts';
import type { Resource } from './resource.ts';
import { reviewResources } from './reviews.ts';
import { serviceResources } from './services.ts';
import { workloadResources } from './workloads.ts';

const podSchema: JsonObject = {
  description: 'A group of containers that share one network namespace.',
  type: 'object',
  required: ['spec'],
  properties: {
    ...identity,
    spec: { ...podSpec, description: 'What the pod should be.' },
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

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Namespace, Node, Pod, Event, NetworkPolicy, Lease, CustomResourceDefinition, Services, workloads, and who may do what. */
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
    categories: ['all'],
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
  ...serviceResources,
  ...workloadResources,
  ...rbacResources,
  ...reviewResources,
];
