/** Egress IPs on the uplink: which interface that is, what it can carry, and what changes. */
import type { Cidr, Ip } from '../../../src/model/values/address.ts';
import {
  addressCommands,
  findUplink,
  foreignAmong,
  gatewaysOf,
  labelOf,
  planAddresses,
  refusal,
  removalLines,
} from '../../../src/node/links/addresses.ts';
import { addressesOf, type Link, linksOf } from '../../../src/node/links/links.ts';
import { cidr, ip, value } from '../states.ts';

const printed = (links: readonly object[]): Link[] => linksOf(JSON.stringify(links));

const shown = printed([
  { ifname: 'lo', mtu: 65536, addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, label: 'lo' }] },
  {
    ifname: 'br-ex',
    mtu: 1500,
    addr_info: [
      { family: 'inet', local: '192.168.7.11', prefixlen: 24, label: 'br-ex' },
      { family: 'inet', local: '192.168.7.200', prefixlen: 24, label: 'br-ex:eip' },
      { family: 'inet6', local: 'fe80::1', prefixlen: 64 },
    ],
  },
  { ifname: 'old0', mtu: 1500, addr_info: [{ family: 'inet', local: '10.1.1.1', prefixlen: 32, label: 'old0:eip' }] },
]);

test('the uplink is the interface that has the node address', () => {
  expect(findUplink(shown, ip('192.168.7.11'))).toEqual({
    ok: true,
    value: { device: 'br-ex', prefixLength: 24, network: cidr('192.168.7.0/24'), mtu: 1500 },
  });
  expect(findUplink(shown, ip('192.168.7.99'))).toEqual({
    ok: false,
    error: "no interface of this machine has the node's address 192.168.7.99 (hostIP of its HostSubnet)",
  });
});

describe.each(['bond0', 'bond0.100', 'team0', 'br-uplink', 'ens3.4094', 'eth-storage'])(
  'an uplink called %s',
  (device) => {
    const inet = (local: string, prefixlen: number, label = device): object => ({
      family: 'inet',
      local,
      prefixlen,
      label,
    });
    const host = (own: object[], ...more: object[]): Link[] =>
      printed([
        { ifname: 'lo', mtu: 65536, addr_info: [inet('127.0.0.1', 8, 'lo'), inet('192.168.7.11', 32, 'lo')] },
        { ifname: 'ens1', mtu: 9000, master: 'bond0', addr_info: [] },
        { ifname: 'ens2', mtu: 9000, master: 'bond0', addr_info: [inet('10.9.0.1', 24, 'ens2')] },
        ...more,
        { ifname: device, link: 'bond0', mtu: 9000, addr_info: own },
      ]);

    it('is the one that carries hostIP, whatever else has addresses, in each order of its own', () => {
      const addresses = [inet('172.16.0.5', 12), inet('192.168.7.11', 24), inet('192.168.8.11', 23)];
      for (const own of [addresses, addresses.toReversed()]) {
        const found = value(findUplink(host(own), ip('192.168.7.11')));
        expect(found).toEqual({ device, prefixLength: 24, network: cidr('192.168.7.0/24'), mtu: 9000 });
        const links = host([...own, inet('192.168.7.200', 24, `${device}:eip`)]);
        const plan = planAddresses(addressesOf(links), found, ip('192.168.7.11'), new Set([ip('192.168.7.201')]));
        expect(addressCommands(plan, found).add).toEqual([
          `addr add 192.168.7.201/24 brd + dev ${device} label ${device}:eip`,
        ]);
        expect(removalLines(plan.remove)).toEqual([`addr del 192.168.7.200/24 dev ${device}`]);
      }
    });

    it('is not the one that has hostIP as an egress IP of its network only', () => {
      expect(findUplink(host([inet('192.168.7.12', 24)]), ip('192.168.7.13')).ok).toBe(false);
    });
  },
);

test('a wanted egress IP that somebody else put on an interface is refused', () => {
  const present = addressesOf(shown);
  const [ours] = present.filter(({ isOurs }) => isOurs);
  const [theirs] = present.filter(({ isOurs, device }) => !isOurs && device !== 'lo');
  const found = foreignAmong(present, new Set([ours!.ip, theirs!.ip, ip('192.168.7.250')]));
  expect([...found]).toEqual([
    [theirs!.ip, `egress IP ${theirs!.ip} is on ${theirs!.device} already, where somebody else has put it`],
  ]);
});

test('hostIP on loopback alone is an uplink that carries no egress IP', () => {
  const links = printed([
    { ifname: 'lo', mtu: 65536, addr_info: [{ family: 'inet', local: '192.168.7.11', prefixlen: 32, label: 'lo' }] },
  ]);
  const uplink = value(findUplink(links, ip('192.168.7.11')));
  expect(refusal(uplink, { nodeIP: ip('192.168.7.11'), gateways: new Set() }, ip('192.168.7.200'))).toBe(
    'egress IP 192.168.7.200 lies outside 192.168.7.11/32, the network of lo',
  );
});

