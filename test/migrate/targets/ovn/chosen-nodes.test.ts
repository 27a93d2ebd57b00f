import fc from 'fast-check';
import { customResourceDefinitions, egressIPs } from '../../../../api/kinds.ts';
import { definitionOf, egressIPDefinition, egressIPNamingNodes, open } from '../../../../src/lab/ovn/definitions.ts';
import { egressIPItem } from '../../../../src/migrate/kinds/egressip.ts';
import { toOVN } from '../../../../src/migrate/targets/ovn/translate.ts';
import type { Translation } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { rounds } from '../../../rounds.ts';
import { make, options, snapshotOf } from '../../snapshots.ts';

const names = ['n1', 'n2', 'n3'];
const hostname = (name: string) => ({ labels: { 'kubernetes.io/hostname': `${name}.example` } });
const nodes = names.map((name, index) => make.node(name, `192.168.7.${11 + index}`, hostname(name)));
const base: readonly KubeObject[] = [make.clusterNetwork(), ...nodes, make.namespace('shop')];
const host = (name: string, fields: Readonly<Record<string, unknown>>) =>
  make.hostSubnet(name, `192.168.7.1${name.slice(1)}`, fields);

function translated(objects: readonly KubeObject[], definition: object = egressIPNamingNodes): Translation {
  const all = [...base, ...objects, definition as KubeObject];
  return toOVN(snapshotOf(all), { ...options, machineNetworks: ['192.168.7.0/24'] });
}

function specOf({ changes }: Translation): unknown {
  return changes.flatMap((change) =>
    change.action === 'apply' && change.object.kind === 'EgressIP'
      ? [{ ...change.object }['spec' as keyof KubeObject]]
      : [],
  )[0];
}

const selecting = (...chosen: readonly string[]) => ({
  egressNodeSelector: {
    matchExpressions: [
      { key: 'k8s.ovn.org/egress-assignable', operator: 'Exists' },
      { key: 'kubernetes.io/hostname', operator: 'In', values: chosen.map((name) => `${name}.example`) },
    ],
  },
});
const codesOf = ({ findings }: Translation): readonly string[] =>
  findings.map(({ code }) => code).filter((code) => /Pinning|CIDR/.test(code));

const shop = (...ips: readonly string[]) => make.netNamespace('shop', 10, { egressIPs: ips });
const pinned = [
  shop('192.168.7.101'),
  host('n1', { egressIPs: ['192.168.7.101'] }),
  host('n2', { egressIPs: ['192.168.7.109'] }),
];

test('an egress IP that an admin put on a node names that node, and nothing is lost', () => {
  const made = translated(pinned);
  expect(specOf(made)).toMatchObject(selecting('n1'));
  expect(codesOf(made)).toEqual([]);
  expect(made.placement.get('192.168.7.101')).toEqual({ today: ['n1'], allowed: ['n1'], expected: 'n1' });
});

test('an automatic egress IP names the nodes whose egressCIDRs hold it', () => {
  const made = translated([
    shop('192.168.7.101'),
    host('n1', { egressIPs: ['192.168.7.101'], egressCIDRs: ['192.168.7.96/28'] }),
    host('n2', { egressCIDRs: ['192.168.7.96/28'] }),
    host('n3', { egressCIDRs: ['192.168.7.64/28'] }),
  ]);
  expect(specOf(made)).toMatchObject(selecting('n1', 'n2'));
  expect(codesOf(made)).toEqual([]);
});

test('several egress IPs name the nodes of all of them, and each that is not sure of its node is told', () => {
  const made = translated([
    shop('192.168.7.101', '192.168.7.102'),
    host('n1', { egressIPs: ['192.168.7.101'] }),
    host('n2', { egressIPs: ['192.168.7.102'] }),
    host('n3', { egressIPs: ['192.168.7.109'] }),
  ]);
  expect(specOf(made)).toMatchObject(selecting('n1', 'n2'));
  expect(codesOf(made)).toEqual(['PinningLost']);
  expect(made.placement.get('192.168.7.101')?.allowed).toEqual(['n1', 'n2']);
});

