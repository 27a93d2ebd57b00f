/** The objects of a proxy: ConfigMap, Deployment and Service, and an EgressIP for its pods alone. Pure. */
import { createHash } from 'node:crypto';
import { apiVersionOf, egressIPs } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { namespaceNameLabel, ourAnnotations } from '../../model/objects/well-known.ts';

/** What a proxy runs. */
export interface Program {
  readonly image: string;
  readonly command: readonly string[];
  /** Name of the file with its configuration, in `configFolder`. */
  readonly file: string;
  readonly config: string;
}

/** A port of the Service, and where the pods listen for it. */
export interface ServicePort {
  readonly port: number;
  readonly listensAt: number;
}

export interface ProxyObjects {
  readonly namespace: string;
  /** Of all its objects but the EgressIP. */
  readonly name: string;
  readonly program: Program;
  readonly ports: readonly ServicePort[];
  /** The address with which its pods are to leave; undefined: as the others of their namespace. */
  readonly egressIP: string | undefined;
  /** The user that its pods run as; undefined: the cluster or the image says. */
  readonly user: number | undefined;
}

export const configFolder = '/etc/egress-proxy';

const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** The objects in the order in which they are made. The pods are made anew when the configuration changes. */
export function proxyObjects(proxy: ProxyObjects): readonly KubeObject[] {
  const { namespace, name, program, egressIP } = proxy;
  const metadata = { namespace, name, labels: labelsOf(proxy) };
  const objects = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [program.file]: program.config } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deploymentSpec(proxy) },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: serviceSpec(proxy) },
  ];
  return egressIP === undefined ? objects : [egressIPFor(proxy, egressIP), ...objects];
}

const labelsOf = ({ name }: ProxyObjects) => ({ app: name });

function deploymentSpec(proxy: ProxyObjects) {
  const { name, program, ports, user } = proxy;
  const hash = createHash('sha256').update(program.config).digest('hex').slice(0, 16);
  const mounts = [
    { name: 'config', mountPath: configFolder, readOnly: true },
    { name: 'tmp', mountPath: '/tmp' },
  ];
  const container = {
    name: 'proxy',
    image: program.image,
    command: [...program.command],
    ports: ports.map(({ listensAt }) => ({ containerPort: listensAt })),
    readinessProbe: { tcpSocket: { port: ports[0]?.listensAt } },
    resources: { requests: { cpu: '50m', memory: '64Mi' } },
    securityContext: user === undefined ? restricted : { ...restricted, runAsUser: user },
    volumeMounts: mounts,
  };
  return {
    replicas: 2,
    selector: { matchLabels: labelsOf(proxy) },
    template: {
      metadata: { labels: labelsOf(proxy), annotations: { [`${ourAnnotations}config-hash`]: hash } },
      spec: {
        automountServiceAccountToken: false,
        containers: [container],
        volumes: [
          { name: 'config', configMap: { name } },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  };
}

function serviceSpec(proxy: ProxyObjects) {
  const ports = proxy.ports.map(({ port, listensAt }) => ({ name: `tcp-${port}`, port, targetPort: listensAt }));
  return { selector: labelsOf(proxy), ports };
}

function egressIPFor(proxy: ProxyObjects, egressIP: string) {
  const { namespace, name } = proxy;
  return {
    apiVersion: apiVersionOf(egressIPs),
    kind: egressIPs.kind,
    metadata: { name: `${namespace}.${name}` },
    spec: {
      egressIPs: [egressIP],
      namespaceSelector: { matchLabels: { [namespaceNameLabel]: namespace } },
      podSelector: { matchLabels: labelsOf(proxy) },
    },
  };
}
