import { Netids } from '../../src/model/netids.ts';
import { Subnets } from '../../src/model/subnets.ts';
import { isVnid } from '../../src/model/vnid.ts';
import { cidr, valid, vnid } from './parsed.ts';

test('VNIDs: default has 0, others count from 10 past what is held', () => {
  const netids = new Netids([vnid(11), vnid(0)]);
  expect(['default', 'a', 'b'].map((name) => valid(netids.allocate(name)))).toEqual([0, 10, 12]);
});

test('a VNID stays held while a joined namespace has it, and is not used again at once', () => {
  const netids = new Netids([vnid(10), vnid(10)]);
  netids.release(vnid(10));
  expect(netids.isHeld(vnid(10))).toBe(true);
  netids.release(vnid(10));
  expect(netids.isHeld(vnid(10))).toBe(false);
  expect([valid(netids.allocate('a')), valid(netids.allocate('b'))]).toEqual([10, 11]);
  netids.release(vnid(11));
  expect(valid(netids.allocate('c'))).toBe(12);
});

test('VNIDs run out only when all are held', () => {
  const netids = new Netids();
  for (let id = 10; id < 2 ** 24; id++) if (id !== 777 && isVnid(id)) netids.hold(id);
  expect(valid(netids.allocate('last'))).toBe(777);
  expect(netids.allocate('one more')).toEqual({ ok: false, error: 'all VNIDs from 10 to 16777215 are in use' });
});

const networks = [
  { cidr: cidr('10.128.0.0/14'), hostSubnetLength: 9 },
  { cidr: cidr('10.254.0.0/22'), hostSubnetLength: 9 },
];

test('subnets go up through the networks in order, past what is held, and can run out', () => {
  const subnets = new Subnets(networks, [cidr('10.128.2.0/23')]);
  const given = Array.from({ length: 513 }, () => valid(subnets.allocate()).text);
  expect(given.slice(0, 3)).toEqual(['10.128.0.0/23', '10.128.4.0/23', '10.128.6.0/23']);
  expect(given.slice(-3)).toEqual(['10.131.254.0/23', '10.254.0.0/23', '10.254.2.0/23']);
  expect(new Set(given).size).toBe(513);
  expect(subnets.allocate()).toEqual({ ok: false, error: 'all subnets of the cluster networks are in use' });
  subnets.release(cidr('10.129.0.0/23'));
  expect(valid(subnets.allocate()).text).toBe('10.129.0.0/23');
});

test('a held subnet of another size blocks what it overlaps; one held twice stays held when one lets go', () => {
  const subnets = new Subnets(networks, [
    cidr('10.128.0.0/22'),
    cidr('10.128.4.128/25'),
    cidr('10.128.6.0/23'),
    cidr('10.128.6.0/23'),
  ]);
  subnets.release(cidr('10.128.6.0/23'));
  expect(valid(subnets.allocate()).text).toBe('10.128.8.0/23');
  subnets.release(cidr('10.128.0.0/22'));
  expect(valid(subnets.allocate()).text).toBe('10.128.0.0/23');
});

test('IPv6 networks are cut the same way', () => {
  const subnets = new Subnets([{ cidr: cidr('fd01::/48'), hostSubnetLength: 64 }]);
  expect([valid(subnets.allocate()).text, valid(subnets.allocate()).text]).toEqual(['fd01::/64', 'fd01:0:0:1::/64']);
});
