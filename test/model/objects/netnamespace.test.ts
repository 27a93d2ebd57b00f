/** NetNamespaces as values. */
import { parseNetNamespace } from '../../../src/model/objects/netnamespace.ts';
import { netNamespace, rawNetNamespace } from '../parsed.ts';

test('a valid NetNamespace has its fields as values', () => {
  const raw = { ...rawNetNamespace('one', 42, ['192.168.7.200']), metadata: { name: 'one', uid: 'u' } };
  expect(parseNetNamespace(raw)).toEqual({
    ok: true,
    value: { name: 'one', uid: 'u', vnid: 42, egressIPs: ['192.168.7.200'], invalidEgressIPs: [] },
  });
});

test.each([-1, 2 ** 24, 1.5, Number.NaN])('netid %p is refused', (netid) => {
  const parsed = parseNetNamespace(rawNetNamespace('one', netid));
  expect(parsed.ok ? [] : parsed.error.problems.map(({ field }) => field)).toEqual(['netid']);
});

test('one without a name is refused, and all that is wrong is named', () => {
  const parsed = parseNetNamespace(rawNetNamespace('', -1));
  expect(parsed).toMatchObject({ ok: false, error: { name: '' } });
  expect(parsed.ok ? [] : parsed.error.problems.map(({ field }) => field)).toEqual(['metadata.name', 'netid']);
  expect(parseNetNamespace(rawNetNamespace('', 7))).toMatchObject({
    ok: false,
    error: { problems: [{ field: 'metadata.name', reason: 'is missing' }] },
  });
});

test('the order of requests is kept, and of repetitions the first', () => {
  const value = netNamespace('one', 42, ['192.168.7.202', '192.168.7.201', '192.168.7.202', '192.168.7.200']);
  expect(value.egressIPs).toEqual(['192.168.7.202', '192.168.7.201', '192.168.7.200']);
});

test.each([undefined, null])('%s for a list requests nothing', (list) => {
  const parsed = parseNetNamespace(rawNetNamespace('one', 42, list));
  expect(parsed).toMatchObject({ ok: true, value: { egressIPs: [], invalidEgressIPs: [] } });
});

test('a NetNamespace carries entries that are no IPv4 address, each text once', () => {
  const value = netNamespace('one', 42, ['192.168.7.200', 'bogus', '192.168.7.200/24', 'bogus', 'fd00::1']);
  expect(value.egressIPs).toEqual(['192.168.7.200']);
  expect(value.invalidEgressIPs).toEqual([
    { text: 'bogus', reason: '"bogus" is not an IP address' },
    { text: '192.168.7.200/24', reason: '"192.168.7.200/24" is not an IP address' },
    { text: 'fd00::1', reason: '"fd00::1" is not an IPv4 address' },
  ]);
});