describe('names no nodes', () => {
  const plainOf = (objects: readonly KubeObject[], definition?: object): unknown =>
    specOf(translated(objects, definition));
  const plain = (...ips: readonly string[]) => ({
    egressIPs: ips,
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
  });

  test.each([
    ['the served EgressIP does not have the field', egressIPDefinition],
    [
      'the field is no label selector',
      definitionOf(egressIPs, { type: 'object', properties: { egressNodeSelector: open } }),
    ],
    ['another definition has it', { ...egressIPNamingNodes, spec: { versions: [] } }],
  ])('when %s', (_, definition) => {
    expect(plainOf(pinned, definition)).toEqual(plain('192.168.7.101'));
    expect(codesOf(translated(pinned, definition))).toEqual(['PinningLost']);
  });

  test('when every node that fits would be named', () => {
    const all = [shop('192.168.7.101'), ...names.map((name) => host(name, { egressCIDRs: ['192.168.7.0/24'] }))];
    expect(plainOf(all)).toEqual(plain('192.168.7.101'));
  });

  test('when one of its egress IPs is on no node today', () => {
    expect(plainOf([...pinned.slice(1), shop('192.168.7.101', '192.168.7.105')])).toEqual(
      plain('192.168.7.101', '192.168.7.105'),
    );
  });

  test('when the node has no host name', () => {
    const nameless = make.node('n1', '192.168.7.11');
    const made = toOVN(
      snapshotOf([
        make.clusterNetwork(),
        nameless,
        ...nodes.slice(1),
        make.namespace('shop'),
        ...pinned,
        egressIPNamingNodes,
      ]),
      { ...options, machineNetworks: ['192.168.7.0/24'] },
    );
    expect(specOf(made)).toEqual(plain('192.168.7.101'));
    expect(codesOf(made)).toEqual(['PinningLost']);
  });
});

describe('while nothing tells whether it can', () => {
  const unknown = ({ findings }: Translation): readonly string[] =>
    findings.flatMap(({ code, severity, name }) => (code === 'ServedKindUnknown' ? [`${severity} ${name}`] : []));
  const read = (objects: readonly KubeObject[], forbidden = false): Translation => {
    const snapshot = snapshotOf([...base, ...objects]);
    const unread = forbidden ? [{ kind: customResourceDefinitions, reason: 'no', right: 'list them' }] : [];
    return toOVN({ ...snapshot, unread }, { ...options, machineNetworks: ['192.168.7.0/24'] });
  };

  test('an EgressIP names no nodes, and it is told if it would', () => {
    expect(unknown(read(pinned))).toEqual(['info egressips.k8s.ovn.org']);
    expect(unknown(read(pinned, true))).toEqual(['warning egressips.k8s.ovn.org']);
    expect(codesOf(read(pinned))).toEqual(['PinningLost']);
    expect(read(pinned).undecided).toEqual([{ kind: 'EgressIP', field: 'spec.egressNodeSelector' }]);
  });

  test('nothing is told if it would name none', () => {
    const all = [shop('192.168.7.101'), ...names.map((name) => host(name, { egressCIDRs: ['192.168.7.0/24'] }))];
    expect([unknown(read(all)), unknown(read(all, true)), unknown(translated(pinned))]).toEqual([[], [], []]);
  });
});

test('law: what the prediction allows is what the selector and the networks allow, and what SDN uses today stays allowed', () => {
  const lists = fc.array(fc.subarray(['192.168.7.101', '192.168.7.102', '192.168.7.103']), {
    minLength: 3,
    maxLength: 3,
  });
  const automatic = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(
      lists,
      automatic,
      fc.subarray(['192.168.7.101', '192.168.7.102', '192.168.7.103'], { minLength: 1 }),
      (held, auto, asked) => {
        const once = held.map((ips, index) => ips.filter((ip) => !held.slice(0, index).flat().includes(ip)));
        const hosts = names.map((name, index) =>
          host(name, { egressIPs: once[index]!, ...(auto[index]! ? { egressCIDRs: ['192.168.7.96/28'] } : {}) }),
        );
        const made = translated([shop(...asked), ...hosts]);
        const object = made.changes.find((change) => change.action === 'apply' && change.object.kind === 'EgressIP');
        if (object?.action !== 'apply') throw new Error('no EgressIP');
        const spec = JSON.stringify(specOf(made));
        const isNamed = (name: string): boolean =>
          !spec.includes('egressNodeSelector') || spec.includes(`${name}.example`);
        for (const ip of egressIPItem(object.object).egressIPs) {
          const { allowed = [], today = [] } = made.placement.get(ip) ?? {};
          expect(allowed.every(isNamed)).toBe(true);
          expect(today.every(isNamed)).toBe(true);
        }
      },
    ),
    { numRuns: rounds(300) },
  );
});
