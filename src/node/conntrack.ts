/** Connections that must not go on with the source address they have: found in the kernel's list, and deleted. */
import { type Exec, must } from '../io/exec.ts';
import { type Cidr, contains, type Ip, ipNumber, parseIp } from '../model/address.ts';

/** One tracked connection, from its opener's side. */
export interface Connection {
  readonly protocol: string;
  readonly source: Ip;
  readonly destination: Ip;
  readonly sourcePort?: string;
  readonly destinationPort?: string;
  /** The address that answers come back to: the source after NAT. */
  readonly translated: Ip;
  /** Whether the destination was rewritten, as a Service does. */
  readonly rewritten: boolean;
  /** ct_mark: on the kernel's datapath the egress IP of the hop that Open vSwitch gave it, as a number. */
  readonly mark: number;
}

function fields(line: string, name: string): string[] {
  return [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, 'g'))].map((found) => found[1] ?? '');
}

/** The addresses of that name in both directions, the opener's first. */
function pair(line: string, name: 'src' | 'dst'): readonly [Ip, Ip] | undefined {
  const [there, back] = fields(line, name).map(parseIp);
  return there?.ok === true && back?.ok === true ? [there.value, back.value] : undefined;
}

function parseLine(line: string): Connection | undefined {
  const [sources, destinations] = [pair(line, 'src'), pair(line, 'dst')];
  if (sources === undefined || destinations === undefined) return undefined;
  const [sourcePort] = fields(line, 'sport');
  const [destinationPort] = fields(line, 'dport');
  return {
    protocol: line.trimStart().split(/\s+/, 1)[0] ?? '',
    source: sources[0],
    destination: destinations[0],
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    translated: destinations[1],
    rewritten: sources[1] !== destinations[0],
    mark: Number(fields(line, 'mark')[0]),
  };
}

/** The connections in what `conntrack -L` prints. */
export function parseConnections(listing: string): Connection[] {
  return listing.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** What the connections of a pod to the outside may look like. */
export interface PodSources {
  /** The sources they may have. */
  readonly allowed: readonly Ip[];
  /** Egress IPs of the hops on other nodes: a connection on one of them is translated there, not here. */
  readonly remote: readonly Ip[];
}

/** Who may leave as what, and addresses given up. */
export interface Stale {
  readonly pods: ReadonlyMap<Ip, PodSources>;
  /** Egress IPs that this node no longer translates to. */
  readonly givenUp: ReadonlySet<Ip>;
}

function remoteMarks({ remote }: PodSources): ReadonlySet<number> {
  return new Set(remote.map((ip) => Number(ipNumber(ip))));
}

/** Which connections have to end. Connections inside the cluster and those that a Service rewrote go on. */
export function staleConnections(all: readonly Connection[], stale: Stale, inside: readonly Cidr[]): Connection[] {
  return all.filter((connection) => {
    if (stale.givenUp.has(connection.translated)) return true;
    const allowed = stale.pods.get(connection.source);
    if (allowed === undefined || connection.rewritten) return false;
    if (inside.some((network) => contains(network, connection.destination))) return false;
    const isElsewhere = connection.translated === connection.source && remoteMarks(allowed).has(connection.mark);
    return !isElsewhere && !allowed.allowed.includes(connection.translated);
  });
}

/** Lists what the kernel tracks for IPv4. */
export async function listConnections(run: Exec): Promise<Connection[]> {
  return parseConnections(await must(run, 'conntrack', ['-L', '-f', 'ipv4']));
}

function byTuple({ protocol, source, destination, sourcePort, destinationPort }: Connection): string[] {
  const ports = sourcePort === undefined || destinationPort === undefined ? [] : ['--sport', sourcePort, '--dport', destinationPort];
  return ['-D', '-p', protocol, '-s', source, '-d', destination, ...ports];
}

const groupOf = ({ source, destination, translated }: Connection): string => `${source} ${destination} ${translated}`;

/**
 * The arguments of conntrack that delete the stale connections among all: one call for each pair of addresses and
 * translated source where every connection is stale, else one for each connection.
 */
export function deletions(all: readonly Connection[], stale: readonly Connection[]): string[][] {
  const isStale = new Set(stale);
  const mixed = new Set(all.filter((connection) => !isStale.has(connection)).map(groupOf));
  const groups = new Map(stale.map((connection) => [groupOf(connection), connection]));
  const whole = [...groups].filter(([group]) => !mixed.has(group)).map(([, connection]) => connection);
  const single = stale.filter((connection) => mixed.has(groupOf(connection)));
  return [
    ...whole.map(({ source, destination, translated }) => ['-D', '-f', 'ipv4', '-s', source, '-d', destination, '-q', translated]),
    ...single.map(byTuple),
  ];
}

/** Runs the deletions, some at once; a connection that has ended meanwhile is no error. */
export async function deleteConnections(run: Exec, calls: readonly (readonly string[])[]): Promise<void> {
  const waiting = [...calls];
  const worker = async (): Promise<void> => {
    for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) await run('conntrack', call);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}
