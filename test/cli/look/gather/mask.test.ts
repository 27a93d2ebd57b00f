import { Mask } from '../../../../src/cli/look/gather/mask.ts';
import { generator } from '../../../random.ts';
import { rounds } from '../../../rounds.ts';

const mask = new Mask(new Uint8Array(32));
const number = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
/** How many leading bits two addresses share. */
const shared = (a: string, b: string): number => Math.clz32((number(a) ^ number(b)) >>> 0);

test('two addresses share as many leading bits afterwards as before, so none become one', () => {
  const limit = generator(7);
  const address = (): string => [10 + limit(200), limit(256), limit(256), limit(256)].join('.');
  for (let round = 0; round < rounds(20_000); round++) {
    const [a, near] = [address(), limit(33)];
    const other = (number(a) ^ (near === 32 ? 0 : 2 ** near)) >>> 0;
    const b = [24, 16, 8, 0].map((shift) => (other >>> shift) & 255).join('.');
    if ([a, b].some((one) => /^(0|127|2(2[4-9]|[345]\d))\.|^169\.254\./.test(one))) continue;
    expect(shared(mask.text(a), mask.text(b))).toBe(shared(a, b));
  }
});

test('networks stay networks, and hold the same addresses', () => {
  const text = mask.text('192.168.7.192/26 192.168.7.200 192.168.7.11/24 192.168.7.0/24');
  const [range = '', inside = '', host = '', network = ''] = text.split(' ');
  expect(range).toMatch(/^192\.\d+\.\d+\.(0|64|128|192)\/26$/);
  expect(shared(range.split('/')[0]!, inside)).toBeGreaterThanOrEqual(26);
  expect(network).toMatch(/^192\.\d+\.\d+\.0\/24$/);
  expect(host).toMatch(/^192\.\d+\.\d+\.\d+\/24$/);
  expect(host).not.toContain('.0/24');
  expect(text).not.toContain('168.7');
});

test.each([
  'version 1.2.3, 12:34:56 of 2026-11-30, sha256:0123',
  'lo 127.0.0.1/8, 0.0.0.0/0, 224.0.0.1, 255.255.255.0, 169.254.169.2',
  'a mac aa:bb:cc:dd:ee:ff and 1.2.3.4.5 and 999.1.2.3',
  '::1 fe80::1 ff02::1',
  '2026-11-30-04-15 and 2026-11-30T04:15:29.123Z, std::vector and cookie=0x5d4c0001',
])('%s stays', (text) => {
  expect(mask.text(text)).toBe(text);
});

test('what is made of an address fits the masked one, and IPv6 addresses are other ones', () => {
  const [ip = '', mac = ''] = mask.text('10.254.2.2 0a:58:0a:fe:02:02').split(' ');
  expect(mac).toBe(
    `0a:58:${ip
      .split('.')
      .map((part) => Number(part).toString(16).padStart(2, '0'))
      .join(':')}`,
  );
  const masked = mask.text('2001:db8::1 and 2001:db8::2');
  expect(masked).toMatch(/^fd00:[\da-f:]+:: and fd00:[\da-f:]+::$/);
  expect(new Set(masked.split(' and ')).size).toBe(2);
});

test('in flows, rules and routes', () => {
  const text =
    'cookie=0x5d4c0001, table=100, ip,nw_src=10.254.2.2,nw_dst=10.254.0.0/16 actions=set_field:192.168.7.11->tun_dst\nip saddr 10.254.2.2 snat to 192.168.7.210:1024-65535';
  const masked = mask.text(text);
  expect(masked).not.toMatch(/254|168\.7/);
  expect(masked).toMatch(/nw_dst=10\.\d+\.0\.0\/16/);
  expect(masked).toContain(':1024-65535');
});

test('another run masks otherwise', () => {
  expect(new Mask().text('192.168.7.200 10.1.2.3')).not.toBe(new Mask().text('192.168.7.200 10.1.2.3'));
});

describe('an address in other clothes fits the plain one', () => {
  const [plain = ''] = mask.text('10.0.1.2').split(' ');
  const hex = (one: string): string => Number(one).toString(16).padStart(2, '0');
  const [a = '', b = '', c = '', d = ''] = plain.split('.').map(hex);
  const dashed = plain.replaceAll('.', '-');
  test.each([
    ['ip-10-0-1-2.ec2.internal', `ip-${dashed}.ec2.internal`],
    ['worker-3-10-0-1-2', `worker-3-${dashed}`],
    ['eip10_0_1_2', `eip${dashed.replaceAll('-', '_')}`],
    ['pod.10.0.1.2', `pod.${plain}`],
    ['10.0.1.2..10.0.1.2', `${plain}..${plain}`],
    ['10.0.1.2-10.0.1.2', `${plain}-${plain}`],
    ['10.0.1.2/33', `${plain}/33`],
    ['::ffff:10.0.1.2', `::ffff:${plain}`],
    ['64:ff9b::10.0.1.2', `64:ff9b::${plain}`],
    ['unix:x:10.0.1.2', `unix:x:${plain}`],
    ['a:b:10-0-1-2', `a:b:${dashed}`],
    ['02:42:0a:00:01:02', `02:42:${a}:${b}:${c}:${d}`],
    ['42:01:0a:00:01:02', `42:01:${a}:${b}:${c}:${d}`],
    ['fe80::858:aff:fe00:102', `fe80::858:${a}ff:fe${b}:${c}${d}`],
  ])('%s', (given, masked) => {
    expect(mask.text(given)).toBe(masked);
  });
});

test('IPv6 addresses are one address however they are written, and wherever they stand', () => {
  const plain = mask.text('2001:db8::1');
  expect(mask.text('2001:0DB8:0:0:0:0:0:0001')).toBe(plain);
  expect(mask.text('podIP:2001:db8::1 ping 2001:db8::1: no route; 2001:db8::1-2001:db8::1')).toBe(
    `podIP:${plain} ping ${plain}: no route; ${plain}-${plain}`,
  );
  expect(mask.text('2001:db8:7::10.0.1.2')).toMatch(/^fd00:[\da-f:]+::$/);
});
