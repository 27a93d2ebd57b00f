/** Services and the endpoints they lead to. The addresses and ports that the server chooses are in admission/allocate.ts. */
import { endpointSlices, services } from '../../../api/kinds.ts';
import type { JsonObject } from '../../model/values/json.ts';
import { endpointSliceColumns, serviceColumns } from './columns.ts';
import { atomic, identity, open, openObject, resource, text } from './definition.ts';
import type { Resource } from './resource.ts';

const number = { type: 'integer', format: 'int32' } as const;
const texts = { type: 'array', items: text } as const;
const atomicTexts = { ...texts, 'x-kubernetes-list-type': 'atomic' } as const;
const protocol = { ...text, default: 'TCP', description: 'TCP, UDP or SCTP.' } as const;

const servicePorts: JsonObject = {
  type: 'array',
  description: 'What the Service listens on.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['port', 'protocol'],
  'x-kubernetes-patch-merge-key': 'port',
  items: openObject(
    {
      name: text,
      protocol,
      port: { ...number, description: 'The port of the Service.' },
      targetPort: { 'x-kubernetes-int-or-string': true, description: 'The port of the pods, or its name in them.' },
      nodePort: { ...number, description: 'The port on every node.' },
      appProtocol: text,
    },
    { required: ['port'] },
  ),
};

const service: JsonObject = {
  description: 'One address for pods that come and go.',
  type: 'object',
  properties: {
    ...identity,
    spec: openObject(
      {
        type: { ...text, default: 'ClusterIP', description: 'ClusterIP, NodePort, LoadBalancer or ExternalName.' },
        selector: { ...atomic, additionalProperties: text, description: 'Labels of the pods.' },
        clusterIP: { ...text, description: 'The address in the service network; None for none.' },
        clusterIPs: atomicTexts,
        externalIPs: atomicTexts,
        externalName: text,
        ports: servicePorts,
        sessionAffinity: { ...text, default: 'None', description: 'None, or ClientIP.' },
        sessionAffinityConfig: openObject({ clientIP: openObject({ timeoutSeconds: number }) }),
        externalTrafficPolicy: { ...text, description: 'Cluster, or Local: only to pods of the node it arrived at.' },
        internalTrafficPolicy: { ...text, description: 'Cluster, or Local: only to pods of the node it comes from.' },
        ipFamilies: atomicTexts,
        ipFamilyPolicy: text,
        publishNotReadyAddresses: { type: 'boolean' },
        healthCheckNodePort: number,
      },
      { default: {} },
    ),
    status: { ...open, default: {} },
  },
};

const endpoint = openObject(
  {
    addresses: { ...texts, description: 'Its addresses, of which one is used.' },
    conditions: { ...open, description: 'ready, serving, terminating.' },
    nodeName: { ...text, description: 'The node it is on, if it is a pod.' },
    targetRef: open,
    hostname: text,
    zone: text,
  },
  { required: ['addresses'] },
);

const endpointSlice: JsonObject = {
  description: 'Some of the endpoints of a Service, which the label kubernetes.io/service-name names.',
  type: 'object',
  required: ['addressType', 'endpoints'],
  properties: {
    ...identity,
    addressType: { ...text, description: 'IPv4, IPv6 or FQDN.' },
    endpoints: { type: 'array', 'x-kubernetes-list-type': 'atomic', items: endpoint },
    ports: {
      type: 'array',
      nullable: true,
      'x-kubernetes-list-type': 'atomic',
      items: openObject({ name: { ...text, default: '' }, protocol, port: number, appProtocol: text }),
    },
  },
};

/** Service and EndpointSlice. */
export const serviceResources: readonly Resource[] = [
  resource({
    kind: services,
    schema: service,
    columns: serviceColumns,
    shortNames: ['svc'],
    categories: ['all'],
    hasStatus: true,
    selectable: ['spec.clusterIP', 'spec.type'],
  }),
  resource({ kind: endpointSlices, schema: endpointSlice, columns: endpointSliceColumns }),
];
