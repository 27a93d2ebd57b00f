/**
 * The rules of a service proxy on one node as iptables, which do what kube-proxy's do in its mode iptables and have its
 * names: a rule for each address of a Service, a chain for each port, which draws an endpoint by chance, and a chain for
 * each endpoint. Node ports are at every address of the node. Pure.
 */
import { createHash } from 'node:crypto';
import { type Endpoint, endpointsOn, type ServedPort } from '../../model/services/served.ts';
import { defaultMasqueradeBit } from '../../node/ovs/pipeline.ts';
import type { ProxiedNode } from './rules.ts';

type Chains = Map<string, string[]>;
type Table = 'nat' | 'filter';

const bit = `0x${(1 << defaultMasqueradeBit).toString(16)}`;
const marked = `-m mark --mark ${bit}/${bit}`;
const masquerade = '-j KUBE-MARK-MASQ';
const isNew = '-m conntrack --ctstate NEW';
const fromHere = '-m addrtype --src-type LOCAL';
const toHere = '-m addrtype --dst-type LOCAL';

/** Where the kernel's own chains lead to ours, in the words of iptables-save. */
const jumps: Readonly<Record<Table, readonly string[]>> = {
  nat: ['PREROUTING -j KUBE-SERVICES', 'OUTPUT -j KUBE-SERVICES', 'POSTROUTING -j KUBE-POSTROUTING'],
  filter: [
    'FORWARD -j KUBE-FORWARD',
    ...['FORWARD', 'OUTPUT'].map((hook) => `${hook} ${isNew} -j KUBE-SERVICES`),
    ...['INPUT', 'FORWARD'].map((hook) => `${hook} ${isNew} -j KUBE-EXTERNAL-SERVICES`),
  ],
};

/** The chains of a port or an endpoint have no longer names than iptables takes. */
function named(kind: 'SVC' | 'SVL' | 'EXT' | 'SEP', what: string): string {
  return `KUBE-${kind}-${createHash('sha256').update(what).digest('hex').slice(0, 16).toUpperCase()}`;
}

const endpointChain = ({ key }: ServedPort, { ip, port }: Endpoint): string => named('SEP', `${key} ${ip}:${port}`);

/** Draws one of the endpoints, each with the same chance; a client that has one keeps it. */
function draw(served: ServedPort, endpoints: readonly Endpoint[]): string[] {
  const { affinity } = served;
  const chains = endpoints.map((endpoint) => endpointChain(served, endpoint));
  const kept = (chain: string): string =>
    `-m recent --name ${chain} --rcheck --seconds ${affinity ?? 0} --reap -j ${chain}`;
  return [
    ...(affinity === undefined ? [] : chains.map(kept)),
    ...chains.map((chain, index) => {
      const left = chains.length - index;
      const chance = left === 1 ? '' : `-m statistic --mode random --probability ${(1 / left).toFixed(10)} `;
      return `${chance}-j ${chain}`;
    }),
  ];
}

function addEndpoints(nat: Chains, served: ServedPort, endpoints: Iterable<Endpoint>): void {
  for (const endpoint of endpoints) {
    const chain = endpointChain(served, endpoint);
    const remember = served.affinity === undefined ? '' : ` -m recent --name ${chain} --set`;
    nat.set(chain, [
      `-s ${endpoint.ip}/32 ${masquerade}`,
      `-p ${served.protocol}${remember} -j DNAT --to-destination ${endpoint.ip}:${endpoint.port}`,
    ]);
  }
}

