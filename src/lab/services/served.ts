/** What a proxy must know of a port of a Service, from the objects. Pure. */
import { parseIp } from '../../model/values/address.ts';
import { compareText } from '../../model/values/names.ts';
import { type EndpointSliceObject, serviceNameLabel, type ServiceObject, type ServicePortObject } from './objects.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** The name of the Node it is on; undefined outside the cluster. */
  readonly node: string | undefined;
}

/** A port of a Service and where it leads to. */
export interface ServedPort {
  /** NAMESPACE/SERVICE/PROTOCOL/PORT, in which PORT is its name. */
  readonly key: string;
  readonly protocol: Protocol;
  readonly clusterIP: string;
  readonly externalIPs: readonly string[];
  readonly port: number;
  readonly nodePort: number | undefined;
  /** Whether what comes from outside stays on the node it arrives at, with its source. */
  readonly isExternalLocal: boolean;
  /** Whether what comes from a node's pods stays on it. */
  readonly isInternalLocal: boolean;
  /** How long a client keeps its endpoint, in seconds; undefined if it does not. */
  readonly affinity: number | undefined;
  /** The ready ones, sorted. */
  readonly endpoints: readonly Endpoint[];
}

function protocolOf(text = 'TCP'): Protocol | undefined {
  const protocol = text.toLowerCase();
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp' ? protocol : undefined;
}

const isIpv4 = (text: string): boolean => parseIp(text).ok && !text.includes(':');

/** The ready endpoints of a port; those that are no IPv4 address are left out. */
function endpointsOf(port: ServicePortObject, slices: readonly EndpointSliceObject[]): Endpoint[] {
  const found = slices.flatMap(({ ports, endpoints }) =>
    (ports ?? [])
      .filter((one) => (one.name ?? '') === (port.name ?? '') && protocolOf(one.protocol) === protocolOf(port.protocol))
      .flatMap(({ port: number }) =>
        (endpoints ?? [])
          .filter(({ conditions }) => conditions?.ready !== false)
          .flatMap(({ addresses: [ip = ''], nodeName }) =>
            number === undefined || !isIpv4(ip) ? [] : [{ ip, port: number, node: nodeName }],
          ),
      ),
  );
  const unique = new Map(found.map((one) => [`${one.ip}/${one.port}`, one]));
  return [...unique].sort(([a], [b]) => compareText(a, b)).map(([, one]) => one);
}

function isSliceOf({ metadata: { namespace, name = '' } }: ServiceObject, slice: EndpointSliceObject): boolean {
  return (
    slice.addressType === 'IPv4' &&
    slice.metadata.namespace === namespace &&
    slice.metadata.labels?.[serviceNameLabel] === name
  );
}

function portsOf(service: ServiceObject, slices: readonly EndpointSliceObject[]): ServedPort[] {
  const { metadata, spec = {} } = service;
  const { clusterIP = '', sessionAffinity, sessionAffinityConfig, ports = [], externalIPs = [] } = spec;
  if (spec.type === 'ExternalName' || !isIpv4(clusterIP)) return [];
  return ports.flatMap((port) => {
    const protocol = protocolOf(port.protocol);
    if (protocol === undefined) return [];
    return [
      {
        key: `${metadata.namespace ?? ''}/${metadata.name ?? ''}/${protocol}/${port.name ?? ''}`,
        protocol,
        clusterIP,
        externalIPs: externalIPs.filter(isIpv4),
        port: port.port,
        nodePort: port.nodePort,
        isExternalLocal: spec.externalTrafficPolicy === 'Local',
        isInternalLocal: spec.internalTrafficPolicy === 'Local',
        affinity:
          sessionAffinity === 'ClientIP' ? (sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined,
        endpoints: endpointsOf(port, slices),
      },
    ];
  });
}

/** All ports of all Services with a cluster address, sorted by key. */
export function servedPorts(services: readonly ServiceObject[], slices: readonly EndpointSliceObject[]): ServedPort[] {
  return services
    .flatMap((service) => {
      const own = slices.filter((slice) => isSliceOf(service, slice));
      return portsOf(service, own);
    })
    .sort((a, b) => compareText(a.key, b.key));
}
