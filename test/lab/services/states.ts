/** Services, EndpointSlices and pods for the tests of the lab's service proxy. */
import type { EndpointSliceObject, ServiceObject } from '../../../src/lab/services/objects.ts';
import type { PodObject } from '../../../src/model/objects/raw.ts';

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
