/** What the lines of ip monitor mean to the agent. */
import { isOfPodsOnly, losesRouting } from '../../../src/node/agent/monitor.ts';

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
