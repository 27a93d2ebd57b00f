import { egressIPClaims } from '../../../../src/migrate/targets/sdn/egressips.ts';
import { requestPart } from '../../../../src/migrate/targets/sdn/netnamespaces.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../../snapshots.ts';
import { byName, first, second, third } from '../ovn/cluster-of.ts';

const egressIP = (
  name: string,
  egressIPs: readonly string[],
  namespaceSelector: object,
  { labels = {}, podSelector }: { readonly labels?: object; readonly podSelector?: object } = {},
): KubeObject =>
  make.any('k8s.ovn.org/v1', 'EgressIP', { name, labels }, { spec: { egressIPs, namespaceSelector, podSelector } });

function part(...objects: readonly KubeObject[]) {
  const snapshot = snapshotOf(objects);
  const { changes, findings, granted } = requestPart(snapshot, egressIPClaims(snapshot));
  return {
    requests: changes.map((change) =>
      change.action === 'apply' ? `${change.step} ${JSON.stringify({ ...change.object, ...bare })}` : '',
    ),
    from: changes.map((change) => (change.action === 'apply' ? change.from.map(({ name }) => name) : [])),
    findings: findings.map(({ code, kind, name, tomorrow }) => `${code} ${kind} ${name}: ${tomorrow}`),
    granted: Object.fromEntries([...granted].map(([ip, { ref }]) => [ip, ref.name])),
  };
}
const bare = { apiVersion: undefined, kind: undefined };
const wants = (step: string, name: string, ...egressIPs: readonly string[]): string =>
  `${step} ${JSON.stringify({ metadata: { name }, egressIPs })}`;
const codes = (...objects: readonly KubeObject[]): readonly string[] =>
  part(...objects).findings.map((text) => text.split(':')[0] ?? '');
const shop = [make.namespace('shop'), make.netNamespace('shop', 10)];
const zoo = [make.namespace('zoo'), make.netNamespace('zoo', 11)];
const mate = [make.namespace('mate'), make.netNamespace('mate', 10)];

describe('a namespace requests', () => {
  it('the addresses of the EgressIP that selects it', () => {
    expect(part(...shop, egressIP('e', [first, second], byName('shop')))).toEqual({
      requests: [wants('restore', 'shop', first, second)],
      from: [['e']],
      findings: [],
      granted: { [first]: 'e', [second]: 'e' },
    });
  });

  it('later if its NetNamespace is not there yet', () => {
    const there = make.netNamespace('other', 9);
    expect(part(there, make.namespace('shop'), egressIP('e', [first], byName('shop'))).requests).toEqual([
      wants('restore-after', 'shop', first),
    ]);
  });

  it('the addresses of all EgressIPs that select it, each once', () => {
    const found = part(...shop, egressIP('f', [second, first], byName('shop')), egressIP('e', [first], byName('shop')));
    expect(found.requests).toEqual([wants('restore', 'shop', first, second)]);
    expect(found.from).toEqual([['e', 'f']]);
    expect(found.findings).toEqual([expect.stringMatching(/^SeveralEgressIPs Namespace shop: /)]);
  });

  it('what its label says of its own list', () => {
    const labels = { 'requests.sdn-compat/shop': '2.0', 'requests.sdn-compat/mate': 'none' };
    const found = part(...shop, ...mate, egressIP('e', [first, second, third], byName('shop', 'mate'), { labels }));
    expect(found.requests).toEqual([wants('restore', 'shop', third, first)]);
  });
});

describe('an EgressIP', () => {
  it('leaves out what is no IPv4 address', () => {
    const found = part(...shop, egressIP('e', ['fd00::1', first], byName('shop')));
    expect(found.requests).toEqual([wants('restore', 'shop', first)]);
    expect(found.findings).toEqual([expect.stringMatching(/^FamilyLost EgressIP e: /)]);
    expect(part(...shop, egressIP('e', ['fd00::1'], byName('shop'))).requests).toEqual([]);
  });

  it('loses its choice of pods', () => {
    const podSelector = { matchLabels: { app: 'web' } };
    expect(codes(...shop, egressIP('e', [first], byName('shop'), { podSelector }))).toEqual([
      'PodSelectorLost EgressIP e',
    ]);
  });

  it('loses its choice of namespaces by other labels', () => {
    const red = make.namespace('shop', { labels: { team: 'red' } });
    const found = part(red, make.netNamespace('shop', 10), egressIP('e', [first], { matchLabels: { team: 'red' } }));
    expect(found.requests).toEqual([wants('restore', 'shop', first)]);
    expect(found.findings).toEqual([expect.stringMatching(/^NamespaceSelectorLost EgressIP e: .*: shop\.$/)]);
  });

  it('selects nothing, or what it names if no Namespaces are known', () => {
    expect(codes(...shop, egressIP('e', [first], byName('gone')))).toEqual(['NamespaceMissing EgressIP e']);
    expect(part(egressIP('e', [first], byName('gone'))).requests).toEqual([wants('restore-after', 'gone', first)]);
    expect(codes(egressIP('e', [first], { matchLabels: { team: 'red' } }))).toEqual([
      'NamespaceSelectorLost EgressIP e',
      'NamespaceMissing EgressIP e',
    ]);
  });
});

describe('namespaces that share an EgressIP', () => {
  it('all keep it if they share a VNID', () => {
    const found = part(...shop, ...mate, egressIP('e', [first], byName('shop', 'mate')));
    expect(found.requests).toEqual([wants('restore', 'mate', first), wants('restore', 'shop', first)]);
    expect(found.findings).toEqual([]);
  });

  it('leave it to the first if not', () => {
    const found = part(...shop, ...zoo, egressIP('e', [first], byName('zoo', 'shop')));
    expect(found.requests).toEqual([wants('restore', 'shop', first)]);
    expect(found.findings).toEqual([
      expect.stringMatching(/^SharedEgressIP EgressIP e: .*: shop keeps them, the others leave with node addresses/),
    ]);
  });

  it('have VNIDs of their own where they have no NetNamespace beside others', () => {
    expect(codes(...shop, make.namespace('new'), egressIP('e', [first], byName('shop', 'new')))).toEqual([
      'SharedEgressIP EgressIP e',
    ]);
    const two = [make.namespace('new'), make.namespace('newer'), make.netNamespace('other', 9)];
    const labels = { 'migrate.sdn-compat/netid': '42' };
    expect(codes(...two, egressIP('e', [first], byName('new', 'newer'), { labels }))).toEqual([
      'SharedEgressIP EgressIP e',
    ]);
  });

  it('must be joined again where no NetNamespace is left, by the VNID that our label kept', () => {
    const spaces = [make.namespace('shop'), make.namespace('mate')];
    const labels = { 'migrate.sdn-compat/netid': '42' };
    const found = part(...spaces, egressIP('e', [first], byName('shop', 'mate'), { labels }));
    expect(found.requests).toEqual([wants('restore-after', 'mate', first), wants('restore-after', 'shop', first)]);
    expect(found.findings).toEqual([expect.stringMatching(/^JoinedNamespaces EgressIP e: /)]);
    expect(codes(...spaces, egressIP('e', [first], byName('shop', 'mate')))).toEqual(['SharedEgressIP EgressIP e']);
    expect(codes(...spaces, egressIP('e', [first], byName('shop'), { labels }))).toEqual([]);
  });
});
