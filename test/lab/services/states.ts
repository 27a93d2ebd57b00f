/** Services, EndpointSlices and pods for the tests of the lab's service proxy. */
import type { PodObject } from '../../../src/model/objects/raw.ts';
import type { EndpointSliceObject, ServiceObject } from '../../../src/model/services/objects.ts';

export function service(name: string, spec: NonNullable<ServiceObject['spec']>): ServiceObject {
  return {
    metadata: { name, namespace: 'shop', uid: `uid of ${name}` },
    spec: { clusterIP: '172.30.0.10', ports: [{ port: 80, targetPort: 8080 }], selector: { app: 'web' }, ...spec },
  };
}

export function pod(
  name: string,
  ip: string,
  {
    ready = true,
    phase = 'Running',
    ...metadata
  }: Partial<PodObject['metadata']> & { ready?: boolean; phase?: string } = {},
): PodObject {
  return {
    metadata: { name, namespace: 'shop', labels: { app: 'web' }, ...metadata },
    spec: {
      nodeName: `node-${ip.split('.')[2] ?? ''}`,
      containers: [{ ports: [{ name: 'http', containerPort: 8000 }] }],
    },
    status: { phase, podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

export function slice(
  service: string,
  ips: Readonly<Record<string, string | undefined>>,
  port = 8080,
): EndpointSliceObject {
  return {
    metadata: { name: `${service}-x`, namespace: 'shop', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: '', port, protocol: 'TCP' }],
    endpoints: Object.entries(ips).map(([ip, nodeName]) => ({
      addresses: [ip],
      ...(nodeName === undefined ? {} : { nodeName }),
    })),
  };
}

/** Services of every kind, and where they lead to. */
export const services = [
  service('web', {}),
  service('door', { clusterIP: '172.30.0.11', type: 'NodePort', ports: [{ port: 443, nodePort: 30443 }] }),
  service('local', {
    clusterIP: '172.30.0.12',
    externalTrafficPolicy: 'Local',
    ports: [{ port: 53, nodePort: 30053, protocol: 'UDP' }],
  }),
  service('away', {
    clusterIP: '172.30.0.13',
    externalTrafficPolicy: 'Local',
    ports: [{ port: 80, nodePort: 30080 }],
  }),
  service('sticky', {
    clusterIP: '172.30.0.14',
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  }),
  service('outside', { clusterIP: '172.30.0.15', externalIPs: ['203.0.113.7'] }),
  service('nobody', { clusterIP: '172.30.0.16', ports: [{ port: 80, nodePort: 30016 }] }),
  service('inner', { clusterIP: '172.30.0.17', internalTrafficPolicy: 'Local' }),
  {
    ...service('balanced', { clusterIP: '172.30.0.18', loadBalancerSourceRanges: [' 10.1.8.0/24 ', '10.254.1.9/32'] }),
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.8' }] } },
  },
];
const dns = slice('local', { '10.254.1.2': 'node-1', '10.254.2.2': 'node-2' }, 5353);
export const slices = [
  slice('web', { '10.254.1.2': 'node-1', '10.254.2.2': 'node-2' }),
  slice('door', { '10.254.2.2': 'node-2' }, 8443),
  { ...dns, ports: [{ name: '', port: 5353, protocol: 'UDP' }] },
  slice('away', { '10.254.2.2': 'node-2' }),
  slice('sticky', { '10.254.1.2': 'node-1', '10.254.2.2': 'node-2' }),
  slice('outside', { '10.1.8.72': undefined }),
  slice('inner', { '10.254.2.2': 'node-2' }),
  slice('balanced', { '10.1.8.72': undefined }),
];
