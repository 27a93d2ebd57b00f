import type { Cidr, Ip } from '../../../src/model/values/address.ts';
import { isOfPodsOnly, losesRouting } from '../../../src/node/agent/monitor.ts';
import { nextAddress } from '../../../src/node/cni/pods.ts';
import {
  addressCommands,
  findUplink,
  foreignAmong,
  gatewaysOf,
  labelOf,
  parseAddresses,
  planAddresses,
  refusal,
  removalLines,
} from '../../../src/node/links/addresses.ts';
import { isTunConfigured } from '../../../src/node/links/tun.ts';
import { cidr, ip, nodeInput, scenes, value } from '../states.ts';

const shown = JSON.stringify([
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
    const host = (own: object[], ...more: object[]): string =>
      JSON.stringify([
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
        const json = host([...own, inet('192.168.7.200', 24, `${device}:eip`)]);
        const plan = planAddresses(parseAddresses(json), found, ip('192.168.7.11'), new Set([ip('192.168.7.201')]));
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
  const present = parseAddresses(shown);
  const [ours] = present.filter(({ isOurs }) => isOurs);
  const [theirs] = present.filter(({ isOurs, device }) => !isOurs && device !== 'lo');
  const found = foreignAmong(present, new Set([ours!.ip, theirs!.ip, ip('192.168.7.250')]));
  expect([...found]).toEqual([
    [theirs!.ip, `egress IP ${theirs!.ip} is on ${theirs!.device} already, where somebody else has put it`],
  ]);
});

test('hostIP on loopback alone is an uplink that carries no egress IP', () => {
  const json = JSON.stringify([
    { ifname: 'lo', mtu: 65536, addr_info: [{ family: 'inet', local: '192.168.7.11', prefixlen: 32, label: 'lo' }] },
  ]);
  const uplink = value(findUplink(json, ip('192.168.7.11')));
  expect(refusal(uplink, { nodeIP: ip('192.168.7.11'), gateways: new Set() }, ip('192.168.7.200'))).toBe(
    'egress IP 192.168.7.200 lies outside 192.168.7.11/32, the network of lo',
  );
});

test('addresses with our label that nobody wants go, on any interface; the wanted one comes', () => {
  const uplink = value(findUplink(shown, ip('192.168.7.11')));
  const plan = planAddresses(parseAddresses(shown), uplink, ip('192.168.7.11'), new Set([ip('192.168.7.201')]));
  expect(addressCommands(plan, uplink)).toEqual({
    add: ['addr add 192.168.7.201/24 brd + dev br-ex label br-ex:eip'],
    behind: [],
  });
  expect(removalLines(plan.remove)).toEqual(['addr del 192.168.7.200/24 dev br-ex', 'addr del 10.1.1.1/32 dev old0']);
  expect(planAddresses(parseAddresses(shown), uplink, ip('192.168.7.11'), new Set([ip('192.168.7.200')])).add).toEqual(
    [],
  );
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
  const present = (...infos: object[]) => JSON.stringify([{ ifname: 'br-ex', mtu: 1500, addr_info: infos }]);
  const commands = (json: string) => {
    const uplink = value(findUplink(json, ip('192.168.7.11')));
    return addressCommands(
      planAddresses(
        parseAddresses(json),
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
  const json = JSON.stringify([{ ifname: 'ens4', mtu: 1460, addr_info: info }]);
  const node = { nodeIP: ip('192.168.7.12'), gateways: new Set<Ip>() };
  const refusalIn = (cloud?: Cidr) => refusal(value(findUplink(json, node.nodeIP, cloud)), node, ip('192.168.7.224'));
  expect(refusalIn(cidr('192.168.7.0/24'))).toBeUndefined();
  const outside = 'egress IP 192.168.7.224 lies outside 192.168.7.12/32, the network of ens4';
  expect([refusalIn(), refusalIn(cidr('10.0.0.0/24'))]).toEqual([outside, outside]);
});

test('pod addresses go round the subnet, and a used one is never given', () => {
  const subnet = cidr('10.254.0.0/29');
  expect(nextAddress(subnet, new Set(), undefined)).toEqual({ ok: true, value: '10.254.0.2' });
  expect(nextAddress(subnet, new Set(), ip('10.254.0.2'))).toEqual({ ok: true, value: '10.254.0.3' });
  expect(nextAddress(subnet, new Set(), ip('10.254.0.6'))).toEqual({ ok: true, value: '10.254.0.2' });
  expect(nextAddress(subnet, new Set([ip('10.254.0.2')]), ip('10.254.0.6'))).toEqual({ ok: true, value: '10.254.0.3' });
  const all = new Set([2, 3, 4, 5, 6].map((octet) => ip(`10.254.0.${octet}`)));
  expect(nextAddress(subnet, all, undefined)).toEqual({
    ok: false,
    error: 'no address is free in 10.254.0.0/29: 5 pods have one',
  });
});

test("after the node's subnet changed, its first address is given, whatever was given last", () => {
  for (const subnet of ['10.254.2.0/24', '10.254.3.0/24', '10.254.4.0/24', '10.253.0.0/30']) {
    const first = subnet.replace(/\.0\/.*$/, '.2');
    for (const last of [
      '10.254.1.2',
      '10.254.1.9',
      '10.254.1.250',
      '10.255.0.1',
      subnet.replace(/\/.*$/, ''),
      subnet.replace(/\.0\/.*$/, '.1'),
    ]) {
      expect(nextAddress(cidr(subnet), new Set(), ip(last))).toEqual({ ok: true, value: first });
    }
  }
});

test('what takes routes or rules of ours away is told from all else that ip monitor prints', () => {
  const tun = (flags: string): string =>
    `[LINK]7: tun0: <${flags}> mtu 1400 qdisc noqueue state UNKNOWN group default \n    link/ether 0a:58:0a:fe:00:01 brd ff:ff:ff:ff:ff:ff\n`;
  expect(losesRouting(tun('BROADCAST,MULTICAST'))).toBe(true);
  expect(losesRouting(tun('BROADCAST,MULTICAST,UP,LOWER_UP'))).toBe(false);
  expect(losesRouting('[ROUTE]Deleted 10.254.0.0/16 dev tun0 proto 157 scope link \n')).toBe(true);
  expect(losesRouting('[ROUTE]Deleted unreachable default table 10490 proto 157 metric 4278198272 \n')).toBe(true);
  expect(losesRouting('[ROUTE]10.254.0.0/16 dev tun0 proto 157 scope link \n')).toBe(false);
  expect(losesRouting('[ROUTE]Deleted 10.1.0.0/16 via 192.168.7.1 dev br-ex \n')).toBe(false);
  expect(losesRouting('[RULE]Deleted 91: from all iif tun0 lookup 10490 proto 157\n')).toBe(true);
});

test('routes and links of pods are no change of the addresses', () => {
  expect(isOfPodsOnly('[ROUTE]10.254.0.0/16 dev tun0 proto 157 scope link \n')).toBe(true);
  expect(
    isOfPodsOnly(
      '[LINK]9: veth0123456789@if2: <BROADCAST> mtu 1400\n[ROUTE]fe80::/64 dev veth0123456789 proto kernel\n',
    ),
  ).toBe(true);
  expect(
    isOfPodsOnly('[ROUTE]10.1.0.0/16 dev br-ex\n[ADDR]3: br-ex    inet 192.168.7.201/24 scope global br-ex:eip\n'),
  ).toBe(false);
});

test('tun0 is configured when it is up with its MTU and its address alone', () => {
  const facts = nodeInput(Object.values(scenes)[0]!).facts;
  const address = { family: 'inet', local: facts.gateway, prefixlen: facts.subnet.length };
  const listing = (tun: object): string =>
    JSON.stringify([{ ifname: 'tun0', mtu: 1400, flags: ['UP', 'LOWER_UP'], addr_info: [address], ...tun }]);
  expect(isTunConfigured(listing({}), facts, 1400)).toBe(true);
  expect(isTunConfigured(listing({}), facts, 1450)).toBe(false);
  expect(isTunConfigured(listing({ flags: ['BROADCAST'] }), facts, 1400)).toBe(false);
  expect(isTunConfigured(listing({ addr_info: [] }), facts, 1400)).toBe(false);
  expect(isTunConfigured(listing({ addr_info: [address, { ...address, local: '10.254.9.1' }] }), facts, 1400)).toBe(
    false,
  );
  expect(isTunConfigured('[]', facts, 1400)).toBe(false);
});
