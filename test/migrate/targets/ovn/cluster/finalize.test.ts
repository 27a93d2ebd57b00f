import { finalizePart } from '../../../../../src/migrate/targets/ovn/cluster/finalize.ts';
import type { TranslateOptions } from '../../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../../snapshots.ts';
import { first, project, second, worker } from '../cluster-of.ts';

const multicast = 'netnamespace.network.openshift.io/multicast-enabled';
const talking = (name: string, netid: number, egressIPs: readonly string[] = []): readonly KubeObject[] => [
  make.namespace(name),
  make.netNamespace(name, netid, { egressIPs }, { annotations: { [multicast]: 'true' } }),
];
const objects = [
  ...worker(1, { egressIPs: [first], egressCIDRs: ['192.168.7.0/24'] }),
  ...worker(2, { egressIPs: [] }),
  ...worker(3, { egressCIDRs: ['192.168.7.0/24'] }),
  ...project('shop', 10, [first]),
  ...project('mate', 10),
  ...talking('chat', 11),
  ...talking('both', 12, [second]),
  ...project('idle', 13),
];
const cleared = (options: Partial<TranslateOptions> = {}) =>
  finalizePart(contextFrom(objects, options)).changes.map((change) =>
    change.action === 'clear'
      ? `${change.step} ${change.object.kind} ${change.object.name} ${JSON.stringify(change.patch)}`
      : '',
  );
const noIPs = '"egressIPs":null';
const noMulticast = `"metadata":{"annotations":{"${multicast}":null}}`;

it('clears what asks for egress IPs and multicast, and what offers them, and nothing else', () => {
  expect(cleared()).toEqual([
    `finalize NetNamespace both {${noIPs},${noMulticast}}`,
    `finalize NetNamespace chat {${noMulticast}}`,
    `finalize NetNamespace shop {${noIPs}}`,
    `finalize HostSubnet n1 {${noIPs},"egressCIDRs":null}`,
    'finalize HostSubnet n3 {"egressCIDRs":null}',
  ]);
});

it('leaves HostSubnets alone while only some namespaces are chosen: others may need them', () => {
  expect(cleared({ namespaces: ['shop'] })).toEqual([`finalize NetNamespace shop {${noIPs}}`]);
});

it('clears what is chosen and nothing else', () => {
  expect(cleared({ only: ['multicast'] })).toEqual([
    `finalize NetNamespace both {${noMulticast}}`,
    `finalize NetNamespace chat {${noMulticast}}`,
  ]);
  expect(cleared({ only: ['egressip'] })).toHaveLength(4);
  expect(cleared({ only: ['firewall'] })).toEqual([]);
});
