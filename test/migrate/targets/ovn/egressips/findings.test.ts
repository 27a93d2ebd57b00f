import type { Finding } from '../../../../../src/migrate/findings/finding.ts';
import { groupFindings } from '../../../../../src/migrate/targets/ovn/egressips/findings.ts';
import type { TranslateOptions } from '../../../../../src/migrate/targets/ovn/options.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../../snapshots.ts';
import { capacity, downWorker, first, primary, project, second, third, worker } from '../cluster-of.ts';

function found(objects: readonly KubeObject[], options: Partial<TranslateOptions> = {}): readonly Finding[] {
  const context = contextFrom(objects, options);
  return context.egress.groups.flatMap((group) => groupFindings(context, group));
}
/** `CODE severity NAME`, without what is lost in any case. */
const told = (objects: readonly KubeObject[], options: Partial<TranslateOptions> = {}): readonly string[] =>
  found(objects, options)
    .filter(({ code }) => !['PinningLost', 'LocalPreferenceLost', 'CIDRRestrictionLost'].includes(code))
    .map(({ code, severity, name }) => `${code} ${severity} ${name}`);
const of = (objects: readonly KubeObject[], code: string): Finding | undefined =>
  found(objects).find((one) => one.code === code);
const spare = worker(9, { egressIPs: ['192.168.7.250'] });

describe('an entry that is in no EgressIP', () => {
  it('is said of each namespace that lists it, and of no other', () => {
    const objects = [
      ...worker(1, { egressIPs: [first] }),
      ...project('a', 10, ['bad', first]),
      ...project('b', 10, [first]),
      ...project('c', 10, ['bad']),
    ];
    expect(told(objects).filter((one) => one.startsWith('EgressIPInvalid'))).toEqual([
      'EgressIPInvalid warning a',
      'EgressIPInvalid warning c',
    ]);
    expect(of(objects, 'EgressIPInvalid')?.tomorrow).toMatch(/^It is left out of EgressIP egressip-a: /);
  });

  it('leaves no EgressIP if there is no other', () => {
    expect(of([...spare, ...project('a', 10, ['bad'])], 'EgressIPInvalid')?.tomorrow).toMatch(
      /^There is no EgressIP for it/,
    );
  });

  it('is said with those who claim it too', () => {
    const objects = [...worker(1, { egressIPs: [first] }), ...project('a', 10, [first]), ...project('b', 11, [first])];
    expect(of(objects, 'EgressIPClaimedTwice')?.today).toMatch(/requested by namespaces a, b of different VNIDs/);
  });

  it('is said with the node whose address it is, and with the HostSubnets that list it', () => {
    const objects = [
      ...worker(1),
      ...worker(2, { egressIPs: ['192.168.7.11', first] }),
      ...project('a', 10, ['192.168.7.11', first]),
    ];
    expect(of(objects, 'EgressIPIsNodeAddress')).toMatchObject({
      severity: 'warning',
      today: '192.168.7.11 is an address of node n1, and HostSubnet n2 lists it.',
    });
  });
});

it('says each entry that is no address, of a namespace that has several', () => {
  const objects = [...spare, ...project('a', 10, ['bad', 'worse', first])];
  expect(told(objects).filter((one) => one.startsWith('EgressIPInvalid'))).toHaveLength(2);
});

describe('an address that is not in use', () => {
  it.each<readonly [string, readonly KubeObject[], string]>([
    ['no HostSubnet lists', worker(1), 'EgressIPUnhosted'],
    [
      'two HostSubnets list',
      [...worker(1, { egressIPs: [first] }), ...worker(2, { egressIPs: [first] })],
      'EgressIPOnSeveralNodes',
    ],
  ])('because %s it begins to be', (_what, nodes, code) => {
    const objects = [...nodes, ...spare, ...project('a', 10, [first])];
    expect(told(objects)).toEqual([`${code} warning a`, 'DropBecomesEgressIP info a']);
    expect(of(objects, code)?.tomorrow).toMatch(/^EgressIP egressip-a requests it, and OVN-Kubernetes may put it on /);
  });

  it('because another of its namespace is on the same node is said once for all of them', () => {
    const all = [first, second, third];
    const nodes = [...worker(1, { egressIPs: all }), ...worker(8, { egressIPs: ['192.168.7.251'] }), ...spare];
    const objects = [...nodes, ...project('a', 10, all)];
    expect(told(objects)).toEqual(['SeveralEgressIPsOnOneNode warning a', 'DropBecomesEgressIP info a']);
    expect(of(objects, 'SeveralEgressIPsOnOneNode')?.today).toBe(
      `HostSubnet n1 lists ${first}, ${second}, ${third}, which one namespace requests: none of them is in use.`,
    );
  });
});

describe('an address that no node can have', () => {
  const outside = '10.9.9.9';

  it('blocks if it is in use, and says where the nodes are', () => {
    const objects = [...worker(1, { egressIPs: [outside] }), ...project('a', 10, [outside])];
    expect(told(objects)).toEqual(['EgressIPOutsideNetwork blocker a']);
    expect(of(objects, 'EgressIPOutsideNetwork')?.today).toBe(
      `${outside} is in use; the nodes that offer egress IPs are on 192.168.7.0/24.`,
    );
    const other = [
      make.node('m1', '172.16.0.1', { annotations: primary('172.16.0.1') }),
      make.hostSubnet('m1', '172.16.0.1', { egressIPs: ['172.16.0.9'] }),
    ];
    expect(of([...objects, ...other], 'EgressIPOutsideNetwork')?.today).toMatch(
      /on 172.16.0.0\/24, 192.168.7.0\/24\.$/,
    );
  });

  it('is a warning if it is not in use', () => {
    const objects = [...spare, ...project('a', 10, [outside])];
    expect(told(objects)).toContain('EgressIPOutsideNetwork warning a');
    expect(told(objects)).toContain('DropBecomesNodeAddress warning a');
  });

  it('is for want of any node that offers some, if there is none', () => {
    expect(told([...worker(1), ...project('a', 10, [first])])).toContain('NoAssignableNode warning a');
    const gone = [make.node('x', '10.1.1.1'), make.hostSubnet('n1', '192.168.7.11', { egressIPs: [first] })];
    expect(told([...gone, ...project('a', 10, [first])])).toContain('NoAssignableNode blocker a');
  });

  it('is in doubt where no network is known', () => {
    const unknown = [make.node('n1', '192.168.7.11'), make.hostSubnet('n1', '192.168.7.11', { egressIPs: [outside] })];
    expect(told([...unknown, ...project('a', 10, [outside])])).toEqual(['EgressIPOutsideNetwork warning a']);
  });
});

