/** Named states of one node, worker0 of the lab, with two peers. */
import { egressState } from '../../src/model/egress/state.ts';
import type { IsolationMode } from '../../src/model/objects/clusternetwork.ts';
import { type HostSubnet, parseHostSubnet } from '../../src/model/objects/hostsubnet.ts';
import { type NetNamespace, parseNetNamespace } from '../../src/model/objects/netnamespace.ts';
import type { NetworkPolicyObject, PodObject } from '../../src/model/objects/raw.ts';
import { nodePorts, ourAnnotations } from '../../src/model/objects/well-known.ts';
import { egressPolicies } from '../../src/model/policy/egresspolicy.ts';
import { type Cidr, type Ip, parseCidr, parseIp } from '../../src/model/values/address.ts';
import type { Result } from '../../src/model/values/result.ts';
import { isVnid, type Vnid } from '../../src/model/values/vnid.ts';
import { policyWorld } from '../../src/node/cluster/policy-world.ts';
import type { NodeInput } from '../../src/node/plan/node.ts';
import type { Datapath } from '../../src/node/values/facts.ts';

export function value<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

export const ip = (text: string): Ip => value(parseIp(text));
export const cidr = (text: string): Cidr => value(parseCidr(text));
export function vnid(number: number): Vnid {
  if (!isVnid(number)) throw new Error(`${number} is no VNID`);
  return number;
}

export interface Scene {
  /** Egress IPs by worker number. */
  readonly hosts?: Readonly<Record<number, readonly string[]>>;
  /** Egress IPs by VNID. */
  readonly requests?: Readonly<Record<number, readonly string[]>>;
  /** Pods of worker0: VNID by last octet of the address. */
  readonly pods?: Readonly<Record<number, number>>;
  readonly offline?: readonly string[];
  readonly mode?: IsolationMode;
  readonly datapath?: Datapath;
  readonly firstAvailable?: boolean;
  readonly masqueradeBit?: number;
  /** EgressNetworkPolicies, each with its namespace's VNID. */
  readonly egressPolicies?: readonly {
    readonly vnid: number;
    readonly rules: readonly (readonly ['Allow' | 'Deny', string])[];
  }[];
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  readonly multicast?: readonly number[];
  readonly policies?: readonly NetworkPolicyObject[];
  /** Pods for policies: `project-77/10.254.0.2` with labels. */
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Those of them whose address the API does not tell yet; local pods among them have a Pod object only if labeled. */
  readonly untold?: readonly string[];
  /** Finer rules by VNID: annotations without their prefix. */
  readonly rules?: Readonly<Record<number, Readonly<Record<string, string>>>>;
  /** Labels for finer rules of the pods of worker0, by last octet; those of the others are not known. */
  readonly podLabels?: Readonly<Record<number, Readonly<Record<string, string>>>>;
  /** Networks that no egress IP is for. */
  readonly excluded?: readonly string[];
  /** Egress IPs that drain, each with the worker that had it, by VNID. */
  readonly drains?: Readonly<Record<number, readonly (readonly [string, number])[]>>;
  /** Further namespaces that share a VNID. */
  readonly joined?: Readonly<Record<string, number>>;
}

function policyPods(scene: Scene): PodObject[] {
  const local = Object.entries(scene.pods ?? {})
    .map(([octet, netid]) => [`project-${netid}/10.254.0.${octet}`, {}] as const)
    .filter(([key]) => !scene.untold?.includes(key));
  return Object.entries({ ...Object.fromEntries(local), ...scene.labels }).map(([key, labels]) => {
    const [namespace, podIP] = key.split('/');
    const containers = [{ ports: [{ name: 'web', containerPort: 8080 }] }];
    const name = /^10\.254\.0\.\d+$/.test(podIP!) ? `p${podIP!.replace(/^.*\./, '')}` : podIP!;
    return {
      metadata: { namespace: namespace!, name, labels },
      spec: { containers },
      status: scene.untold?.includes(key) ? {} : { podIP: podIP! },
    };
  });
}

const meta = { apiVersion: 'network.openshift.io/v1' } as const;

/** The HostSubnet of a worker. */
export function hostSubnet(index: number, ...egressIPs: string[]): HostSubnet {
  const name = `worker${index}`;
  const hostIP = `192.168.7.${11 + index}`;
  const subnet = `10.254.${index}.0/24`;
  return value(
    parseHostSubnet({ ...meta, kind: 'HostSubnet', metadata: { name }, host: name, hostIP, subnet, egressIPs }),
  );
}

