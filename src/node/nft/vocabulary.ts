/** What our nft tables are made of: their names, their input, and the parts that several have. */
import type { Destination, EgressRules } from '../../model/objects/egressrules.ts';
import type { PortRange } from '../../model/objects/well-known.ts';
import type { Cidr, Ip } from '../../model/values/address.ts';
import { compareText } from '../../model/values/names.ts';
import type { Uplink } from '../links/addresses.ts';
import type { Datapath, DrainedSource, PodOwners } from '../values/facts.ts';

/** The names of our tables in nft. */
export const nftTables = {
  nat: 'ip sdn_compat',
  guard: 'ip sdn_compat_guard',
  switch: 'netdev sdn_compat',
  drain: 'ip sdn_compat_drain',
} as const;

/** The sets that are filled together with the chains and do not change; both tables of family ip have them. */
export const networkSets = ['pod_networks', 'inside'] as const;

/** The input of the chains; when it changes, the tables are replaced in one transaction. */
export interface NftBase {
  readonly datapath: Datapath;
  readonly masqueradeBit: number | undefined;
  readonly nodePorts: PortRange;
  readonly cluster: readonly Cidr[];
  readonly service: Cidr;
  readonly subnet: Cidr;
  readonly vxlanPort: number;
  readonly nodeIP: Ip;
  readonly uplink: Pick<Uplink, 'device' | 'network'>;
  /** By chain the finer rules whose uncovered traffic leaves as the node; each pod and owner is led to its own. */
  readonly finerRules: ReadonlyMap<string, EgressRules>;
}

/** The verdict on a pod whose finer rules let all leave as the node. */
export const leavesAsNode = 'accept';

/** What becomes of the connections of a pod with this owner. */
export interface OwnerRule {
  readonly owner: number;
  readonly verdict: string;
}

/** The changing part. */
export interface NftElements {
  /** Source address by owner, that is, the VNID's mark as the node sees it. */
  readonly snat: ReadonlyMap<number, Ip>;
  /** Addresses that this node hosts. */
  readonly hosted: ReadonlySet<Ip>;
  /**
   * Egress IPs that drain from this node, by the owner whose connections go on with them: they are on no interface, and
   * nothing new is translated to them.
   */
  readonly draining: readonly DrainedSource[];
  /** The pods of this node with such egress IPs. */
  readonly drainingPods: readonly (readonly [pod: Ip, source: Ip])[];
  /** All egress IPs that any namespace requests or any node lists: there may be packets with them. */
  readonly egressIPs: ReadonlySet<Ip>;
  /** Local pods whose VNID requests egress IPs. */
  readonly restricted: ReadonlySet<Ip>;
  /** The egress IP on this node of each restricted pod that has one. */
  readonly podSources: ReadonlyMap<Ip, Ip>;
  /** What becomes of what a restricted pod sends as the node: a verdict, of those whose finer rules let some leave. */
  readonly podRules: ReadonlyMap<Ip, string>;
  /** The same, with the owner that the connections of the pod have which no rule covers. */
  readonly ownerRules: ReadonlyMap<Ip, OwnerRule>;
  /** The pods of this node, and whose their connections are. */
  readonly pods: ReadonlyMap<Ip, PodOwners>;
  /** The addresses of all nodes. */
  readonly nodes: ReadonlySet<Ip>;
}

function list(items: readonly string[]): string {
  return `{ ${items.join(', ')} }`;
}

/** Matches what is no node port of a Service. */
export const noNodePort = ({ nodePorts: { first, last } }: NftBase): string => `th dport != ${first}-${last}`;

/** A chain, at a hook or to jump to. */
export function chain(name: string, hook: string | undefined, rules: readonly string[]): string[] {
  const type = hook === undefined ? [] : [`    type ${hook}; policy accept;`];
  return [`  chain ${name} {`, ...type, ...rules.map((rule) => `    ${rule}`), '  }'];
}

/** Matches what goes to the destination, in words of nft with a space behind; empty for everything. */
function toDestination({ cidr, protocol, ports }: Destination): string {
  const range = ports === undefined ? undefined : [...new Set([ports.first, ports.last])].join('-');
  const words = [
    ...(cidr.length === 0 ? [] : [`ip daddr ${cidr.text}`]),
    ...(protocol === undefined
      ? []
      : [range === undefined ? `meta l4proto ${protocol}` : `${protocol} dport ${range}`]),
  ];
  return words.map((word) => `${word} `).join('');
}

/** What covered traffic gets that leaves as the node. */
const covered = { [nftTables.nat]: 'goto stranger', [nftTables.guard]: 'drop' } as const;
type Lock = keyof typeof covered;

/** What finer rules do not cover is accepted. */
function rulesIn(table: Lock, { destinations, except }: EgressRules): string[] {
  return [
    ...except.map((one) => `${toDestination(one)}accept`),
    ...(destinations ?? []).map((one) => `${toDestination(one)}${covered[table]}`),
    destinations === undefined ? covered[table] : 'accept',
  ];
}

/** The chains of finer rules of a table. */
export function finerChains({ finerRules }: Pick<NftBase, 'finerRules'>, table: Lock): string[] {
  return [...finerRules]
    .toSorted(([a], [b]) => compareText(a, b))
    .flatMap(([name, rules]) => chain(name, undefined, rulesIn(table, rules)));
}

/** The commands that make the same chains, whether or not they are there, in tables that are. */
export function finerChainCommands(finerRules: NftBase['finerRules']): string[] {
  return [...finerRules].flatMap(([name, rules]) =>
    ([nftTables.nat, nftTables.guard] as const).flatMap((table) => [
      `add chain ${table} ${name}`,
      `flush chain ${table} ${name}`,
      ...rulesIn(table, rules).map((rule) => `add rule ${table} ${name} ${rule}`),
    ]),
  );
}

/** A table that replaces the existing one. */
export function table(name: string, content: readonly string[]): string[] {
  return [`table ${name} {}`, `delete table ${name}`, `table ${name} {`, ...content, '}'];
}

/** The sets of networks, with their elements. */
export function networks({ cluster, service }: NftBase): string[] {
  const inside = [...cluster, service].map(({ text }) => text);
  return [
    `  set pod_networks { type ipv4_addr; flags interval; elements = ${list(cluster.map(({ text }) => text))}; }`,
    `  set inside { type ipv4_addr; flags interval; elements = ${list(inside)}; }`,
  ];
}
