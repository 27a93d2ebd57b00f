/** One connection as the kernel tracks it, read from what conntrack prints. */
import { type Ip, parseIp } from '../../model/address.ts';

/** One tracked connection, from its opener's side. */
export interface Connection {
  readonly protocol: string;
  readonly source: Ip;
  /** As conntrack prints it: most connections are judged without it. */
  readonly destination: string;
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

/** Reads addresses; of each text, which a table has many times, once. */
function addressReader(): (text: string) => Ip | undefined {
  const known = new Map<string, Ip>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const parsed = parseIp(text);
    if (!parsed.ok) return undefined;
    known.set(text, parsed.value);
    return parsed.value;
  };
}

function parseLine(line: string, addressOf: (text: string) => Ip | undefined): Connection | undefined {
  const [, from = '', destination = '', sourcePort, destinationPort, answerer, answered = '', mark] =
    pattern.exec(line) ?? [];
  const [source, translated] = [addressOf(from), addressOf(answered)];
  if (source === undefined || translated === undefined) return undefined;
  const ports = sourcePort === undefined || destinationPort === undefined ? {} : { sourcePort, destinationPort };
  const [protocol = ''] = line.trimStart().split(' ', 1);
  return {
    protocol,
    source,
    destination,
    ...ports,
    translated,
    rewritten: answerer !== destination,
    mark: Number(mark),
  };
}

/** How many lines are read before others get their turn: some 10 ms of work. */
const portion = 1_000;

/**
 * The connections in what `conntrack -L -f ipv4` prints, in portions, between which others get their turn. Lines that are
 * none are passed over.
 */
export async function* readConnections(listing: string): AsyncGenerator<readonly Connection[]> {
  const lines = listing.split('\n');
  const addressOf = addressReader();
  for (let start = 0; start < lines.length; start += portion) {
    yield lines.slice(start, start + portion).flatMap((line) => parseLine(line, addressOf) ?? []);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
