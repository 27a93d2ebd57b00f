/** Connections that must not go on with the source address they have: found in the kernel's list, and deleted. */
import { type Exec, must } from '../io/exec.ts';
import { type Cidr, contains, type Ip, parseIp } from '../model/address.ts';

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
}

function fields(line: string, name: string): string[] {
  return [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, 'g'))].map((found) => found[1] ?? '');
}

function parseLine(line: string): Connection | undefined {
  const [from, answerFrom] = fields(line, 'src').map(parseIp);
  const [to, answerTo] = fields(line, 'dst').map(parseIp);
  if (from?.ok !== true || to?.ok !== true || answerFrom?.ok !== true || answerTo?.ok !== true) return undefined;
  const [sourcePort] = fields(line, 'sport');
  const [destinationPort] = fields(line, 'dport');
  return {
    protocol: line.trimStart().split(/\s+/, 1)[0] ?? '',
    source: from.value,
    destination: to.value,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    translated: answerTo.value,
    rewritten: answerFrom.value !== to.value,
  };
}

/** The connections in what `conntrack -L` prints. */
export function parseConnections(listing: string): Connection[] {
  return listing.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** Who may leave as what: local pods with the addresses their VNID requests, and addresses given up. */
export interface Stale {
  /** Pods whose connections to the outside may only have one of these sources. */
  readonly pods: ReadonlyMap<Ip, readonly Ip[]>;
  /** Egress IPs that this node no longer translates to. */
  readonly givenUp: ReadonlySet<Ip>;
}

/** Which connections have to end. Connections inside the cluster and those that a Service rewrote go on. */
export function staleConnections(all: readonly Connection[], stale: Stale, inside: readonly Cidr[]): Connection[] {
  return all.filter((connection) => {
    if (stale.givenUp.has(connection.translated)) return true;
    const allowed = stale.pods.get(connection.source);
    if (allowed === undefined || connection.rewritten) return false;
    if (inside.some((network) => contains(network, connection.destination))) return false;
    return !allowed.includes(connection.translated);
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
