/** When tun0 needs no work. */
import { type Link, linksOf } from '../../../src/node/links/links.ts';
import { isTunConfigured, tunLines } from '../../../src/node/links/tun.ts';
import { nodeInput, scenes } from '../states.ts';

test('tun0 is configured when it is up with its MTU and its address alone', () => {
  const facts = nodeInput(Object.values(scenes)[0]!).facts;
  const address = { family: 'inet', local: facts.gateway, prefixlen: facts.subnet.length };
  const listing = (tun: object): Link[] =>
    linksOf(JSON.stringify([{ ifname: 'tun0', mtu: 1400, flags: ['UP', 'LOWER_UP'], addr_info: [address], ...tun }]));
  expect(isTunConfigured(listing({}), facts, 1400)).toBe(true);
  expect(isTunConfigured(listing({}), facts, 1450)).toBe(false);
  expect(isTunConfigured(listing({ flags: ['BROADCAST'] }), facts, 1400)).toBe(false);
  expect(isTunConfigured(listing({ addr_info: [] }), facts, 1400)).toBe(false);
  expect(isTunConfigured(listing({ addr_info: [address, { ...address, local: '10.254.9.1' }] }), facts, 1400)).toBe(
    false,
  );
  expect(isTunConfigured([], facts, 1400)).toBe(false);
});

test('nothing is written where tun0 and its routes are as they should be, and only what differs elsewhere', () => {
  const { facts, networks } = nodeInput(Object.values(scenes)[0]!);
  const address = { family: 'inet', local: facts.gateway, prefixlen: facts.subnet.length };
  const link = { ifname: 'tun0', mtu: 1400, flags: ['UP', 'LOWER_UP'], addr_info: [address] };
  const reached = [...networks.cluster, networks.service].map(({ text }) => text);
  const lines = (tun: object, routes: readonly string[]): string[] =>
    tunLines(
      { links: JSON.stringify([{ ...link, ...tun }]), routes: JSON.stringify(routes.map((dst) => ({ dst }))) },
      facts,
      networks,
      1400,
    );
  expect(lines({}, reached)).toEqual([]);
  expect(lines({}, [...reached.slice(1), '10.99.0.0/16'])).toEqual([
    `route replace ${reached[0]!} dev tun0 proto 157 scope link`,
    'route del 10.99.0.0/16 dev tun0 proto 157',
  ]);
  const wanted = `${facts.gateway}/${facts.subnet.length}`;
  expect(lines({ addr_info: [{ ...address, local: '10.254.9.1' }] }, reached)).toEqual([
    `addr del 10.254.9.1/${facts.subnet.length} dev tun0`,
    `addr replace ${wanted} brd + dev tun0`,
  ]);
  // a link that was down has lost its routes
  expect(lines({ flags: [] }, reached)).toEqual([
    'link set dev tun0 mtu 1400 up',
    ...reached.map((network) => `route replace ${network} dev tun0 proto 157 scope link`),
  ]);
});
