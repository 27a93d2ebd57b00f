/** When tun0 needs no work. */
import { type Link, linksOf } from '../../../src/node/links/links.ts';
import { isTunConfigured } from '../../../src/node/links/tun.ts';
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
