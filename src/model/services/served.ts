/** What a proxy must know of a port of a Service, from the objects, whatever is wrong with them. Pure. */
import { parseCidrv4, parseIpv4 } from '../objects/fields.ts';
import type { Cidr, Ip } from '../values/address.ts';
import { asList, asText, fieldOf } from '../values/json.ts';
import { compareText } from '../values/names.ts';
import { type EndpointSliceObject, serviceNameLabel, type ServiceObject } from './objects.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface Endpoint {
  readonly ip: Ip;
  readonly port: number;
  /** The name of the Node it is on; undefined outside the cluster. */
  readonly node: string | undefined;
  /** NAMESPACE/POD; undefined if the slice names none. */
  readonly pod: string | undefined;
}

/** A port of a Service and where it leads to. */
export interface ServedPort {
  /** NAMESPACE/SERVICE/PROTOCOL/PORT, in which PORT is its name. */
  readonly key: string;
  /** NAMESPACE/SERVICE. */
  readonly service: string;
  readonly portName: string;
  readonly protocol: Protocol;
  readonly clusterIP: Ip;
  /** Those of the Service, and those of its load balancer. */
  readonly externalIPs: readonly Ip[];
  readonly port: number;
  readonly nodePort: number | undefined;
  /** Whether what comes from outside stays on the node it arrives at, with its source. */
  readonly isExternalLocal: boolean;
  /** Whether what comes from a node's pods stays on it. */
  readonly isInternalLocal: boolean;
  /** How long a client keeps its endpoint, in seconds; undefined if it does not. */
  readonly affinity: number | undefined;
  /** The ready ones, sorted; if there are none, those that end and still serve. */
  readonly endpoints: readonly Endpoint[];
  /** Those that end and still serve, sorted: a node without a ready one of its own uses its own of these. */
  readonly ending: readonly Endpoint[];
  /** Whether there is any EndpointSlice of the Service. */
  readonly hasSlices: boolean;
  /** Whether the endpoints name zones that they are for. */
  readonly hasHints: boolean;
  /** Who may use the addresses of the load balancer; undefined: everybody, as with ranges of IPv6 alone. */
  readonly allowed: { readonly addresses: readonly Ip[]; readonly ranges: readonly Cidr[] } | undefined;
}

/** The endpoints on the node. */
export function endpointsOn({ endpoints, ending }: ServedPort, name: string): readonly Endpoint[] {
  const ready = endpoints.filter(({ node }) => node === name);
  return ready.length > 0 ? ready : ending.filter(({ node }) => node === name);
}

function protocolOf(value: unknown): Protocol | undefined {
  const protocol = (asText(value) || 'TCP').toLowerCase();
  return protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp' ? protocol : undefined;
}

/** The IPv4 addresses among the texts, each once. */
function ipv4s(values: readonly unknown[]): readonly Ip[] {
  const found = values.flatMap((value) => {
    const ip = parseIpv4(asText(value));
    return ip.ok ? [ip.value] : [];
  });
  return [...new Set(found)];
}

/** The IPv4 ranges among the texts, which may have spaces around them: as kube-proxy reads source ranges. */
function rangesIn(values: readonly unknown[]): readonly Cidr[] {
  return values.flatMap((value) => {
    const range = parseCidrv4(asText(value).trim());
    return range.ok ? [range.value] : [];
  });
}

const portNumber = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** An endpoint of a slice as far as a proxy cares: whether it takes new connections, or only until it has ended. */
type Found = Endpoint & { readonly isReady: boolean; readonly isEnding: boolean };

function podOf(endpoint: unknown, namespace: string): string | undefined {
  const [kind, name] = [fieldOf(endpoint, 'targetRef', 'kind'), asText(fieldOf(endpoint, 'targetRef', 'name'))];
  return kind === 'Pod' && name !== '' ? `${namespace}/${name}` : undefined;
}

function foundIn(slice: EndpointSliceObject, number: number): Found[] {
  const { namespace = '' } = slice.metadata;
  return asList(slice.endpoints).flatMap((endpoint) => {
    const [ip] = ipv4s(asList(fieldOf(endpoint, 'addresses')).slice(0, 1));
    if (ip === undefined) return [];
    const of = (condition: string): unknown => fieldOf(endpoint, 'conditions', condition);
    const isReady = of('ready') !== false;
    return [
      {
        ...{ ip, port: number, node: asText(fieldOf(endpoint, 'nodeName')) || undefined },
        ...{ pod: podOf(endpoint, namespace), isReady },
        isEnding: !isReady && of('serving') === true && of('terminating') === true,
      },
    ];
  });
}

