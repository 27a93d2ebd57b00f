/** The rules of the lab's service proxy as input for iptables-restore. */
import { iptablesDocument } from '../../../src/lab/services/iptables.ts';
import { servedPorts } from '../../../src/model/services/served.ts';
import { expectGolden } from '../../golden.ts';
import { service, services, slice, slices } from './states.ts';

const node = { name: 'node-1', ip: '192.168.7.11', podNetwork: '10.254.0.0/16', serviceNetwork: '172.30.0.0/16' };
const documentOf = (saved: string, ...input: Parameters<typeof servedPorts>): string =>
  iptablesDocument(servedPorts(...input), node, saved);

/** What iptables-save says after a document was restored on a machine without rules. */
function savedAfter(document: string): string {
  return document.replaceAll(/^-I /gm, '-A ');
}

test('the document is as recorded', () => {
  expectGolden('lab/services/proxy.iptables', documentOf('', services, slices));
});

test('the order of the objects does not matter', () => {
  expect(documentOf('', services.toReversed(), slices.toReversed())).toBe(documentOf('', services, slices));
});

test('what leads to our chains is inserted once', () => {
  const first = documentOf('', services, slices);
  expect(first.match(/^-I /gm)).toHaveLength(8);
  expect(documentOf(savedAfter(first), services, slices)).toBe(first.replaceAll(/^-I .*\n/gm, ''));
});

test('chains of what is gone go, those of others stay', () => {
  const web = [[service('web', {})], [slice('web', { '10.254.1.2': 'node-1' })]] as const;
  const both = [
    [
      ...web[0],
      service('door', { clusterIP: '172.30.0.11', type: 'NodePort', ports: [{ port: 443, nodePort: 30443 }] }),
    ],
    [...web[1], slice('door', { '10.254.2.2': 'node-2' }, 8443)],
  ] as const;
  const saved = `*nat\n:OTHERS - [0:0]\n${savedAfter(documentOf('', ...both)).replace('*nat\n', '')}`;
  const after = documentOf(saved, ...web);
  const kinds = [...after.matchAll(/^-X KUBE-(\w+)-/gm)].map((match) => match[1]).sort();
  expect(kinds).toEqual(['EXT', 'SEP', 'SVC']);
  for (const [, chain] of after.matchAll(/^-X (\S+)/gm)) expect(after).toContain(`:${chain!} - [0:0]`);
  expect(after).not.toContain('OTHERS');
  expect(after).not.toContain('30443');
});