/** What the tables have of all ports together. */
class Tables {
  readonly nat: Chains = new Map([
    ['KUBE-MARK-MASQ', [`-j MARK --or-mark ${bit}`]],
    [
      'KUBE-POSTROUTING',
      [`-m mark ! --mark ${bit}/${bit} -j RETURN`, `-j MARK --xor-mark ${bit}`, '-j MASQUERADE --random-fully'],
    ],
    ['KUBE-SERVICES', []],
    ['KUBE-NODEPORTS', []],
  ]);
  readonly filter: Chains = new Map([
    [
      'KUBE-FORWARD',
      [
        '-m conntrack --ctstate INVALID -j DROP',
        `${marked} -j ACCEPT`,
        '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
    ],
    ['KUBE-SERVICES', []],
    ['KUBE-EXTERNAL-SERVICES', []],
  ]);

  add(served: ServedPort, { name, podNetwork }: ProxiedNode): void {
    const { key, protocol, clusterIP, port, endpoints } = served;
    const local = endpointsOn(served, name);
    const match = `-d ${clusterIP}/32 -p ${protocol} --dport ${port}`;
    const outsider = `! -s ${podNetwork} ${match} ${masquerade}`;
    if (endpoints.length > 0) this.nat.set(named('SVC', key), [outsider, ...draw(served, endpoints)]);
    const isLocal = served.isExternalLocal || served.isInternalLocal;
    if (isLocal && local.length > 0) this.nat.set(named('SVL', key), [outsider, ...draw(served, local)]);
    addEndpoints(this.nat, served, new Set([...endpoints, ...local]));
    if (endpoints.length === 0) this.#append(this.filter, 'KUBE-SERVICES', `${match} -j REJECT`);
    else if (!served.isInternalLocal) this.#append(this.nat, 'KUBE-SERVICES', `${match} -j ${named('SVC', key)}`);
    else if (local.length > 0) this.#append(this.nat, 'KUBE-SERVICES', `${match} -j ${named('SVL', key)}`);
    else this.#append(this.filter, 'KUBE-SERVICES', `${match} -j DROP`);
    this.#addExternal(served, local.length > 0, podNetwork);
  }

  /** From outside the cluster. With the policy Local pods and the node itself still reach every endpoint. */
  #addExternal(served: ServedPort, hasLocal: boolean, podNetwork: string): void {
    const { key, protocol, port, nodePort, externalIPs, isExternalLocal } = served;
    const chain = named('EXT', key);
    const targets = [
      ...externalIPs.map((ip) => ['KUBE-SERVICES', `-d ${ip}/32 -p ${protocol} --dport ${port}`, ''] as const),
      ...(nodePort === undefined
        ? []
        : [['KUBE-NODEPORTS', `-p ${protocol} --dport ${nodePort}`, `${toHere} `] as const]),
    ];
    if (targets.length === 0) return;
    const isServed = served.endpoints.length > 0;
    const all = `-j ${named('SVC', key)}`;
    const local = [
      `-s ${podNetwork} ${all}`,
      `${fromHere} ${masquerade}`,
      `${fromHere} ${all}`,
      ...(hasLocal ? [`-j ${named('SVL', key)}`] : []),
    ];
    if (isServed) this.nat.set(chain, isExternalLocal ? local : [masquerade, all]);
    for (const [list, match, here] of targets) {
      if (isServed) this.#append(this.nat, list, `${match} -j ${chain}`);
      if (!isServed) this.#append(this.filter, 'KUBE-EXTERNAL-SERVICES', `${here}${match} -j REJECT`);
      else if (isExternalLocal && !hasLocal)
        this.#append(this.filter, 'KUBE-EXTERNAL-SERVICES', `${here}${match} -j DROP`);
    }
  }

  #append(table: Chains, chain: string, rule: string): void {
    table.get(chain)?.push(rule);
  }
}

/** The part of iptables-save's text that is about one table. */
function savedOf(table: Table, saved: string): readonly string[] {
  const lines = saved.split('\n');
  const begin = lines.indexOf(`*${table}`);
  return begin < 0 ? [] : lines.slice(begin, lines.indexOf('COMMIT', begin));
}

function tableText(table: Table, chains: Chains, saved: readonly string[]): string[] {
  const present = saved.flatMap((line) => /^:(KUBE-(?:SVC|SVL|EXT|SEP)-\S+)/.exec(line)?.[1] ?? []);
  const gone = present.filter((chain) => !chains.has(chain));
  return [
    `*${table}`,
    ...[...chains.keys(), ...gone].map((chain) => `:${chain} - [0:0]`),
    ...[...chains].flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    ...jumps[table].filter((jump) => !saved.includes(`-A ${jump}`)).map((jump) => `-I ${jump}`),
    ...gone.map((chain) => `-X ${chain}`),
    'COMMIT',
  ];
}

/**
 * Input for `iptables-restore --noflush` that makes these ports' rules of what `iptables-save` says is there: chains of
 * ours are replaced, those of ports that are gone removed, and nobody else's touched.
 */
export function iptablesDocument(ports: readonly ServedPort[], node: ProxiedNode, saved: string): string {
  const tables = new Tables();
  for (const port of ports) tables.add(port, node);
  tables.nat.get('KUBE-SERVICES')?.push(`${toHere} -j KUBE-NODEPORTS`);
  const text = (['nat', 'filter'] as const).flatMap((table) => tableText(table, tables[table], savedOf(table, saved)));
  return `${text.join('\n')}\n`;
}
