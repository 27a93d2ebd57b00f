/** Whose connections are, which must end, and the passes that end them. */
import fc from 'fast-check';
import { type Ip } from '../../src/model/address.ts';
import { type Connection, readConnections } from '../../src/node/conntrack/connection.ts';
import { deletionPasses } from '../../src/node/conntrack/passes.ts';
import { judge, type Ownership } from '../../src/node/conntrack/stale.ts';
import { ctMark } from '../../src/node/ovs/pipeline.ts';
import { isOwner, noneAsked, ownerOf } from '../../src/node/owner.ts';
import { cidr, ip, vnid } from './states.ts';

const listing = `tcp      6 431999 ESTABLISHED src=10.254.0.2 dst=10.1.8.72 sport=40000 dport=8080 src=10.1.8.72 dst=192.168.7.11 sport=8080 dport=40000 [ASSURED] mark=0 use=1
udp      17 29 src=10.254.0.2 dst=10.1.8.72 sport=5353 dport=53 [UNREPLIED] src=10.1.8.72 dst=192.168.7.200 sport=53 dport=5353 mark=0 use=1
icmp     1 29 src=10.254.0.3 dst=10.1.8.72 type=8 code=0 id=7 src=10.1.8.72 dst=192.168.7.11 type=0 code=0 id=7 mark=0 use=1
tcp      6 100 ESTABLISHED src=10.254.0.2 dst=172.30.0.1 sport=40001 dport=443 src=192.168.7.10 dst=192.168.7.11 sport=6443 dport=40001 [ASSURED] mark=0 use=1
tcp      6 100 ESTABLISHED src=10.254.0.2 dst=10.254.1.9 sport=40002 dport=80 src=10.254.1.9 dst=10.254.0.2 sport=80 dport=40002 [ASSURED] mark=0 use=1
tcp      6 100 ESTABLISHED src=10.254.5.9 dst=10.1.8.72 sport=40003 dport=80 src=10.1.8.72 dst=192.168.7.201 sport=80 dport=40003 [ASSURED] mark=0 use=1
nonsense
`;

async function parseConnections(text: string): Promise<Connection[]> {
  const all: Connection[] = [];
  for await (const some of readConnections(text)) all.push(...some);
  return all;
}

test('connections are read from what conntrack prints', async () => {
  const all = await parseConnections(listing);
  expect(all).toHaveLength(6);
  expect(all[0]).toEqual({
    protocol: 'tcp',
    source: '10.254.0.2',
    destination: '10.1.8.72',
    sourcePort: '40000',
    destinationPort: '8080',
    translated: '192.168.7.11',
    rewritten: false,
    mark: 0,
  });
  expect(all.map(({ sourcePort }) => sourcePort)).toEqual(['40000', '5353', undefined, '40001', '40002', '40003']);
  expect(all[3]?.rewritten).toBe(true);
  expect(await parseConnections(listing.repeat(1_000))).toHaveLength(6_000);
});

test('every VNID has an owner of its own, and no other mark is one', () => {
  const owners = [noneAsked, ...[0, 10, 77, 0x8000, 0xc000, 0xffffff].map((netid) => ownerOf(vnid(netid), 14))];
  expect(new Set(owners).size).toBe(owners.length);
  expect(owners.every(isOwner)).toBe(true);
  expect([0, 77, 0xffffffff, ctMark.accepted, ctMark.ended].some(isOwner)).toBe(false);
});

const [red, blue] = [ownerOf(vnid(77), 14), ownerOf(vnid(78), 14)];
const [redIP, blueIP, nodeIP] = [ip('192.168.7.200'), ip('192.168.7.201'), ip('192.168.7.11')];
/** A node with pods of red (.2), of blue, whose egress IP is elsewhere (.3), and of nobody who asks (.4). */
const ownership: Ownership = {
  podNetworks: [cidr('10.254.0.0/16')],
  inside: [cidr('10.254.0.0/16'), cidr('172.30.0.0/16')],
  subnet: cidr('10.254.0.0/24'),
  snat: new Map([[red, redIP]]),
  hosted: new Set([redIP]),
  restricted: new Map([
    [ip('10.254.0.2'), { owner: red, source: redIP }],
    [ip('10.254.0.3'), { owner: blue, source: undefined }],
  ]),
  own: new Set([nodeIP, redIP]),
};
const connection = (source: string, translated: Ip, mark: number, more: Partial<Connection> = {}): Connection => ({
  protocol: 'udp',
  source: ip(source),
  destination: ip('10.1.8.72'),
  sourcePort: '1000',
  destinationPort: '53',
  translated,
  rewritten: false,
  mark,
  ...more,
});