describe('more addresses than nodes', () => {
  const two = project('a', 10, [first, second]);

  it('are a warning if the namespace has at least one for certain', () => {
    const objects = [...worker(1, { egressIPs: [first] }), ...two];
    expect(told(objects)).toContain('MoreEgressIPsThanNodes warning a');
    expect(of(objects, 'MoreEgressIPsThanNodes')?.tomorrow).toBe(
      `Of ${first}, ${second} in EgressIP egressip-a some may stay unassigned: one IP of an object a node.`,
    );
  });

  it('block if a namespace that leaves today may end with none', () => {
    const objects = [
      ...worker(1, { egressIPs: [first, second] }, capacity(1)),
      ...project('a', 10, [first]),
      ...project('b', 11, [second]),
    ];
    expect(told(objects)).toEqual(['MoreEgressIPsThanNodes blocker a', 'MoreEgressIPsThanNodes blocker b']);
    expect(of(objects, 'MoreEgressIPsThanNodes')?.tomorrow).toMatch(/no more than the cloud lets each have\.$/);
  });

  it('do not block if the namespace is dropped today anyway', () => {
    const objects = [...downWorker(1, { egressIPs: [first] }), ...project('a', 10, [first])];
    expect(told(objects)).toContain('MoreEgressIPsThanNodes warning a');
  });

  it('are said of each member that requests some', () => {
    const objects = [
      ...worker(1, { egressIPs: [first] }),
      ...project('a', 10, [first]),
      ...project('b', 10),
      ...project('c', 10, [second]),
    ];
    const names = told(objects).filter((one) => one.startsWith('MoreEgressIPsThanNodes'));
    expect(names).toEqual(['MoreEgressIPsThanNodes warning a', 'MoreEgressIPsThanNodes warning c']);
  });

  it('are not said where every address has a node', () => {
    expect(told([...worker(1, { egressIPs: [first] }), ...worker(2, { egressIPs: [second] }), ...two])).toEqual([]);
  });
});

describe('a namespace that is dropped today', () => {
  it('leaves with its egress IP if that is certain', () => {
    const objects = [
      ...worker(1),
      ...spare,
      ...project('a', 10, [first]),
      ...project('b', 10),
      make.netNamespace('gone', 10),
    ];
    expect(told(objects).filter((one) => one.startsWith('Drop'))).toEqual([
      'DropBecomesEgressIP info a',
      'DropBecomesEgressIP info b',
    ]);
  });

  it('leaves with node addresses otherwise, unless the plan keeps it closed', () => {
    const objects = [...worker(1), ...project('a', 10, [first])];
    expect(told(objects)).toContain('DropBecomesNodeAddress warning a');
    expect(told(objects, { keepClosed: true })).toContain('DropBecomesNodeAddress info a');
  });

  it('is none if it leaves today', () => {
    expect(told([...worker(1, { egressIPs: [first] }), ...project('a', 10, [first])])).toEqual([]);
  });
});

describe('namespaces that share a VNID', () => {
  const joined = (lists: readonly (readonly string[])[]) => [
    ...worker(1, { egressIPs: [first] }),
    ...worker(2, { egressIPs: [second] }),
    ...lists.flatMap((list, index) => project(`p${index}`, 10, list)),
  ];

  it('are good to know of if their lists are the same, and a warning if not', () => {
    expect(
      told(
        joined([
          [first, second],
          [first, second],
        ]),
      ),
    ).toEqual(['JoinedNamespaces info p0']);
    expect(told(joined([[first], [second]]))).toEqual(['JoinedNamespaces warning p0']);
    expect(told(joined([[first], []]))).toEqual(['JoinedNamespaces warning p0']);
  });

  it('have no EgressIP if nothing of theirs is one', () => {
    const [finding] = found([...worker(1), ...project('a', 10, ['bad']), ...project('b', 10, ['bad'])]).filter(
      ({ code }) => code === 'JoinedNamespaces',
    );
    expect(finding?.tomorrow).toBe('There is no EgressIP for them.');
  });
});

it('says with the subnet plugin that egress IPs begin to hold, of each namespace that requests some', () => {
  const objects = [
    make.clusterNetwork('redhat/openshift-ovs-subnet'),
    ...worker(1, { egressIPs: [first] }),
    ...project('a', 10, [first]),
    ...project('b', 10),
  ];
  expect(told(objects).filter((one) => one.startsWith('Subnet'))).toEqual(['SubnetModeIgnored warning a']);
});

it('says nothing is lost of a group without an EgressIP', () => {
  const orphan = [
    ...worker(1, { egressIPs: [first] }),
    ...spare,
    make.namespace('x'),
    make.netNamespace('a', 10, { egressIPs: [first, third] }),
  ];
  expect(found(orphan).map(({ code }) => code)).toEqual([]);
});
