import { liveOf } from '../../../../../src/migrate/live.ts';
import { plannedKinds } from '../../../../../src/migrate/targets.ts';
import { checker } from '../../../../../src/migrate/targets/ovn/live/checks.ts';
import type { Placement } from '../../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../../../snapshots.ts';
import { assignable, byName, egressIP, first, second, third } from '../cluster-of.ts';

const annotated = (zoneName: string, more: object = {}) => ({
  annotations: {
    'k8s.ovn.org/node-primary-ifaddr': '{}',
    'k8s.ovn.org/node-subnets': '{}',
    'k8s.ovn.org/host-cidrs': '[]',
    'k8s.ovn.org/zone-name': zoneName,
  },
  ...more,
});
const nodes = [
  make.node('n1', '192.168.7.11', annotated('z1', { labels: assignable })),
  make.node('n2', '192.168.7.12', annotated('z2')),
];
const shop = make.namespace('shop');
type Places = Readonly<Record<string, Placement>>;

function checks(object: KubeObject, others: readonly KubeObject[] = [], placement: Places = {}) {
  const live = liveOf(snapshotOf([...nodes, shop, ...others, object]), plannedKinds);
  return checker({ live, placement: new Map(Object.entries(placement)), isReplaced: () => false })(object);
}
const problems = (...args: Parameters<typeof checks>): readonly string[] | undefined =>
  checks(...args)?.map(({ part, well, problem }) => `${part}: ${well ? 'well' : (problem ?? '')}`);
const on = (node: string, ip: string = first): Readonly<Record<string, string>> => ({ [ip]: node });
const e = (assigned: Readonly<Record<string, string>>, ips: readonly string[] = [first]): KubeObject =>
  egressIP('e', ips, byName('shop'), assigned);

it('has nothing to say of other kinds', () => {
  expect(checks(make.namespace('zoo'))).toBeUndefined();
});

