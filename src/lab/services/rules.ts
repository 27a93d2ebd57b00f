/**
 * The nftables rules of a service proxy on one node, which do what kube-proxy's do in its mode nftables: a map from the
 * address of a Service to its chain, which draws an endpoint, and a chain for each endpoint, which rewrites the
 * destination. Packets that must come back this way get bit 14, and are masqueraded. Pure.
 */
import uniqBy from 'lodash/uniqBy.js';
import { type Endpoint, endpointsOn, type ServedPort } from '../../model/services/served.ts';
import { defaultMasqueradeBit } from '../../node/ovs/pipeline.ts';

/** What the rules know of the node they are for. */
export interface ProxiedNode {
  /** The name of the Node. */
  readonly name: string;
  readonly ip: string;
  readonly podNetwork: string;
  readonly serviceNetwork: string;
}

/** A table without its name: what `document.ts` turns into text. */
export interface Rules {
  /** Maps and sets by name: their type, and their elements unless packets add these. */
  readonly sets: ReadonlyMap<string, SetRules>;
  /** Chains by name, each with its lines. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
}

export interface SetRules {
  readonly kind: 'map' | 'set';
  readonly type: string;
  /** undefined: packets add elements, which a change must keep. */
  readonly elements: readonly string[] | undefined;
}

const bit = `0x${(1 << defaultMasqueradeBit).toString(16)}`;
const verdicts = {
  address: 'ipv4_addr . inet_proto . inet_service : verdict',
  port: 'inet_proto . inet_service : verdict',
};
const byAddress = (name: string): string => `ip daddr . meta l4proto . th dport vmap @${name}`;
const byNodePort = (name: string): string => `ip daddr @nodeport-ips meta l4proto . th dport vmap @${name}`;
const isNew = 'ct state new';

/** The chains that every node has. */
function fixedChains({ serviceNetwork }: ProxiedNode): [string, readonly string[]][] {
  const hook = (text: string): string => `type ${text}; policy accept;`;
  return [
    ['mark-for-masquerade', [`meta mark set meta mark | ${bit}`]],
    ['masquerading', [`meta mark & ${bit} == 0 return`, `meta mark set meta mark ^ ${bit}`, 'masquerade fully-random']],
    ['reject-chain', ['reject']],
    ['services', [byAddress('service-ips'), byNodePort('service-nodeports')]],
    ['service-endpoints-check', [byAddress('no-endpoint-services')]],
    ['nodeport-endpoints-check', [byNodePort('no-endpoint-nodeports')]],
    ['firewall-check', [byAddress('firewall-ips')]],
    ['cluster-ips-check', ['ip daddr @cluster-ips reject', `ip daddr ${serviceNetwork} drop`]],
    ['nat-prerouting', [hook('nat hook prerouting priority dstnat'), 'jump services']],
    ['nat-output', [hook('nat hook output priority -100'), 'jump services']],
    ['nat-postrouting', [hook('nat hook postrouting priority srcnat'), 'jump masquerading']],
    ...['prerouting', 'output'].map((at): [string, readonly string[]] => [
      `filter-${at}-pre-dnat`,
      [hook(`filter hook ${at} priority -110`), `${isNew} jump firewall-check`],
    ]),
    [
      'filter-input',
      [
        hook('filter hook input priority filter'),
        `${isNew} jump nodeport-endpoints-check`,
        `${isNew} jump service-endpoints-check`,
      ],
    ],
    [
      'filter-forward',
      [
        hook('filter hook forward priority filter'),
        `${isNew} jump service-endpoints-check`,
        `${isNew} jump cluster-ips-check`,
      ],
    ],
    [
      'filter-output',
      [
        hook('filter hook output priority filter'),
        `${isNew} jump service-endpoints-check`,
        `${isNew} jump cluster-ips-check`,
      ],
    ],
  ];
}

const endpointChain = ({ key }: ServedPort, { ip, port }: Endpoint): string => `endpoint-${key}__${ip}/${port}`;
const affinitySet = ({ key }: ServedPort, { ip, port }: Endpoint): string => `affinity-${key}__${ip}/${port}`;

/** Draws one of the endpoints; a client that has one keeps it. */
function draw(served: ServedPort, endpoints: readonly Endpoint[]): string[] {
  const kept =
    served.affinity === undefined
      ? []
      : endpoints.map((one) => `ip saddr @${affinitySet(served, one)} goto ${endpointChain(served, one)}`);
  const choices = endpoints.map((one, index) => `${index} : goto ${endpointChain(served, one)}`).join(', ');
  return [...kept, `numgen random mod ${endpoints.length} vmap { ${choices} }`];
}

/** The rules of a port of a Service on a node: its chains, and its elements of the maps. */
class PortRules {
  readonly chains: [string, readonly string[]][] = [];
  readonly sets: [string, SetRules][] = [];
  readonly services: string[] = [];
  readonly nodePorts: string[] = [];
  readonly refusedServices: string[] = [];
  readonly refusedNodePorts: string[] = [];
  readonly guarded: string[] = [];