test('addresses with our label that nobody wants go, on any interface; the wanted one comes', () => {
  const uplink = value(findUplink(shown, ip('192.168.7.11')));
  const plan = planAddresses(addressesOf(shown), uplink, ip('192.168.7.11'), new Set([ip('192.168.7.201')]));
  expect(addressCommands(plan, uplink)).toEqual({
    add: ['addr add 192.168.7.201/24 brd + dev br-ex label br-ex:eip'],
    behind: [],
  });
  expect(removalLines(plan.remove)).toEqual(['addr del 192.168.7.200/24 dev br-ex', 'addr del 10.1.1.1/32 dev old0']);
  expect(planAddresses(addressesOf(shown), uplink, ip('192.168.7.11'), new Set([ip('192.168.7.200')])).add).toEqual([]);
});

test('an egress IP that the interface cannot carry is refused with the reason', () => {
  const uplink = value(findUplink(shown, ip('192.168.7.11')));
  const node = {
    nodeIP: ip('192.168.7.11'),
    gateways: gatewaysOf(
      '[{"dst":"default","gateway":"192.168.7.1"},{"dst":"10.0.0.0/8","nexthops":[{"gateway":"192.168.7.2"},{"dev":"x"}]}]',
    ),
  };
  expect(refusal(uplink, node, ip('192.168.7.200'))).toBeUndefined();
  expect(refusal(uplink, node, ip('192.168.7.1'))).toBe("egress IP 192.168.7.1 is the address of the node's gateway");
  expect(refusal(uplink, node, ip('192.168.7.2'))).toContain('gateway');
  expect(refusal(uplink, node, ip('192.168.7.0'))).toBe('egress IP 192.168.7.0 is the address of the network of br-ex');
  expect(refusal(uplink, node, ip('192.168.7.255'))).toBe(
    'egress IP 192.168.7.255 is the broadcast address of the network of br-ex',
  );
  expect(refusal({ ...uplink, network: cidr('192.168.7.200/31') }, node, ip('192.168.7.200'))).toBeUndefined();
  expect(refusal(uplink, node, ip('192.168.8.1'))).toBe(
    'egress IP 192.168.8.1 lies outside 192.168.7.0/24, the network of br-ex',
  );
  expect(refusal(uplink, node, ip('192.168.7.11'))).toBe("egress IP 192.168.7.11 is the node's own address");
});

test("egress IPs that stand before the node's address are taken off and put back, so that they come behind it", () => {
  const address = (local: string, label: string, secondary: boolean) => ({
    family: 'inet',
    local,
    prefixlen: 24,
    label,
    ...(secondary ? { secondary } : {}),
  });
  const present = (...infos: object[]) => printed([{ ifname: 'br-ex', mtu: 1500, addr_info: infos }]);
  const commands = (links: readonly Link[]) => {
    const uplink = value(findUplink(links, ip('192.168.7.11')));
    return addressCommands(
      planAddresses(
        addressesOf(links),
        uplink,
        ip('192.168.7.11'),
        new Set([ip('192.168.7.200'), ip('192.168.7.201')]),
      ),
      uplink,
    ).behind;
  };
  const [first, second] = [address('192.168.7.200', 'br-ex:eip', false), address('192.168.7.201', 'br-ex:eip', true)];
  expect(commands(present(first, address('192.168.7.11', 'br-ex', true), second))).toEqual([
    'addr del 192.168.7.200/24 dev br-ex',
    'addr add 192.168.7.200/24 brd + dev br-ex label br-ex:eip',
  ]);
  expect(commands(present(address('192.168.7.11', 'br-ex', false), { ...first, secondary: true }, second))).toEqual([]);
  expect(commands(present(first, second, address('192.168.7.11', 'br-ex', true)))).toHaveLength(4);
});

test('a label has at most 15 characters; an address of an interface with a longer name has none', () => {
  expect(labelOf('abcdefghijk')).toBe('abcdefghijk:eip');
  expect(labelOf('abcdefghijkl')).toBeUndefined();
  const uplink = { ...value(findUplink(shown, ip('192.168.7.11'))), device: 'enp134s0f0np0' };
  const plan = planAddresses([], uplink, ip('192.168.7.11'), new Set([ip('192.168.7.201')]));
  expect(addressCommands(plan, uplink).add).toEqual(['addr add 192.168.7.201/24 brd + dev enp134s0f0np0']);
});

test('the network of an address with 32 bits is what the cloud says, if it has the address', () => {
  const info = [{ family: 'inet', local: '192.168.7.12', prefixlen: 32, label: 'ens4' }];
  const links = printed([{ ifname: 'ens4', mtu: 1460, addr_info: info }]);
  const node = { nodeIP: ip('192.168.7.12'), gateways: new Set<Ip>() };
  const refusalIn = (cloud?: Cidr) => refusal(value(findUplink(links, node.nodeIP, cloud)), node, ip('192.168.7.224'));
  expect(refusalIn(cidr('192.168.7.0/24'))).toBeUndefined();
  const outside = 'egress IP 192.168.7.224 lies outside 192.168.7.12/32, the network of ens4';
  expect([refusalIn(), refusalIn(cidr('10.0.0.0/24'))]).toEqual([outside, outside]);
});