describe('an egress IP', () => {
  it('is well where it is assigned, and shows where', () => {
    expect(checks(e(on('n1')))).toEqual([
      { object: { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', name: 'e' }, part: first, well: true, node: 'n1' },
    ]);
  });

  it('shows what the plan says of it', () => {
    const placement = { [first]: { today: [], allowed: ['n1'], expected: 'n1' } };
    expect(checks(e(on('n1')), [], placement)?.[0]).toMatchObject({ well: true, allowed: ['n1'], expected: 'n1' });
    expect(checks(e({}), [], placement)?.[0]).toMatchObject({ well: false, allowed: ['n1'], expected: 'n1' });
    expect(checks(e({}))?.[0]).not.toHaveProperty('node');
  });

  it.each([
    [['n1', 'n2'], 'n1, n2'],
    [['n2', 'n1'], 'n1, n2'],
    [['n1', 'n1'], 'n1'],
  ])('is not well if its status lists it several times, on %s', (places, shown) => {
    const items = [...places.map((node) => ({ egressIP: first, node })), { egressIP: second, node: 'n1' }];
    const object: KubeObject & { readonly status: object } = { ...e({}, [first, second]), status: { items } };
    expect(problems(object)).toEqual([
      `${first}: its status lists it 2 times, on ${shown}: more than one node may answer for it`,
      `${second}: well`,
    ]);
  });

  it('is checked one by one', () => {
    expect(problems(e({ ...on('n1'), ...on('n2', second) }, [first, second, third]))).toEqual([
      `${first}: well`,
      `${second}: well`,
      expect.stringMatching(/^192.168.7.103: it is not assigned: /),
    ]);
  });

  it('is not well on a node that is not Ready', () => {
    expect(problems(e(on('n3')))).toEqual([
      `${first}: it is on n3, which is not Ready: OVN-Kubernetes did not move it`,
    ]);
  });

  it('is well on a node of the plan, or on one that was labeled since, and on no other', () => {
    const allows = (...allowed: readonly string[]): Places => ({ [first]: { today: [], allowed } });
    expect(problems(e(on('n2')), [], allows('n2'))).toEqual([`${first}: well`]);
    expect(problems(e(on('n1')), [], allows('n2'))).toEqual([`${first}: well`]);
    expect(problems(e(on('n2')), [], allows('n1'))).toEqual([
      `${first}: it is on n2, where the plan does not allow it`,
    ]);
  });

  it('is not well if another EgressIP requests it too', () => {
    expect(problems(e(on('n1')), [egressIP('z', [first], byName('x')), egressIP('y', [first], byName('x'))])).toEqual([
      `${first}: EgressIP y, z requests it too: after a restart of OVN-Kubernetes both have it`,
    ]);
    expect(problems(e(on('n1')), [egressIP('z', [first], byName('x'))])).toEqual([
      `${first}: EgressIP z requests it too: after a restart of OVN-Kubernetes both have it`,
    ]);
  });
});

it('names three of many EgressIPs that request an address, and three of many zones that are silent', () => {
  const names = ['o1', 'o2', 'o3', 'o4'];
  expect(
    problems(
      e(on('n1')),
      names.map((name) => egressIP(name, [first], byName('x'))),
    ),
  ).toEqual([expect.stringMatching(/^192.168.7.101: EgressIP o1, o2, o3 and 1 more requests it too/)]);
  const zones = names.map((name, index) => make.node(name, `192.168.7.2${index}`, annotated(name)));
  const silent = make.any(
    'k8s.ovn.org/v1',
    'EgressFirewall',
    { name: 'default', namespace: 'shop' },
    { status: { messages: ['z1: EgressFirewall Rules applied', 'z2: EgressFirewall Rules applied'] } },
  );
  expect(problems(silent, zones)).toEqual([expect.stringMatching(/: zone o1, o2, o3 and 1 more is silent$/)]);
});

describe('the namespaces of an EgressIP', () => {
  it('must be some, if there are any', () => {
    expect(problems(egressIP('e', [], byName('nowhere')))).toEqual(['namespaces: it selects no namespace']);
  });

  it('must not be served by another', () => {
    const other = egressIP('other', [second], {});
    expect(problems(e(on('n1')), [make.namespace('zoo'), other])).toEqual([
      `${first}: well`,
      'namespaces: EgressIP other selects shop too: pods leave with the addresses of one of the two',
    ]);
  });

  it('are shown in the order of the other EgressIPs', () => {
    const both = egressIP('e', [], byName('shop', 'zoo'));
    const others: readonly KubeObject[] = [egressIP('o2', [], byName('shop')), egressIP('o1', [], byName('zoo'))];
    expect(problems(both, [make.namespace('zoo'), ...others])?.map((text) => text.slice(0, 32))).toEqual([
      'namespaces: EgressIP o1 selects ',
      'namespaces: EgressIP o2 selects ',
    ]);
  });

  it('are shown once for each other EgressIP', () => {
    const both = egressIP('e', [], byName('shop', 'zoo'));
    expect(problems(both, [make.namespace('zoo'), egressIP('o1', [], {}), egressIP('o2', [], byName('zoo'))])).toEqual([
      'namespaces: EgressIP o1 selects shop, zoo too: pods leave with the addresses of one of the two',
      'namespaces: EgressIP o2 selects zoo too: pods leave with the addresses of one of the two',
    ]);
  });

  it('are three of many', () => {
    const names = ['a', 'b', 'c', 'd'];
    const found = problems(egressIP('e', [], byName(...names)), [
      ...names.map((name) => make.namespace(name)),
      egressIP('o', [], byName(...names)),
    ]);
    expect(found).toEqual([expect.stringMatching(/^namespaces: EgressIP o selects a, b, c and 1 more too: /)]);
  });

  it('are nobody knows which without Namespaces', () => {
    const live = liveOf(snapshotOf([...nodes]), plannedKinds);
    const check = checker({ live, placement: new Map(), isReplaced: () => false });
    expect(check(egressIP('e', [], byName('shop')))).toEqual([]);
  });
});

describe('a firewall', () => {
  const applied = 'EgressFirewall Rules applied';
  const firewall = (status: string, ...messages: readonly string[]): KubeObject =>
    make.any(
      'k8s.ovn.org/v1',
      'EgressFirewall',
      { name: 'default', namespace: 'shop' },
      { spec: { egress: [] }, status: { status, messages } },
    );

  it.each<readonly [string, KubeObject, string]>([
    ['that is applied', firewall(applied), 'rules: well'],
    ['that is applied, with spaces around', firewall(` ${applied}\n`), 'rules: well'],
    ['that every zone applied', firewall(applied, `z1: ${applied}`, `z2: ${applied}`), 'rules: well'],
    ['that a zone without a name applied', firewall(applied, `: ${applied}`), 'rules: well'],
    ['that failed', firewall('cannot parse'), 'rules: OVN-Kubernetes says: cannot parse'],
    [
      'that failed in a zone',
      firewall(applied, `z1: ${applied}`, 'z2: error: no such host'),
      'rules: OVN-Kubernetes says in zone z2: error: no such host',
    ],
    ['that failed nobody knows where', firewall('', 'failed'), 'rules: OVN-Kubernetes says: failed'],
    [
      'of which nothing is said',
      firewall(''),
      'rules: OVN-Kubernetes has not said that it applied the rules (status is empty)',
    ],
    [
      'of which a zone says nothing',
      firewall('', `z1: ${applied}`),
      'rules: OVN-Kubernetes has not said that it applied the rules (status is empty): zone z2 is silent',
    ],
    [
      'of which only a zone that nobody knows says something',
      firewall('', `z9: ${applied}`),
      'rules: OVN-Kubernetes has not said that it applied the rules (status is empty): zone z1, z2 is silent',
    ],
    [
      'that all zones applied, without a word of the whole',
      firewall('', `z1: ${applied}`, `z2: ${applied}`),
      'rules: OVN-Kubernetes has not said that it applied the rules (status is empty)',
    ],
  ])('%s', (_what, object, expected) => {
    expect(problems(object)).toEqual([expected]);
  });
});