/** The endpoints of a port, each address and port once, sorted. */
function endpointsOf(name: string, protocol: Protocol, slices: readonly EndpointSliceObject[]): readonly Found[] {
  const found = slices.flatMap((slice) =>
    asList(slice.ports).flatMap((port) => {
      const number = portNumber(fieldOf(port, 'port'));
      const isIt = asText(fieldOf(port, 'name')) === name && protocolOf(fieldOf(port, 'protocol')) === protocol;
      return isIt && number !== undefined ? foundIn(slice, number) : [];
    }),
  );
  const ranked = found.sort((a, b) => Number(a.isReady) - Number(b.isReady));
  const unique = new Map(ranked.map((one) => [`${one.ip}/${one.port}`, one]));
  return [...unique].sort(([a], [b]) => compareText(a, b)).map(([, one]) => one);
}

const plain = ({ ip, port, node, pod }: Found): Endpoint => ({ ip, port, node, pod });

/** The timeout of session affinity, in seconds, where nothing says another. */
const usualAffinity = 10_800;

/** What all ports of a Service have in common; undefined if no proxy has anything to do with it. */
function commonOf({ metadata, spec, status }: ServiceObject) {
  // a Service has one cluster address of each family, and one without an IPv4 address is none for IPv4
  const all = [fieldOf(spec, 'clusterIP'), ...asList(fieldOf(spec, 'clusterIPs'))];
  const [clusterIP] = ipv4s(all);
  if (clusterIP === undefined || fieldOf(spec, 'type') === 'ExternalName') return undefined;
  const balancer = asList(fieldOf(status, 'loadBalancer', 'ingress'))
    .filter((one) => fieldOf(one, 'ipMode') !== 'Proxy')
    .map((one) => fieldOf(one, 'ip'));
  const ranges = rangesIn(asList(fieldOf(spec, 'loadBalancerSourceRanges')));
  const timeout = fieldOf(spec, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds');
  return {
    service: `${metadata.namespace ?? ''}/${metadata.name ?? ''}`,
    clusterIP,
    externalIPs: ipv4s([...asList(fieldOf(spec, 'externalIPs')), ...balancer]),
    isExternalLocal: fieldOf(spec, 'externalTrafficPolicy') === 'Local',
    isInternalLocal: fieldOf(spec, 'internalTrafficPolicy') === 'Local',
    affinity: fieldOf(spec, 'sessionAffinity') === 'ClientIP' ? (portNumber(timeout) ?? usualAffinity) : undefined,
    allowed: ranges.length > 0 && balancer.length > 0 ? { addresses: ipv4s(balancer), ranges } : undefined,
  };
}

function portsOf(service: ServiceObject, slices: readonly EndpointSliceObject[]): ServedPort[] {
  const common = commonOf(service);
  if (common === undefined) return [];
  const hasHints = slices.some((slice) => asList(slice.endpoints).some((one) => fieldOf(one, 'hints') !== undefined));
  return asList(fieldOf(service.spec, 'ports')).flatMap((port) => {
    const [protocol, number] = [protocolOf(fieldOf(port, 'protocol')), portNumber(fieldOf(port, 'port'))];
    if (protocol === undefined || number === undefined) return [];
    const portName = asText(fieldOf(port, 'name'));
    const found = endpointsOf(portName, protocol, slices);
    const ready = found.filter(({ isReady }) => isReady).map(plain);
    const ending = found.filter(({ isEnding }) => isEnding).map(plain);
    return [
      {
        ...common,
        key: `${common.service}/${protocol}/${portName}`,
        ...{ portName, protocol, port: number, nodePort: portNumber(fieldOf(port, 'nodePort')) || undefined },
        ...{ endpoints: ready.length > 0 ? ready : ending, ending, hasSlices: slices.length > 0, hasHints },
      },
    ];
  });
}

/** All ports of all Services with a cluster address, sorted by key. */
export function servedPorts(services: readonly ServiceObject[], slices: readonly EndpointSliceObject[]): ServedPort[] {
  const bySlice = Map.groupBy(
    slices.filter(({ addressType }) => addressType === 'IPv4'),
    ({ metadata: { namespace = '', labels } }) => `${namespace}/${asText(fieldOf(labels, serviceNameLabel))}`,
  );
  return services
    .flatMap((service) => {
      const { namespace = '', name = '' } = service.metadata;
      return portsOf(service, bySlice.get(`${namespace}/${name}`) ?? []);
    })
    .sort((a, b) => compareText(a.key, b.key));
}
