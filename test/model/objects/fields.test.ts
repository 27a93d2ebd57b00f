/** What fields of objects accept. */
import fc from 'fast-check';
import {
  type FieldProblem,
  parseCidrv4,
  parseHostedIp,
  parseIpv4,
  parseList,
  take,
} from '../../../src/model/objects/fields.ts';
import { err, ok } from '../../../src/model/values/result.ts';

test.each(['192.168.7.1', '0.0.0.0', '255.255.255.255'])('%s is an IPv4 address', (text) => {
  expect(parseIpv4(text)).toEqual(ok(text));
});

test.each(['', '192.168.7', '192.168.7.256', '192.168.7.01', '192.168.7.1/24', ' 192.168.7.1', 'fd00::1', 'x'])(
  '%j is none',
  (text) => {
    expect(parseIpv4(text).ok).toBe(false);
  },
);

test('an IPv6 address and range are named as what they are not', () => {
  expect(parseIpv4('fd00::1')).toEqual(err('"fd00::1" is not an IPv4 address'));
  expect(parseCidrv4('fd00::/64')).toEqual(err('"fd00::/64" is not an IPv4 CIDR'));
});

test('a range with host bits is a problem', () => {
  expect(parseCidrv4('192.168.8.0/24')).toMatchObject({ ok: true, value: { text: '192.168.8.0/24', length: 24 } });
  expect(parseCidrv4('192.168.8.5/24').ok).toBe(false);
});

test('a hosted address may bear a prefix length from 0 to 32, which is dropped', () => {
  for (let length = 0; length <= 32; length += 1)
    expect(parseHostedIp(`192.168.7.1/${length}`)).toEqual(ok('192.168.7.1'));
  for (const wrong of ['33', '032', '-1', '', '1.5', '24/24'])
    expect(parseHostedIp(`192.168.7.1/${wrong}`)).toEqual(err(`"192.168.7.1/${wrong}" is not an IP address`));
  expect(parseHostedIp('nonsense/24').ok).toBe(false);
});

test('lists keep the order and the first of what is repeated, and name each wrong item by its index', () => {
  const item = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', 'wrong', 'fd00::1');
  fc.assert(
    fc.property(fc.array(item), (texts) => {
      const { values, problems } = parseList(texts, 'list', parseIpv4, (ip) => ip);
      expect(values).toEqual([...new Set(texts.filter((text) => text.startsWith('10.')))]);
      expect(problems.map(({ field }) => field)).toEqual(
        texts.flatMap((text, index) => (text.startsWith('10.') ? [] : [`list[${index}]`])),
      );
    }),
  );
  for (const nothing of [undefined, null]) {
    expect(parseList(nothing, 'list', parseIpv4, (ip) => ip)).toEqual({ values: [], problems: [] });
  }
});

test('a valid field gives its value, and an invalid one is noted as a problem', () => {
  const problems: FieldProblem[] = [];
  expect(take(ok(7), 'netid', problems)).toBe(7);
  expect(take(err('is wrong'), 'netid', problems)).toBeUndefined();
  expect(problems).toEqual([{ field: 'netid', reason: 'is wrong' }]);
});