test.each<readonly [string, Connection, boolean]>([
  ['of red with its egress IP', connection('10.254.0.2', redIP, red), false],
  ['of red on another node with its egress IP here', connection('10.254.1.9', redIP, red), false],
  ['of red with an address that it gave back', connection('10.254.0.2', blueIP, red), true],
  ['of red from before it asked', connection('10.254.0.2', nodeIP, noneAsked), true],
  ['of blue from before it asked', connection('10.254.0.3', nodeIP, noneAsked), true],
  ['of blue, whose egress IP moved away from here', connection('10.254.0.3', blueIP, blue), true],
  ['of blue on another node, whose egress IP moved away from here', connection('10.254.1.9', blueIP, blue), true],
  ['of a pod that left red', connection('10.254.0.4', redIP, red), true],
  ['of a pod that left red for blue', connection('10.254.0.3', redIP, red), true],
  ['of a pod that asks for nothing', connection('10.254.0.4', nodeIP, noneAsked), false],
  ['of a pod that asks for nothing, with an egress IP', connection('10.254.0.4', redIP, noneAsked), true],
  [
    'of a pod that asks for nothing, with an address that is not here any more',
    connection('10.254.0.4', blueIP, noneAsked),
    true,
  ],
  ['marked by nft', connection('10.254.0.4', nodeIP, ctMark.ended), true],
  ['of red that a Service rewrote', connection('10.254.0.2', nodeIP, noneAsked, { rewritten: true }), false],
  [
    'of red to a Service',
    connection('10.254.0.2', nodeIP, noneAsked, { destination: ip('172.30.0.1'), rewritten: true }),
    false,
  ],
  ['of red to a pod', connection('10.254.0.2', ip('10.254.0.2'), noneAsked, { destination: ip('10.254.1.9') }), false],
  [
    'to a pod from outside',
    connection('10.1.8.72', ip('10.1.8.72'), ctMark.accepted, { destination: nodeIP, rewritten: true }),
    false,
  ],
  ['of the node itself', connection('192.168.7.11', nodeIP, 0), false],
  ['of an older agent, of red with its egress IP', connection('10.254.0.2', redIP, 0), false],
  ['of an older agent, of red with the address of the node', connection('10.254.0.2', nodeIP, 0), true],
  ['of an older agent, of a pod on another node with an egress IP here', connection('10.254.1.9', redIP, 0), false],
  ["of an older agent, with an egress IP that is another node's by now", connection('10.254.1.9', blueIP, 0), true],
  ['of red without source NAT, from when its hop was elsewhere', connection('10.254.0.2', ip('10.254.0.2'), red), true],
  ['of blue without source NAT, on a hop elsewhere', connection('10.254.0.3', ip('10.254.0.3'), blue), false],
  [
    'without source NAT of a pod that asks for nothing any more',
    connection('10.254.0.4', ip('10.254.0.4'), blue),
    true,
  ],
])('a connection %s', (_what, one, stale) => {
  expect(judge(ownership)(one)).toBe(stale);
});

/** The table after conntrack has run with these arguments: each names the whole of what a connection must be. */
function deleted(table: readonly Connection[], args: readonly string[]): Connection[] {
  const inNetwork = (address: string, network: string): boolean => {
    const [first = '', length = '32'] = network.split('/');
    const bits = (text: string): string =>
      text
        .split('.')
        .map((part) => Number(part).toString(2).padStart(8, '0'))
        .join('')
        .slice(0, Number(length));
    return bits(address) === bits(first);
  };
  const options = new Map<string, string>();
  for (let at = 1; at < args.length; at += 2) options.set(args[at]!, args[at + 1]!);
  const is = (option: string, value: string | undefined): boolean =>
    !options.has(option) || options.get(option) === value;
  return table.filter(
    (one) =>
      is('--mark', String(one.mark)) &&
      is('-q', one.translated) &&
      is('-d', one.destination) &&
      is('-p', one.protocol) &&
      is('--sport', one.sourcePort) &&
      is('--dport', one.destinationPort) &&
      (!options.has('-s') || inNetwork(one.source, options.get('-s')!)),
  );
}

test('the passes delete what is stale and nothing else', () => {
  const some = (...all: string[]) => fc.constantFrom(...all);
  const one = fc.record({
    protocol: some('udp', 'tcp'),
    source: some('10.254.0.2', '10.254.0.3', '10.254.0.130', '10.254.7.1').map(ip),
    destination: some('10.1.8.72', '10.1.8.73').map(ip),
    sourcePort: some('1', '2'),
    destinationPort: some('53', '80'),
    translated: fc.constantFrom(redIP, blueIP, nodeIP),
    rewritten: fc.boolean(),
    mark: fc.constantFrom(0, red, blue, noneAsked),
  });
  const tuple = ({
    protocol,
    source,
    destination,
    sourcePort,
    destinationPort,
    translated,
    mark,
  }: Connection): string => [protocol, source, destination, sourcePort, destinationPort, translated, mark].join(' ');
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ connection: one, stale: fc.boolean() }), {
        selector: (judged) => tuple(judged.connection),
        maxLength: 40,
      }),
      (table) => {
        const gone = new Set(
          deletionPasses(table).flatMap((args) =>
            deleted(
              table.map(({ connection: each }) => each),
              args,
            ),
          ),
        );
        expect([...gone].map(tuple).sort()).toEqual(
          table
            .filter(({ stale }) => stale)
            .map(({ connection: each }) => tuple(each))
            .sort(),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('ten thousand connections of a namespace are as many passes as it has runs of pods, whatever they go to', () => {
  const table = Array.from({ length: 20_000 }, (_, index) => {
    const isRed = index % 2 === 0;
    return {
      connection: connection(`10.254.0.${isRed ? 64 + ((index / 2) % 64) : 200}`, nodeIP, noneAsked, {
        destination: ip(`10.${index >> 8}.${index & 255}.1`),
        sourcePort: String(index),
      }),
      stale: isRed,
    };
  });
  expect(deletionPasses(table)).toEqual([
    ['-D', '-f', 'ipv4', '--mark', String(noneAsked), '-q', nodeIP, '-s', '10.254.0.0/25'],
  ]);
  const moved = table.map(({ connection: each, stale }) => ({
    connection: { ...each, mark: stale ? red : noneAsked },
    stale,
  }));
  expect(deletionPasses(moved)).toEqual([['-D', '-f', 'ipv4', '--mark', String(red)]]);
});
