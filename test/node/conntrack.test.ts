/** Whose connections are, which must end, and the passes that end them. */
import fc from 'fast-check';
import { type Ip } from '../../src/model/address.ts';
import { affected, lostSources, selectionArgs } from '../../src/node/conntrack/affected.ts';
import { type Connection, readConnections } from '../../src/node/conntrack/connection.ts';
import { deletionPasses, passOver } from '../../src/node/conntrack/passes.ts';
import { judge, type Ownership } from '../../src/node/conntrack/stale.ts';
import { Touched } from '../../src/node/conntrack/touched.ts';
import { isOwner, noneAsked, ownerOf } from '../../src/node/ovs/owner.ts';
import { ctMark } from '../../src/node/ovs/pipeline.ts';
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

const some = (...all: string[]) => fc.constantFrom(...all);
const anyConnection = fc.record({
  protocol: some('udp', 'tcp'),
  source: some('10.254.0.2', '10.254.0.3', '10.254.0.130', '10.254.7.1').map(ip),
  destination: some('10.1.8.72', '10.1.8.73').map(ip),
  sourcePort: some('1', '2'),
  destinationPort: some('53', '80'),
  translated: fc.constantFrom(redIP, blueIP, nodeIP),
  rewritten: fc.boolean(),
  mark: fc.constantFrom(0, red, blue, noneAsked),
});
const tuple = ({ protocol, source, destination, sourcePort, destinationPort, translated, mark }: Connection): string =>
  [protocol, source, destination, sourcePort, destinationPort, translated, mark].join(' ');

test('the passes delete what is stale and nothing else', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ connection: anyConnection, stale: fc.boolean() }), {
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

/** Nodes like `ownership`, each with other pods, owners and addresses. */
const anyOwnership: fc.Arbitrary<Ownership> = fc
  .record({
    snat: fc.uniqueArray(fc.tuple(fc.constantFrom(red, blue), fc.constantFrom(redIP, blueIP)), {
      selector: ([owner]) => owner,
    }),
    hosted: fc.uniqueArray(fc.constantFrom(redIP, blueIP)),
    restricted: fc.uniqueArray(
      fc.tuple(
        fc.constantFrom('10.254.0.2', '10.254.0.3', '10.254.0.130').map(ip),
        fc.record({ owner: fc.constantFrom(red, blue), source: fc.constantFrom(undefined, redIP, blueIP) }),
      ),
      { selector: ([pod]) => pod },
    ),
    own: fc.uniqueArray(fc.constantFrom(redIP, blueIP, nodeIP)),
    podNetworks: fc.constantFrom([cidr('10.254.0.0/16')], [cidr('10.254.0.0/16'), cidr('10.1.0.0/16')]),
  })
  .map(({ snat, hosted, restricted, own, podNetworks }) => ({
    ...ownership,
    podNetworks,
    snat: new Map(snat),
    hosted: new Set(hosted),
    restricted: new Map(restricted),
    own: new Set(own),
  }));

test('whatever a change makes stale is deleted by a look at what the change touches, and nothing else', () => {
  const tuples = fc.uniqueArray(anyConnection, { selector: tuple, maxLength: 40 });
  fc.assert(
    fc.property(tuples, anyOwnership, anyOwnership, (all, before, after) => {
      const table = all.filter((one) => !judge(before)(one));
      const isStale = judge(after);
      const selections = affected(before, after);
      const looks = selections === 'all' ? [undefined] : selections;
      const gone = new Set(
        looks.flatMap((selection) => {
          const seen = selection === undefined ? table : deleted(table, ['-L', ...selectionArgs(selection)]);
          const judged = seen.map((each) => ({ connection: each, stale: isStale(each) }));
          return deletionPasses(judged, selection).flatMap((args) => deleted(table, args));
        }),
      );
      expect([...gone].map(tuple).sort()).toEqual(table.filter(isStale).map(tuple).sort());
    }),
    { numRuns: 2_000 },
  );
});

test('of several plans each is looked at, also where the last is as the first', () => {
  const touched = new Touched();
  touched.note(ownership);
  expect(touched.isEmpty()).toBe(true);
  touched.note({
    ...ownership,
    snat: new Map([
      [red, redIP],
      [blue, blueIP],
    ]),
  });
  touched.note(ownership);
  expect(touched.takeLost()).toEqual([{ mark: blue, translated: blueIP }]);
  expect(touched.takeLost()).toEqual([]);
  expect(touched.takeSelections()).toEqual([{ mark: blue }]);
  expect(touched.isEmpty()).toBe(true);
});

test('a source that an owner has again is not lost', () => {
  const touched = new Touched();
  touched.note(ownership);
  touched.note({ ...ownership, snat: new Map() });
  touched.note(ownership);
  expect(touched.takeLost()).toEqual([]);
  expect(touched.takeSelections()).toEqual([{ mark: red }]);
});

test('what touches much is one look at everything, and a look that failed is made again', () => {
  const touched = new Touched();
  touched.note(ownership);
  touched.note({ ...ownership, own: new Set(Array.from({ length: 20 }, (_, index) => ip(`192.168.8.${index}`))) });
  const taken = touched.takeSelections();
  expect(taken).toBe('all');
  touched.add(taken);
  expect(touched.isEmpty()).toBe(false);
});

test('a pass over what an owner lost deletes nothing that is not stale', () => {
  fc.assert(
    fc.property(fc.array(anyConnection), anyOwnership, anyOwnership, (table, before, after) => {
      const gone = lostSources(before, after).flatMap((lost) => deleted(table, passOver(lost)));
      // what our NAT has never done is not asked about: it translates what leaves pods for the outside
      const translated = gone.filter(({ source, translated: to }) => source !== to);
      expect(translated.every(judge(after))).toBe(true);
    }),
  );
});

test('a change looks at no more than it touches', () => {
  expect(affected(ownership, ownership)).toEqual([]);
  expect(affected(ownership, { ...ownership, snat: new Map(), hosted: new Set(), own: new Set([nodeIP]) })).toEqual([
    { mark: red },
    { translated: redIP },
  ]);
  expect(affected(ownership, { ...ownership, restricted: new Map() })).toEqual([
    { source: '10.254.0.2' },
    { source: '10.254.0.3' },
  ]);
  expect(affected(ownership, { ...ownership, subnet: cidr('10.254.1.0/24') })).toBe('all');
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
