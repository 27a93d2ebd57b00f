/** Finer rules and packets that meet often, for property tests. */
import fc from 'fast-check';
import type { OutsidePacket } from '../../../src/model/objects/egressrules.ts';
import { ip } from '../parsed.ts';

const network = fc.constantFrom(
  ...[
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.8.0/24',
    '10.1.8.72',
    '10.128.0.0/9',
    '192.0.2.0/24',
    '0.0.0.0/0',
    '10.1.8.74/31',
  ],
);
const ports = fc.constantFrom('443', '440-450', '1-65535', '1', '65535', '53', '444-460');
const protocol = fc.constantFrom('tcp', 'udp');
export const destination = fc.oneof(
  network,
  fc.tuple(protocol, ports).map((parts) => parts.join(':')),
  fc.tuple(protocol, network, ports).map((parts) => parts.join(':')),
  fc.tuple(protocol, network).map((parts) => parts.join(':')),
);
const list = fc.array(destination, { minLength: 1, maxLength: 5 }).map((all) => all.join(','));

/** Pairs of networks with one of these egress IPs each. */
export const pairsOf = (egressIPs: readonly string[]): fc.Arbitrary<string> =>
  fc
    .uniqueArray(network, { minLength: 1, maxLength: 3 })
    .chain((networks) =>
      fc
        .array(fc.constantFrom(...egressIPs), { minLength: networks.length, maxLength: networks.length })
        .map((ips) => networks.map((one, index) => `${one}=${ips[index]!}`).join(',')),
    );

/** Selectors, of labels that `someLabels` has. */
const podSelector = fc.constantFrom('app=web', 'app!=web', 'app in (web, db)', 'tier', '!tier', 'tier notin (a),app');
export const someLabels: fc.Arbitrary<Readonly<Record<string, string>>> = fc.record(
  { app: fc.constantFrom('web', 'db', 'cache'), tier: fc.constantFrom('a', 'b') },
  { requiredKeys: [] },
);

/** Annotations without their prefix. */
export const annotationsOf = (egressIPs: readonly string[]): fc.Arbitrary<Readonly<Record<string, string>>> =>
  fc.record(
    {
      ...{ destinations: list, 'except-destinations': list, 'destination-ips': pairsOf(egressIPs) },
      'pod-selector': podSelector,
    },
    { requiredKeys: [] },
  );

/** Packets to the edges of those networks and ports, and beyond. */
export const anyPacket: fc.Arbitrary<OutsidePacket> = fc
  .record({
    destination: fc
      .constantFrom(
        ...['10.0.0.0', '9.255.255.255', '10.255.255.255', '11.0.0.0', '10.1.8.72', '10.1.8.73', '10.1.8.74'],
        ...['10.1.8.75', '10.1.8.76', '10.1.9.0', '192.0.2.1', '0.0.0.0', '255.255.255.255', '10.128.0.0', '8.8.8.8'],
      )
      .map(ip),
    protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
    port: fc.constantFrom(1, 53, 439, 440, 443, 444, 450, 451, 460, 461, 65535),
  })
  .map(({ port, ...packet }) => ({ ...packet, port: packet.protocol === 'icmp' ? undefined : port }));
