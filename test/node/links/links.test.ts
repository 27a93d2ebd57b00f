/** What is read of the interfaces that ip prints. */
import { addressesOf, linksOf } from '../../../src/node/links/links.ts';

const inet = (local: unknown, more: object = {}): object => ({ family: 'inet', local, prefixlen: 24, ...more });

it('reads each interface with its MTU, whether it is up, and its IPv4 addresses in their order', () => {
  const text = JSON.stringify([
    { ifname: 'ens1', flags: ['LOWER_UP'], addr_info: [] },
    {
      ifname: 'br-ex',
      mtu: 1400,
      flags: ['UP', 'LOWER_UP'],
      addr_info: [
        { family: 'inet6', local: 'fe80::1', prefixlen: 64 },
        inet('192.168.7.11', { label: 'br-ex' }),
        inet('192.168.7.200', { label: 'br-ex:eip', secondary: true }),
      ],
    },
  ]);
  const own = { device: 'br-ex', ip: '192.168.7.11', prefixLength: 24, isOurs: false, isSecondary: false };
  const addresses = [own, { ...own, ip: '192.168.7.200', isOurs: true, isSecondary: true }];
  expect(linksOf(text)).toEqual([
    { device: 'ens1', mtu: undefined, isUp: false, addresses: [] },
    { device: 'br-ex', mtu: 1400, isUp: true, addresses },
  ]);
  expect(addressesOf(linksOf(text))).toEqual(addresses);
});

it('leaves out what is no address, and reads the others', () => {
  const infos = [null, 'x', inet(undefined), inet('192.168.7.300'), { local: '192.168.7.13' }, inet('192.168.7.14')];
  const [link] = linksOf(JSON.stringify([{ ifname: 'ens1', addr_info: infos }]));
  expect(link?.addresses.map(({ ip }) => ip)).toEqual(['192.168.7.14']);
  expect(linksOf(JSON.stringify([{ ifname: 'ens1', addr_info: {} }]))[0]?.addresses).toEqual([]);
});

it.each(['', '[]', '{}'])('of %j there is no interface', (text) => {
  expect(linksOf(text)).toEqual([]);
});
