/** A connection in the kernel's table, parsed from conntrack's output. */
import { type Ip, parseIp } from '../../model/values/address.ts';

/** A tracked connection, seen from its opener. */
export interface Connection {
  readonly protocol: string;
  readonly source: Ip;
  /** As conntrack prints it, because most connections are judged without it. */
  readonly destination: string;
  readonly sourcePort?: string;
  readonly destinationPort?: string;
  /** The address to which answers come back: the source after NAT. */
  readonly translated: Ip;
  /** Who answers: the destination after NAT, as by a Service. */
  readonly answerer: string;
  /** The port of who answers. */
  readonly answererPort?: string;
  /** The conntrack mark: an owner, or one of `ctMark`; 0 if nobody set it. */
  readonly mark: number;
}

const pattern =
  / src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?.*? src=(\S+) dst=(\S+) (?:sport=(\d+) )?.*?\bmark=(\d+)/;

/** Parses addresses. Each text, which a table has many times, is parsed once. */
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
  const [, from = '', destination = '', sourcePort, destinationPort, answerer = '', answered = '', answererPort, mark] =
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
    answerer,
    ...(answererPort === undefined ? {} : { answererPort }),
    mark: Number(mark),
  };
}

/** The number of lines between yields to other work: about 10 ms. */
const portion = 1_000;

/**
 * Parses the output of `conntrack -L -f ipv4` in portions, and yields to other work in between. Skips lines that are
 * not connections.
 */
export async function* readConnections(listing: string): AsyncGenerator<readonly Connection[]> {
  const lines = listing.split('\n');
  const addressOf = addressReader();
  for (let start = 0; start < lines.length; start += portion) {
    yield lines.slice(start, start + portion).flatMap((line) => parseLine(line, addressOf) ?? []);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
