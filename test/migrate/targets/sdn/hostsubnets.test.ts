import { egressIPItem } from '../../../../src/migrate/kinds/egressip.ts';
import { objectRef } from '../../../../src/migrate/ref.ts';
import { hostPart } from '../../../../src/migrate/targets/sdn/hostsubnets.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { ip } from '../../parsed.ts';
import { make, snapshotOf } from '../../snapshots.ts';
import { assignable, byName, first, second, third } from '../ovn/cluster-of.ts';

const key = 'networkoperator.openshift.io/sdn-to-ovn-migration';
const node = (name: string, kept?: string): KubeObject =>
  make.node(name, '192.168.7.11', {
    labels: assignable,
    ...(kept === undefined ? {} : { annotations: { [key]: kept } }),
  });
interface Granted {
  readonly labels?: object;
  readonly on?: string;
}
function part(objects: readonly KubeObject[], granted: Readonly<Record<string, Granted>> = {}) {
  const items = Object.entries(granted).map(([text, { labels = {}, on }]) => {
    const status = { items: on === undefined ? [] : [{ egressIP: text, node: on }] };
    const object = make.any(
      'k8s.ovn.org/v1',
      'EgressIP',
      { name: `e-${text}`, labels },
      { spec: { namespaceSelector: byName() }, status },
    );
    const egressIP = egressIPItem(object);
    return [ip(text), { egressIP, ref: objectRef(object), ips: [ip(text)], namespaces: [] }] as const;
  });
  const { changes, findings } = hostPart(snapshotOf(objects), new Map(items));
  return {
    made: changes.flatMap((change) =>
      change.action === 'apply'
        ? [`${change.step} ${JSON.stringify({ ...change.object, apiVersion: undefined, kind: undefined })}`]
        : [],
    ),
    cleared: changes.flatMap((change) =>
      change.action === 'clear' ? [`${change.object.kind} ${change.object.name} ${JSON.stringify(change.patch)}`] : [],
    ),
    findings: findings.map(({ code, kind, name, tomorrow }) => `${code} ${kind} ${name}: ${tomorrow}`),
  };
}
const host = (step: string, name: string, fields: object): string =>
  `${step} ${JSON.stringify({ metadata: { name }, ...fields })}`;
const noLabel = '"labels":{"k8s.ovn.org/egress-assignable":null}';

describe('a labeled node', () => {
  it('lists what is assigned to it, sorted, in its HostSubnet', () => {
    const found = part([node('n1'), make.hostSubnet('n1', '192.168.7.11')], {
      [third]: { on: 'n1' },
      [first]: { on: 'n1' },
    });
    expect(found).toEqual({
      made: [host('restore', 'n1', { egressIPs: [first, third] })],
      cleared: [`Node n1 {"metadata":{${noLabel}}}`],
      findings: [],
    });
  });

  it('does so later if its HostSubnet is not there yet', () => {
    expect(part([node('n1')], { [first]: { on: 'n1' } }).made).toEqual([
      host('restore-after', 'n1', { egressIPs: [first] }),
    ]);
  });

  it('offers the CIDRs that its annotation kept, and no list', () => {
    const found = part([node('n1', '{"EgressCIDRs":["192.168.7.0/24","10.0.0.0/8"]}')], { [first]: { on: 'n1' } });
    expect(found).toEqual({
      made: [host('restore-after', 'n1', { egressCIDRs: ['192.168.7.0/24', '10.0.0.0/8'] })],
      cleared: [`Node n1 {"metadata":{${noLabel},"annotations":{"${key}":null}}}`],
      findings: [],
    });
  });

  it('offers nothing if nothing is on it, and loses its label all the same', () => {
    expect(part([node('n1')])).toEqual({ made: [], cleared: [`Node n1 {"metadata":{${noLabel}}}`], findings: [] });
  });

  it('is the only kind that is looked at', () => {
    expect(part([make.node('n1', '192.168.7.11')], { [first]: { on: 'n1' } })).toMatchObject({ made: [], cleared: [] });
  });
});

describe('CIDRs that cannot be read', () => {
  it.each([
    ['no JSON', '{', /^CIDRRestrictionLost Node n1: The HostSubnet gets no egressCIDRs\.$/, []],
    ['no list', '{"EgressCIDRs":7}', /gets no egressCIDRs/, []],
    ['one that is none', '{"EgressCIDRs":["x"]}', /gets no egressCIDRs/, []],
    [
      'one of two',
      '{"EgressCIDRs":["x","10.0.0.0/8"]}',
      /gets the CIDRs that can be read/,
      [host('restore-after', 'n1', { egressCIDRs: ['10.0.0.0/8'] })],
    ],
  ])('are reported: %s', (_what, text, finding, made) => {
    expect(part([node('n1', text)])).toMatchObject({ made, findings: [expect.stringMatching(finding)] });
  });
});

describe('an address', () => {
  const placed = (name: string) => ({ [`placed.sdn-compat/${first}`]: name });

  it('goes where our label says, before where it is now', () => {
    const nodes = [node('n1'), node('n2')];
    expect(part(nodes, { [first]: { labels: placed('n2'), on: 'n1' } }).made).toEqual([
      host('restore-after', 'n2', { egressIPs: [first] }),
    ]);
    expect(part(nodes, { [first]: { labels: placed('gone'), on: 'n1' } }).made).toEqual([
      host('restore-after', 'n1', { egressIPs: [first] }),
    ]);
  });

  it('is homeless if no node has it and none offers it', () => {
    expect(part([node('n1')], { [first]: {}, [second]: { on: 'gone' } }).findings).toEqual([
      expect.stringMatching(/^EgressIPUnhosted EgressIP e-192.168.7.101: /),
      expect.stringMatching(/^EgressIPUnhosted EgressIP e-192.168.7.102: /),
    ]);
  });

  it('is homeless on a node that offers CIDRs, none of which holds it', () => {
    expect(part([node('n1', '{"EgressCIDRs":["10.0.0.0/8"]}')], { [first]: { on: 'n1' } }).findings).toEqual([
      expect.stringMatching(/^EgressIPUnhosted EgressIP e-192.168.7.101: /),
    ]);
  });

  it('is at home where CIDRs hold it, wherever it is now', () => {
    const offering = node('n1', '{"EgressCIDRs":["192.168.7.96/28"]}');
    expect(part([offering], { [first]: {} }).findings).toEqual([]);
    expect(part([offering], { '192.168.7.200': {} }).findings).toHaveLength(1);
    expect(part([offering, node('n2')], { '192.168.7.200': { on: 'n2' } }).findings).toEqual([]);
  });
});
