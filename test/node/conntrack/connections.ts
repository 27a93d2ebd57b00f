/** Connections of a node for tests, the node that they are judged by, and a table that conntrack deletes from. */
import fc from 'fast-check';
import { type EgressRules, readRules, ruleAnnotations } from '../../../src/model/objects/egressrules.ts';
import type { Ip } from '../../../src/model/values/address.ts';
import type { Connection } from '../../../src/node/conntrack/connection.ts';
import type { Ownership } from '../../../src/node/conntrack/stale.ts';
import { inboundOwnerOf, ownerOf, unaskedOwnerOf } from '../../../src/node/ovs/owner.ts';
import { unasked } from '../../../src/node/ovs/pipeline.ts';
import { cidr, ip, vnid } from '../states.ts';

export const [red, blue] = [ownerOf(vnid(77), 14), ownerOf(vnid(78), 14)];
/** The owners of red and blue while they ask for nothing, and of plain, which never asks. */
export const [wasRed, wasBlue, plain] = [77, 78, 79].map((netid) => unaskedOwnerOf(vnid(netid), 14)) as [
  number,
  number,
  number,
];
/** The owners of connections that came in to red, blue and plain. */
export const [toRed, toBlue, toPlain] = [77, 78, 79].map((netid) => inboundOwnerOf(vnid(netid))) as [
  number,
  number,
  number,
];
export const [redIP, blueIP, nodeIP] = [ip('192.168.7.200'), ip('192.168.7.201'), ip('192.168.7.11')];
/** Another node. */
export const peer = ip('192.168.7.12');
const podsHere = new Map([
  [ip('10.254.0.2'), { inbound: toRed, unasked: wasRed }],
  [ip('10.254.0.3'), { inbound: toBlue, unasked: wasBlue }],
  [ip('10.254.0.4'), { inbound: toPlain, unasked: plain }],
  [ip('10.254.0.130'), { inbound: toPlain, unasked: plain }],
]);
/**
 * A node with pods of red (.2), of blue, whose egress IP is elsewhere (.3), and of plain, which does not ask (.4,
 * .130).
 */
export const ownership: Ownership = {
  podNetworks: [cidr('10.254.0.0/16')],
  inside: [cidr('10.254.0.0/16'), cidr('172.30.0.0/16')],
  subnet: cidr('10.254.0.0/24'),
  snat: new Map([[red, redIP]]),
  draining: [],
  hosted: new Set([redIP]),
  restricted: new Map([
    [ip('10.254.0.2'), { owner: red, source: redIP, beginsHere: true }],
    [ip('10.254.0.3'), { owner: blue, source: undefined, beginsHere: false }],
  ]),
  attached: new Set(podsHere.keys()),
  pods: podsHere,
  nodes: new Set([nodeIP, peer]),
  own: new Set([nodeIP, redIP]),
};
export const connection = (
  source: string,
  translated: Ip,
  mark: number,
  more: Partial<Connection> = {},
): Connection => ({
  protocol: 'udp',
  source: ip(source),
  destination: ip('10.1.8.72'),
  sourcePort: '1000',
  destinationPort: '53',
  translated,
  answerer: more.destination ?? '10.1.8.72',
  mark,
  ...more,
});

/** The table after conntrack has run with these arguments: each names the whole of what a connection must be. */
export function deleted(table: readonly Connection[], args: readonly string[]): Connection[] {
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
      is('-r', one.answerer) &&
      is('-d', one.destination) &&
      is('-p', one.protocol) &&
      is('--sport', one.sourcePort) &&
      is('--dport', one.destinationPort) &&
      (!options.has('-s') || inNetwork(one.source, options.get('-s')!)),
  );
}

