/** One connection as the kernel tracks it, read from what conntrack prints. */
import { type Ip, parseIp } from '../../model/address.ts';

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
  /** The conntrack mark: an owner, or what `ctMark` lists; 0 when nobody set it. */
  readonly mark: number;
}

const pattern = / src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?.*? src=(\S+) dst=(\S+) .*?\bmark=(\d+)/;

function parseLine(line: string): Connection | undefined {
  const [, from = '', to = '', sourcePort, destinationPort, answerer, answered = '', mark] = pattern.exec(line) ?? [];
  const [source, destination, translated] = [parseIp(from), parseIp(to), parseIp(answered)];
  if (!source.ok || !destination.ok || !translated.ok) return undefined;
  const ports = sourcePort === undefined || destinationPort === undefined ? {} : { sourcePort, destinationPort };
  const [protocol = ''] = line.trimStart().split(' ', 1);
  return {
    protocol,
    source: source.value,
    destination: destination.value,
    ...ports,
    translated: translated.value,
    rewritten: answerer !== to,
    mark: Number(mark),
  };
}

/** How many lines are read before others get their turn: about 5 ms of work. */
const portion = 2_000;

/** The connections in what `conntrack -L -f ipv4` prints, read in portions that delay nobody. Lines that are none are passed over. */
export async function parseConnections(listing: string): Promise<Connection[]> {
  const lines = listing.split('\n');
  const connections: Connection[] = [];
  for (let start = 0; start < lines.length; start += portion) {
    for (const line of lines.slice(start, start + portion)) {
      const connection = parseLine(line);
      if (connection !== undefined) connections.push(connection);
    }
    if (start + portion < lines.length) await new Promise((resolve) => setImmediate(resolve));
  }
  return connections;
}