/** The NetNamespace of the project of a VNID, with finer rules by the names of their annotations without prefix. */
export function netNamespace(
  netid: number,
  egressIPs: readonly string[],
  rules: Readonly<Record<string, string>> = {},
): NetNamespace {
  const netname = `project-${netid}`;
  const annotations = Object.fromEntries(
    Object.entries(rules).map(([name, text]) => [`${ourAnnotations}${name}`, text]),
  );
  const metadata = { name: netname, annotations };
  return value(
    parseNetNamespace({ ...meta, kind: 'NetNamespace', metadata, netname, netid, egressIPs: [...egressIPs] }),
  );
}

function drainsIn(drains: NonNullable<Scene['drains']>): NonNullable<NodeInput['state']['drains']> {
  const all = Object.entries(drains).map(([netid, ips]) => {
    const of = ips.map(([text, index]) => {
      const { name, hostIP } = hostSubnet(index);
      const from = { node: name, nodeIP: hostIP };
      return { vnid: vnid(Number(netid)), egressIP: ip(text), from, since: 0, until: 600_000, ports: 'low' as const };
    });
    return [vnid(Number(netid)), of] as const;
  });
  return new Map(all);
}

/** The input of worker0's plan in that scene. */
export function nodeInput(scene: Scene): NodeInput {
  const hostSubnets = [0, 1, 2].map((index) => hostSubnet(index, ...(scene.hosts?.[index] ?? [])));
  const netNamespaces = Object.entries(scene.requests ?? {}).map(([netid, egressIPs]) =>
    netNamespace(Number(netid), egressIPs, scene.rules?.[Number(netid)]),
  );
  const known = new Set([...Object.keys(scene.requests ?? {}).map(Number), ...Object.values(scene.pods ?? {}), 77, 78]);
  const vnids = new Map([
    ...[...known].map((netid) => [`project-${netid}`, vnid(netid)] as const),
    ...Object.entries(scene.joined ?? {}).map(([name, netid]) => [name, vnid(netid)] as const),
  ]);
  return {
    facts: {
      name: 'worker0',
      nodeIP: ip('192.168.7.11'),
      subnet: cidr('10.254.0.0/24'),
      gateway: ip('10.254.0.1'),
      tunMac: 'c6:ac:2c:13:48:4b',
      datapath: scene.datapath ?? 'netdev',
      masqueradeBit: scene.masqueradeBit ?? 14,
      nodePorts,
      firstAvailable: scene.firstAvailable ?? false,
    },
    uplink: { device: 'br-ex', prefixLength: 24, network: cidr('192.168.7.0/24'), mtu: 1500 },
    gateways: new Set([ip('192.168.7.1')]),
    networks: {
      cluster: [cidr('10.254.0.0/16')],
      service: cidr('172.30.0.0/16'),
      mode: scene.mode ?? 'networkpolicy',
      vxlanPort: 4789,
    },
    remotes: hostSubnets.slice(1).map(({ name, hostIP, subnet }) => ({ name, nodeIP: hostIP, subnet })),
    pods: Object.entries(scene.pods ?? {}).map(([octet, netid], index) => ({
      ip: ip(`10.254.0.${octet}`),
      ofport: 3 + index,
      vnid: vnid(netid),
      namespace: `project-${netid}`,
      name: `p${octet}`,
      uid: `uid-${octet}`,
    })),
    labelsOf: (uid) => scene.podLabels?.[Number(uid.replace('uid-', ''))],
    egressPolicies: egressPolicies(
      (scene.egressPolicies ?? []).map(({ vnid: netid, rules }, index) => ({
        ...meta,
        kind: 'EgressNetworkPolicy' as const,
        metadata: { namespace: `project-${netid}`, name: `policy-${index}` },
        spec: {
          egress: rules.map(([type, to]) => ({
            type,
            to: /^[0-9./]+$/.test(to) ? { cidrSelector: to } : { dnsName: to },
          })),
        },
      })),
      vnids,
    ),
    withheld: new Map(),
    addressesOf: (name) => (scene.addresses?.[name] ?? []).map(ip),
    multicast: new Set((scene.multicast ?? []).map(vnid)),
    world:
      (scene.mode ?? 'networkpolicy') === 'networkpolicy'
        ? policyWorld({
            policies: scene.policies ?? [],
            namespaces: [...vnids.keys()].map((name) => ({ metadata: { name, labels: { name } } })),
            pods: policyPods(scene),
            vnids,
          })
        : undefined,
    state: {
      ...egressState({
        hostSubnets,
        netNamespaces,
        offline: new Set((scene.offline ?? []).map(ip)),
        excluded: (scene.excluded ?? []).map(cidr),
      }),
      ...(scene.drains === undefined ? {} : { drains: drainsIn(scene.drains) }),
    },
  };
}

