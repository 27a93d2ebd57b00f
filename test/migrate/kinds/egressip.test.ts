import { egressIPItem, requestedIn, withAddresses } from '../../../src/migrate/kinds/egressip.ts';
import { rivalFindings } from '../../../src/migrate/targets/ovn/egressips/rivals.ts';
import { contextFrom, make } from '../snapshots.ts';
import { egressIP } from '../targets/ovn/cluster-of.ts';

test.each([
  ['192.168.7.200', '192.168.7.200'],
  ['::ffff:192.168.7.200', '192.168.7.200'],
  ['::FFFF:c0a8:07c8', '192.168.7.200'],
  ['0:0:0:0:0:ffff:c0a8:7c8', '192.168.7.200'],
  ['fd00::ffff:c0a8:7c8', 'fd00::ffff:c0a8:7c8'],
  ['2001:db8::1', '2001:db8::1'],
  ['no address', 'no address'],
])('the address %s is %s', (text, address) => {
  expect(egressIPItem(egressIP('e', [text])).egressIPs).toEqual([address]);
});

test('an EgressIP of others that requests an address of ours mapped into IPv6 is a rival', () => {
  const own = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'own' }, {});
  const made = { ...own, spec: { egressIPs: ['192.168.7.200'], namespaceSelector: {} } };
  const foreign = egressIP('foreign', ['::ffff:192.168.7.200'], { matchLabels: { nobody: '1' } });
  expect(rivalFindings(contextFrom([foreign]), [made]).map(({ code, name }) => `${code} ${name}`)).toEqual([
    'ObjectExists foreign',
  ]);
});

test('an EgressIP with other addresses keeps all else, and the first one as it was', () => {
  const first = egressIP('e', ['192.168.7.200', '192.168.7.201'], { matchLabels: { nobody: '1' } });
  const grown = withAddresses(first, ['192.168.7.200']);
  expect(requestedIn(grown)).toEqual(['192.168.7.200']);
  expect(requestedIn(first)).toEqual(['192.168.7.200', '192.168.7.201']);
  expect({ ...egressIPItem(grown), object: first, egressIPs: [] }).toEqual({ ...egressIPItem(first), egressIPs: [] });
  expect(requestedIn(make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'bare' }, {}))).toEqual([]);
});
