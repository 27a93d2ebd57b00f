import { egressIpConfigAnnotation } from '../../../../src/model/objects/cloud.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../snapshots.ts';

const primary = (ip: string) => ({ 'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: `${ip}/24` }) });
const label = { 'k8s.ovn.org/egress-assignable': '' };
const worker = (
  number: number,
  egressIPs: readonly string[],
  { annotations = {}, ...metadata }: { readonly annotations?: object; readonly labels?: object } = {},
): readonly KubeObject[] => {
  const ip = `192.168.7.1${number}`;
  return [
    make.node(`n${number}`, ip, { annotations: { ...primary(ip), ...annotations }, ...metadata }),
    make.hostSubnet(`n${number}`, ip, { egressIPs }),
  ];
};
const project = (name: string, netid: number, egressIPs: readonly string[]): readonly KubeObject[] => [
  make.namespace(name),
  make.netNamespace(name, netid, { egressIPs }),
];
const kept = (objects: readonly KubeObject[], keepPlacement = true) => {
  const { expected, spoiler } = contextFrom(objects, { keepPlacement }).kept;
  return { expected: Object.fromEntries(expected), spoiler };
};
const nothing = { expected: {}, spoiler: undefined };
const [first, second, third] = ['192.168.7.101', '192.168.7.102', '192.168.7.103'] as const;

describe('an egress IP', () => {
  it('stays on the node that has it', () => {
    const objects = [...worker(1, [first]), ...worker(2, [second]), ...project('shop', 10, [first, second])];
    expect(kept(objects)).toEqual({ expected: { [first]: 'n1', [second]: 'n2' }, spoiler: undefined });
  });

  it('does not if the admin does not want it', () => {
    expect(kept([...worker(1, [first]), ...project('shop', 10, [first])], false)).toEqual(nothing);
  });

  it.each<readonly [string, readonly KubeObject[]]>([
    ['no node has it', [...worker(1, [second]), ...project('shop', 10, [first])]],
    ['two nodes list it', [...worker(1, [first]), ...worker(2, [first]), ...project('shop', 10, [first])]],
    ['nobody asks for it', [...worker(1, [first]), ...project('shop', 10, [])]],
    [
      'its Namespace is gone',
      [...worker(1, [first]), make.namespace('other'), make.netNamespace('shop', 10, { egressIPs: [first] })],
    ],
    [
      "its node's network does not hold it",
      [...worker(1, ['192.168.8.101']), ...project('shop', 10, ['192.168.8.101'])],
    ],
    [
      'its node is gone',
      [
        make.node('n2', '192.168.7.12'),
        make.hostSubnet('n1', '192.168.7.11', { egressIPs: [first] }),
        ...project('shop', 10, [first]),
      ],
    ],
    [
      'its node is not Ready',
      [
        make.any(
          'v1',
          'Node',
          { name: 'n1', annotations: primary('192.168.7.11') },
          { status: { conditions: [{ type: 'Ready', status: 'False' }] } },
        ),
        make.hostSubnet('n1', '192.168.7.11', { egressIPs: [first] }),
        ...project('shop', 10, [first]),
      ],
    ],
    [
      'another of its namespace is on the same node',
      [...worker(1, [first, second]), ...project('shop', 10, [first, second])],
    ],
  ])('is left to OVN-Kubernetes if %s', (_what, objects) => {
    expect(kept(objects)).toEqual(nothing);
  });

  it('stays beside those of other namespaces, as many as the cloud lets the node have', () => {
    const limited = { annotations: { [egressIpConfigAnnotation]: JSON.stringify([{ capacity: { ipv4: 2 } }]) } };
    const projects = [...project('a', 10, [first]), ...project('b', 11, [second]), ...project('c', 12, [third])];
    expect(kept([...worker(1, [first, second, third]), ...projects]).expected).toEqual({
      [first]: 'n1',
      [second]: 'n1',
      [third]: 'n1',
    });
    expect(kept([...worker(1, [first, second, third], limited), ...projects]).expected).toEqual({
      [first]: 'n1',
      [second]: 'n1',
    });
  });
});

describe('a node that has the label already', () => {
  const taken = (name: string, ip: string, node: string): KubeObject =>
    make.any(
      'k8s.ovn.org/v1',
      'EgressIP',
      { name },
      { spec: { egressIPs: [ip], namespaceSelector: {} }, status: { items: [{ egressIP: ip, node }] } },
    );
  const shared = [...worker(1, [first, second]), ...project('a', 10, [first]), ...project('b', 11, [second])];

  it('spoils it if it is too empty, and then none is kept', () => {
    expect(kept([...shared, ...worker(2, [], { labels: label })])).toEqual({
      expected: {},
      spoiler: { node: 'n2', has: 0, needed: 1 },
    });
    const one = taken('x', '192.168.7.150', 'n2');
    expect(kept([...shared, ...worker(2, [], { labels: label }), one]).spoiler).toEqual({
      node: 'n2',
      has: 1,
      needed: 1,
    });
  });

  it('spoils nothing if it has more than the others will', () => {
    const two = [taken('x', '192.168.7.150', 'n2'), taken('y', '192.168.7.151', 'n2')];
    expect(kept([...shared, ...worker(2, [], { labels: label }), ...two]).expected).toEqual({
      [first]: 'n1',
      [second]: 'n1',
    });
  });

  it('spoils nothing if it cannot have them, or is not Ready', () => {
    const elsewhere = make.node('n2', '10.1.1.1', { annotations: primary('10.1.1.1'), labels: label });
    expect(kept([...shared, elsewhere]).spoiler).toBeUndefined();
    const status = { conditions: [{ type: 'Ready', status: 'False' }] };
    const down = make.any(
      'v1',
      'Node',
      { name: 'n2', annotations: primary('192.168.7.12'), labels: label },
      { status },
    );
    expect(kept([...shared, down]).spoiler).toBeUndefined();
  });

  it('counts nothing that other nodes have', () => {
    const elsewhere = [taken('x', '192.168.7.150', 'n9'), taken('y', '192.168.7.151', 'n9')];
    expect(kept([...shared, ...worker(2, [], { labels: label }), ...elsewhere]).spoiler).toEqual({
      node: 'n2',
      has: 0,
      needed: 1,
    });
  });
});
