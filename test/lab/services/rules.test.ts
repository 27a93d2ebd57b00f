/** The rules of the lab's service proxy, as one document for nft. */
import { proxyDocument } from '../../../src/lab/services/document.ts';
import { proxyRules } from '../../../src/lab/services/rules.ts';
import { servedPorts } from '../../../src/model/services/served.ts';
import { expectGolden } from '../../golden.ts';
import { service, services, slice, slices } from './states.ts';

const node = { name: 'node-1', ip: '192.168.7.11', podNetwork: '10.254.0.0/16', serviceNetwork: '172.30.0.0/16' };
const rulesOf = (...input: Parameters<typeof servedPorts>) => proxyRules(servedPorts(...input), node);

test('the document is as recorded', () => {
  expectGolden('lab/services/proxy.nft', proxyDocument(undefined, rulesOf(services, slices)));
});

test('the order of the objects does not matter', () => {
  expect(rulesOf(services.toReversed(), slices.toReversed())).toEqual(rulesOf(services, slices));
});

test('of two Services with one external IP and port the first has them, and no map has a key twice', () => {
  const one = service('one', { clusterIP: '172.30.0.21', externalIPs: ['203.0.113.7'] });
  const two = service('two', { clusterIP: '172.30.0.22', externalIPs: ['203.0.113.7'] });
  const { sets } = rulesOf(
    [two, one],
    [slice('one', { '10.1.8.72': undefined }), slice('two', { '10.1.8.73': undefined })],
  );
  expect(sets.get('service-ips')?.elements).toEqual([
    '172.30.0.21 . tcp . 80 : goto service-shop/one/tcp/',
    '203.0.113.7 . tcp . 80 : goto external-shop/one/tcp/',
    '172.30.0.22 . tcp . 80 : goto service-shop/two/tcp/',
  ]);
});

test('a change removes what is gone, and leaves alone what packets have added', () => {
  const [before, after] = [rulesOf(services, slices), rulesOf([services[4]!], slices)];
  const lines = proxyDocument(before, after).split('\n');
  expect(lines).toContain('delete chain ip lab_services service-shop/web/tcp/');
  expect(lines).toContain('flush map ip lab_services service-ips');
  expect(lines.filter((line) => /^(flush|delete) set .*affinity|^delete table/.test(line))).toEqual([]);
  expect(proxyDocument(after, rulesOf([], slices)).split('\n')).toContain(
    'delete set ip lab_services affinity-shop/sticky/tcp/__10.254.1.2/8080',
  );
});

test('a slice whose lists are null, as Go writes those without entries, has no endpoints', () => {
  const empty = { ...slice('web', {}), endpoints: null, ports: null };
  expect(servedPorts([service('web', {})], [empty])).toMatchObject([{ endpoints: [] }]);
});

test('one odd object stops no other', () => {
  const odd = [
    service('headless', { clusterIP: 'None' }),
    service('six', { clusterIP: 'fd00::1' }),
    service('strange', { ports: [{ port: 80, protocol: 'QUIC' }] }),
    { metadata: { name: 'bare', namespace: 'shop' } },
  ];
  const oddSlices = [
    { ...slice('web', { '10.254.9.9': 'node-1' }), addressType: 'FQDN' },
    { ...slice('web', {}), endpoints: [{ addresses: ['fd00::2'] }, { addresses: [] }] },
    { metadata: { name: 'loose', namespace: 'shop' }, addressType: 'IPv4' },
    { ...slice('web', { '10.254.1.2': 'node-1' }), metadata: { name: 'x', namespace: 'other' } },
  ];
  expect(rulesOf([...odd, ...services], [...oddSlices, ...slices])).toEqual(rulesOf(services, slices));
});

test('an endpoint that is not ready gets nothing', () => {
  const asleep = slice('web', { '10.254.1.2': 'node-1' });
  const unready = { ...asleep, endpoints: [{ ...asleep.endpoints![0]!, conditions: { ready: false } }] };
  expect(rulesOf([services[0]!], [unready])).toEqual(rulesOf([services[0]!], []));
});