function policy(spec: NonNullable<NetworkPolicyObject['spec']>): NetworkPolicyObject {
  return { metadata: { namespace: 'project-77', name: 'policy' }, spec };
}

/** Every kind of state a node can be in, by name. */
export const scenes: Readonly<Record<string, Scene>> = {
  'empty-networkpolicy': {},
  'empty-subnet': { mode: 'subnet' },
  'empty-multitenant': { mode: 'multitenant' },
  'pods-multitenant': { mode: 'multitenant', pods: { 2: 77, 3: 78, 4: 0 } },
  'egress-normal': { pods: { 2: 77 } },
  'egress-dropped': { pods: { 2: 77 }, requests: { 77: ['192.168.7.200'] } },
  'egress-local': { pods: { 2: 77 }, requests: { 77: ['192.168.7.200'] }, hosts: { 0: ['192.168.7.200'] } },
  'egress-local-system': {
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200'] },
    hosts: { 0: ['192.168.7.200'] },
    datapath: 'system',
  },
  'egress-hosted-without-pods': { requests: { 77: ['192.168.7.200'] }, hosts: { 0: ['192.168.7.200'] } },
  'egress-one-remote': { pods: { 2: 77 }, requests: { 77: ['192.168.7.200'] }, hosts: { 1: ['192.168.7.200'] } },
  'egress-two-remotes': {
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200', '192.168.7.201'] },
    hosts: { 1: ['192.168.7.200'], 2: ['192.168.7.201'] },
  },
  'egress-two-remotes-first-available': {
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200', '192.168.7.201'] },
    hosts: { 1: ['192.168.7.200'], 2: ['192.168.7.201'] },
    firstAvailable: true,
  },
  'egress-drains-from-here': {
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200'] },
    hosts: { 1: ['192.168.7.200'] },
    rules: { 77: { drain: '10m' } },
    drains: { 77: [['192.168.7.200', 0]] },
  },
  'egress-drains-from-here-system': {
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200'] },
    rules: { 77: { drain: '10m' } },
    drains: { 77: [['192.168.7.200', 0]] },
    datapath: 'system',
  },
  'egress-drains-to-here': {
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200'] },
    hosts: { 0: ['192.168.7.200'] },
    rules: { 77: { drain: '10m' } },
    drains: { 77: [['192.168.7.200', 1]] },
  },
  'egress-drains-elsewhere-with-rules': {
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200', '192.168.7.201'] },
    hosts: { 1: ['192.168.7.200'], 0: ['192.168.7.201'] },
    rules: { 77: { drain: '10m', 'destination-ips': '10.1.8.0/24=192.168.7.200' } },
    drains: { 77: [['192.168.7.200', 2]] },
  },
  'egress-one-of-two-offline': {
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200', '192.168.7.201'] },
    hosts: { 1: ['192.168.7.200'], 2: ['192.168.7.201'] },
    offline: ['192.168.7.12'],
  },
  'egress-finer-rules': {
    pods: { 2: 77, 3: 78 },
    requests: { 77: ['192.168.7.200', '192.168.7.201'] },
    hosts: { 0: ['192.168.7.200'], 1: ['192.168.7.201'] },
    rules: {
      77: {
        destinations: '10.1.0.0/16,tcp:10.0.0.0/8:443,udp:172.16.0.0/12',
        'except-destinations': '10.1.9.0/24,tcp:80-90',
        'destination-ips': '10.1.0.0/16=192.168.7.201,10.1.8.0/24=192.168.7.200,10.1.7.0/24=192.168.7.209',
      },
    },
    excluded: ['192.0.2.0/24'],
  },
  'egress-finer-rules-dropped': {
    datapath: 'system',
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200'] },
    rules: { 77: { 'except-destinations': '10.1.9.0/24' } },
  },
  'egress-finer-rules-pods': {
    pods: { 2: 77, 3: 77, 4: 77 },
    requests: { 77: ['192.168.7.200'] },
    hosts: { 0: ['192.168.7.200'] },
    rules: { 77: { 'pod-selector': 'app=web', 'except-destinations': '10.1.9.0/24' } },
    podLabels: { 2: { app: 'web' }, 3: { app: 'db' } },
  },
  'egress-limited': {
    pods: { 2: 77, 3: 78 },
    requests: { 77: ['192.168.7.200', '192.168.7.201'], 78: ['192.168.7.202'], 79: ['192.168.7.203'] },
    hosts: { 0: ['192.168.7.200', '192.168.7.203'], 1: ['192.168.7.201', '192.168.7.202'] },
    rules: {
      77: { bandwidth: '10M', 'destination-ips': '10.1.8.0/24=192.168.7.200' },
      78: { bandwidth: '20M' },
      79: { bandwidth: '1k' },
    },
  },
  'egress-limited-system': {
    datapath: 'system',
    pods: { 2: 0 },
    requests: { 0: ['192.168.7.200'] },
    hosts: { 0: ['192.168.7.200'] },
    rules: { 0: { bandwidth: '2500M' } },
  },
  'egress-local-and-remote': {
    pods: { 2: 77 },
    requests: { 77: ['192.168.7.200', '192.168.7.201'] },
    hosts: { 0: ['192.168.7.201'], 1: ['192.168.7.200'] },
  },
  'egress-vnid-0': { pods: { 2: 0 }, requests: { 0: ['192.168.7.200'] }, hosts: { 0: ['192.168.7.200'] } },
  'egress-policy': {
    pods: { 2: 77 },
    egressPolicies: [
      {
        vnid: 77,
        rules: [
          ['Allow', '203.0.113.0/24'],
          ['Deny', '0.0.0.0/0'],
        ],
      },
    ],
  },
  'egress-policy-names': {
    pods: { 2: 77 },
    egressPolicies: [
      {
        vnid: 77,
        rules: [
          ['Deny', 'bad.example.com'],
          ['Allow', 'good.example.com.'],
          ['Deny', '0.0.0.0/32'],
        ],
      },
    ],
    addresses: { 'bad.example.com': ['203.0.113.1'], 'good.example.com': ['203.0.113.1', '203.0.113.2'] },
  },
  'egress-policy-twice': {
    pods: { 2: 77 },
    egressPolicies: [
      { vnid: 77, rules: [] },
      { vnid: 77, rules: [] },
    ],
  },
  'egress-policy-joined': {
    mode: 'multitenant',
    pods: { 2: 77 },
    joined: { other: 77 },
    egressPolicies: [{ vnid: 77, rules: [['Allow', '0.0.0.0/0']] }],
  },
  'egress-policy-global': { pods: { 2: 0 }, egressPolicies: [{ vnid: 0, rules: [['Deny', '0.0.0.0/0']] }] },
  multicast: { pods: { 2: 77, 3: 77, 4: 78 }, multicast: [77, 79] },
  'policy-deny-all': { pods: { 2: 77, 3: 78 }, policies: [policy({ podSelector: {} })] },
  'policy-same-namespace': {
    pods: { 2: 77 },
    policies: [policy({ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] })],
  },
  'policy-selected-pods': {
    pods: { 2: 77, 3: 77 },
    labels: {
      'project-77/10.254.0.2': { app: 'web' },
      'project-78/10.254.1.9': { role: 'client' },
      'project-78/10.254.1.8': {},
    },
    policies: [
      policy({
        podSelector: { matchLabels: { app: 'web' } },
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { name: 'project-78' } },
                podSelector: { matchLabels: { role: 'client' } },
              },
            ],
            ports: [{ port: 'web' }],
          },
          {
            from: [
              { namespaceSelector: { matchExpressions: [{ key: 'name', operator: 'In', values: ['project-78'] }] } },
            ],
            ports: [{ protocol: 'UDP', port: 53 }],
          },
        ],
      }),
    ],
  },
  'policy-egress-block': {
    pods: { 2: 77 },
    policies: [
      policy({
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          {
            to: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/26'] } }],
            ports: [{ port: 8000, endPort: 8009 }],
          },
        ],
      }),
    ],
  },
  'egress-outside-network': { pods: { 2: 77 }, requests: { 77: ['10.9.9.9'] }, hosts: { 0: ['10.9.9.9'] } },
};