  constructor(served: ServedPort, { name, podNetwork }: ProxiedNode) {
    const { key, protocol, clusterIP, port, endpoints } = served;
    const local = endpointsOn(served, name);
    const masquerade = `ip daddr ${clusterIP} ${protocol} dport ${port} ip saddr != ${podNetwork} jump mark-for-masquerade`;
    if (endpoints.length > 0) this.chains.push([`service-${key}`, [masquerade, ...draw(served, endpoints)]]);
    const isLocal = served.isExternalLocal || served.isInternalLocal;
    if (isLocal && local.length > 0) this.chains.push([`local-${key}`, [masquerade, ...draw(served, local)]]);
    for (const endpoint of new Set([...endpoints, ...local])) this.#addEndpoint(served, endpoint);
    this.#addInternal(served, local.length > 0);
    if (served.nodePort !== undefined || served.externalIPs.length > 0)
      this.#addExternal(served, local.length > 0, podNetwork);
    this.#addFirewall(served);
  }

  /** Only what is in the source ranges comes to an address of the load balancer. */
  #addFirewall({ key, protocol, port, allowed }: ServedPort): void {
    if (allowed === undefined) return;
    this.chains.push([
      `firewall-${key}`,
      [`ip saddr != { ${allowed.ranges.map(({ text }) => text).join(', ')} } drop`],
    ]);
    for (const ip of allowed.addresses) this.guarded.push(`${ip} . ${protocol} . ${port} : goto firewall-${key}`);
  }

  #addEndpoint(served: ServedPort, endpoint: Endpoint): void {
    const affinity = affinitySet(served, endpoint);
    const remember = served.affinity === undefined ? [] : [`update @${affinity} { ip saddr }`];
    this.chains.push([
      endpointChain(served, endpoint),
      [
        `ip saddr ${endpoint.ip} jump mark-for-masquerade`,
        ...remember,
        `meta l4proto ${served.protocol} dnat to ${endpoint.ip}:${endpoint.port}`,
      ],
    ]);
    if (served.affinity !== undefined)
      this.sets.push([
        affinity,
        {
          kind: 'set',
          type: `type ipv4_addr; flags dynamic,timeout; timeout ${served.affinity}s;`,
          elements: undefined,
        },
      ]);
  }

  #addInternal({ key, protocol, clusterIP, port, endpoints, isInternalLocal }: ServedPort, hasLocal: boolean): void {
    const match = `${clusterIP} . ${protocol} . ${port}`;
    if (endpoints.length === 0) this.refusedServices.push(`${match} : goto reject-chain`);
    else if (!isInternalLocal) this.services.push(`${match} : goto service-${key}`);
    else if (hasLocal) this.services.push(`${match} : goto local-${key}`);
    else this.refusedServices.push(`${match} : drop`);
  }

  /** From outside the cluster. With the policy Local pods and the node itself still reach every endpoint. */
  #addExternal(served: ServedPort, hasLocal: boolean, podNetwork: string): void {
    const { key, protocol, port, nodePort, endpoints, externalIPs, isExternalLocal } = served;
    const isRefused = endpoints.length === 0 || (isExternalLocal && !hasLocal);
    const verdict = endpoints.length === 0 ? 'goto reject-chain' : 'drop';
    const all = `goto service-${key}`;
    if (endpoints.length > 0) {
      const local = [
        `ip saddr ${podNetwork} ${all}`,
        'fib saddr type local jump mark-for-masquerade',
        `fib saddr type local ${all}`,
        ...(hasLocal ? [`goto local-${key}`] : []),
      ];
      this.chains.push([`external-${key}`, isExternalLocal ? local : ['jump mark-for-masquerade', all]]);
    }
    const targets: readonly (readonly [string, string[], string[]])[] = [
      ...externalIPs.map((ip) => [`${ip} . ${protocol} . ${port}`, this.services, this.refusedServices] as const),
      ...(nodePort === undefined
        ? []
        : [[`${protocol} . ${nodePort}`, this.nodePorts, this.refusedNodePorts] as const]),
    ];
    for (const [match, accepted, refused] of targets) {
      if (endpoints.length > 0) accepted.push(`${match} : goto external-${key}`);
      if (isRefused) refused.push(`${match} : ${verdict}`);
    }
  }
}

/** Those whose address and port no earlier one has: Services may share an external IP. */
const firstOfEach = (elements: readonly string[]): string[] => uniqBy(elements, (element) => element.split(' : ')[0]);

/** The rules for these ports on this node. */
export function proxyRules(ports: readonly ServedPort[], node: ProxiedNode): Rules {
  const all = ports.map((port) => new PortRules(port, node));
  const map = (type: string, elementsOf: (rules: PortRules) => readonly string[]): SetRules => ({
    kind: 'map',
    type: `type ${type};`,
    elements: firstOfEach(all.flatMap(elementsOf)),
  });
  const addresses = (elements: readonly string[]): SetRules => ({ kind: 'set', type: 'type ipv4_addr;', elements });
  return {
    sets: new Map([
      ['cluster-ips', addresses([...new Set(ports.map(({ clusterIP }) => clusterIP))].sort())],
      ['nodeport-ips', addresses([node.ip])],
      ['service-ips', map(verdicts.address, ({ services }) => services)],
      ['service-nodeports', map(verdicts.port, ({ nodePorts }) => nodePorts)],
      ['firewall-ips', map(verdicts.address, ({ guarded }) => guarded)],
      ['no-endpoint-services', map(verdicts.address, ({ refusedServices }) => refusedServices)],
      ['no-endpoint-nodeports', map(verdicts.port, ({ refusedNodePorts }) => refusedNodePorts)],
      ...all.flatMap(({ sets }) => sets),
    ]),
    chains: new Map([...fixedChains(node), ...all.flatMap(({ chains }) => chains)]),
  };
}