const some = (...all: string[]) => fc.constantFrom(...all);
export const anyConnection = fc.record({
  protocol: some('udp', 'tcp'),
  source: some('10.254.0.2', '10.254.0.3', '10.254.0.130', '10.254.7.1', '10.1.8.72').map(ip),
  destination: some('10.1.8.72', '10.1.8.73', '172.30.0.1').map(ip),
  sourcePort: some('1', '2'),
  destinationPort: some('53', '80'),
  translated: fc.constantFrom(redIP, blueIP, nodeIP),
  answerer: fc.constantFrom('10.1.8.72', peer, nodeIP, '10.254.0.3', '10.254.0.130'),
  mark: fc.constantFrom(0, red, blue, wasRed, plain, unasked.unknown, toRed, toPlain),
});
export const tuple = ({
  protocol,
  source,
  destination,
  sourcePort,
  destinationPort,
  translated,
  answerer,
  mark,
}: Connection): string =>
  [protocol, source, destination, sourcePort, destinationPort, translated, answerer, mark].join(' ');

/** Finer rules by protocol, port and network, with an egress IP by network. */
const someRules: readonly EgressRules[] = [
  { destinations: 'tcp:80' },
  { except: '10.1.8.72,udp:53' },
  { destinationIPs: `10.1.8.72=${redIP},10.1.8.0/24=${blueIP}` },
].flatMap(
  (texts: Partial<Record<keyof typeof ruleAnnotations, string>>) =>
    readRules(
      Object.fromEntries(
        (['destinations', 'except', 'destinationIPs'] as const).flatMap((name) =>
          texts[name] === undefined ? [] : [[ruleAnnotations[name], texts[name]]],
        ),
      ),
    ).rules ?? [],
);

/** Nodes like `ownership`, each with other pods, owners and addresses. */
export const anyOwnership: fc.Arbitrary<Ownership> = fc
  .record({
    snat: fc.uniqueArray(fc.tuple(fc.constantFrom(red, blue), fc.constantFrom(redIP, blueIP)), {
      selector: ([owner]) => owner,
    }),
    draining: fc.uniqueArray(
      fc.constantFrom({ owner: red, source: blueIP }, { owner: blue, source: blueIP }, { owner: blue, source: redIP }),
    ),
    hosted: fc.uniqueArray(fc.constantFrom(redIP, blueIP)),
    restricted: fc.uniqueArray(
      fc.tuple(
        fc.constantFrom('10.254.0.2', '10.254.0.3', '10.254.0.130').map(ip),
        fc
          .record({
            owner: fc.constantFrom(red, blue),
            source: fc.constantFrom(undefined, redIP, blueIP),
            beginsHere: fc.boolean(),
            rules: fc.option(fc.constantFrom(...someRules), { nil: undefined }),
            drains: fc.constantFrom([], [redIP], [blueIP]),
            drainsElsewhere: fc.boolean(),
          })
          .map(({ rules, ...pod }) => ({ ...pod, ...(rules === undefined ? {} : { rules }) })),
      ),
      { selector: ([pod]) => pod },
    ),
    own: fc.uniqueArray(fc.constantFrom(redIP, blueIP, nodeIP)),
    attached: fc.uniqueArray(fc.constantFrom(...podsHere.keys())),
    moved: fc.boolean(),
    nodes: fc.constantFrom([nodeIP], [nodeIP, peer]),
    podNetworks: fc.constantFrom([cidr('10.254.0.0/16')], [cidr('10.254.0.0/16'), cidr('10.1.0.0/16')]),
  })
  .map(({ snat, draining, hosted, restricted, own, podNetworks, attached, moved, nodes }) => ({
    ...ownership,
    podNetworks,
    attached: new Set(attached),
    pods: new Map(
      attached.map((pod) => [pod, moved ? { inbound: toBlue, unasked: wasBlue } : podsHere.get(pod)!] as const),
    ),
    nodes: new Set(nodes),
    snat: new Map(snat),
    draining,
    hosted: new Set(hosted),
    restricted: new Map(restricted),
    own: new Set(own),
  }));
