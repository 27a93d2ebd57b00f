import { finalizePart } from '../../../../../src/migrate/targets/ovn/cluster/finalize.ts';
import type { TranslateOptions } from '../../../../../src/migrate/targets/ovn/options.ts';
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
const cleared = (options: Partial<TranslateOptions> = {}, of = objects) =>
  finalizePart(contextFrom(of, options)).changes.map((change) =>
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

describe('a request that no EgressIP of the plan takes over', () => {
  const third = '192.168.7.103';
  const hosts = [
    ...worker(1, { egressIPs: [first] }),
    ...worker(2, { egressIPs: [second] }),
    ...worker(3, { egressCIDRs: ['192.168.7.102/31'] }),
    ...worker(4, { egressCIDRs: ['192.168.7.0/31'] }),
  ];

  it('stays with the HostSubnets that may host it, and the rest is cleared', () => {
    const twice = [...project('shop', 10, [first, second]), ...project('bank', 11, [second])];
    expect(cleared({}, [...hosts, ...twice])).toEqual([
      `finalize NetNamespace shop {"egressIPs":["${second}"]}`,
      `finalize HostSubnet n1 {${noIPs}}`,
      'finalize HostSubnet n4 {"egressCIDRs":null}',
    ]);
  });

  it('stays where the Namespace is missing or the NetNamespace cannot be read', () => {
    const gone = make.netNamespace('gone', 12, { egressIPs: [second] });
    const broken = make.netNamespace('broken', -1, { egressIPs: [third] });
    expect(cleared({}, [...hosts, ...project('shop', 10, [first]), gone, broken])).toEqual([
      `finalize NetNamespace shop {${noIPs}}`,
      `finalize HostSubnet n1 {${noIPs}}`,
      'finalize HostSubnet n4 {"egressCIDRs":null}',
    ]);
  });
});
