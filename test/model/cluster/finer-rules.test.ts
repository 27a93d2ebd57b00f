/** What users are told of finer rules. */
import { clusterOf } from '../../../src/model/cluster/cluster.ts';
import { leavingOf, packetTo } from '../../../src/model/cluster/leaving.ts';
import { narrowed } from '../../../src/model/cluster/narrowed.ts';
import { statusOf } from '../../../src/model/cluster/summary.ts';
import { egressState } from '../../../src/model/egress/state.ts';
import { drainAnnotation } from '../../../src/model/objects/drain.ts';
import { bandwidthAnnotation, excludedAnnotation, ruleAnnotations } from '../../../src/model/objects/egressrules.ts';
import { reportOn } from '../../../src/model/simulation/report.ts';
import { rawHostSubnet, rawNetNamespace } from '../parsed.ts';

const { destinations, destinationIPs, except, podSelector } = ruleAnnotations;
const [one, two] = ['192.168.8.1', '192.168.8.2'] as const;

function namespace(
  name: string,
  netid: number,
  annotations: Readonly<Record<string, string>>,
  egressIPs: readonly string[] = [one],
) {
  const raw = rawNetNamespace(name, netid, [...egressIPs]);
  return { ...raw, metadata: { ...raw.metadata, annotations } };
}

function cluster(namespaces: readonly ReturnType<typeof namespace>[], excluded?: string) {
  const clusterNetworks = [
    {
      apiVersion: 'network.openshift.io/v1' as const,
      kind: 'ClusterNetwork' as const,
      metadata: {
        name: 'default',
        ...(excluded === undefined ? {} : { annotations: { [excludedAnnotation]: excluded } }),
      },
      clusterNetworks: [{ CIDR: '10.128.0.0/14', hostSubnetLength: 9 }],
      serviceNetwork: '172.30.0.0/16',
    },
  ];
  const hostSubnets = [rawHostSubnet('node-1', { egressIPs: [one] })];
  return clusterOf({ hostSubnets, netNamespaces: namespaces, nodes: [], clusterNetworks }, new Set());
}

const notes = (...given: Parameters<typeof cluster>) =>
  statusOf(cluster(...given)).notes.map(({ kind, name, code, message }) => `${kind} ${name} ${code}: ${message}`);

test('status and simulation show the rules that count, and what is asked for alone', () => {
  const rules = { [destinations]: 'tcp:443', [destinationIPs]: `10.0.0.0/8=${one}` };
  const all = cluster([namespace('red', 42, rules), namespace('blue', 43, {}, [])], '192.0.2.0/24');
  const row = { namespaces: ['red'], vnid: 42, destinations: ['tcp:443'], except: ['192.0.2.0/24'] };
  const status = statusOf(all);
  expect(status.rules).toEqual([{ ...row, destinationIPs: [`10.0.0.0/8=${one}`], podSelector: null }]);
  expect(narrowed(status, { namespaces: new Set(['red']) }).rules).toHaveLength(1);
  expect(narrowed(status, { namespaces: new Set(['blue']) })).not.toHaveProperty('rules');
  expect(reportOn(all, all).after.namespaces.map((each) => [each.namespace, each.rules])).toEqual([
    ['blue', undefined],
    ['red', `only tcp:443; not 192.0.2.0/24; 10.0.0.0/8=${one}`],
  ]);
  expect(leavingOf(status, 'red').kind).toBe('unknown');
  expect(statusOf(cluster([namespace('red', 42, {})]))).not.toHaveProperty('rules');
});

test('status and simulation show which pods the rules are for', () => {
  const all = cluster([namespace('red', 42, { [podSelector]: 'app == web, tier in (a,b), !old' })]);
  const selector = 'app=web,tier in (a,b),!old';
  expect(statusOf(all).rules).toMatchObject([{ destinations: null, except: [], podSelector: selector }]);
  expect(reportOn(all, all).after.namespaces[0]?.rules).toBe(`only pods with ${selector}`);
  expect(notes([namespace('red', 42, { [podSelector]: 'app>1' })])).toEqual([
    `NetNamespace red InvalidEgressRule: annotation ${podSelector} is "app>1", which cannot be read: unable to parse requirement: found 'app>1', expected: identifier or operator; it counts as absent, so that more traffic takes an egress IP, not less`,
  ]);
  expect(notes([namespace('red', 42, { [drainAnnotation]: 'soon' })])).toEqual([
    `NetNamespace red InvalidEgressRule: annotation ${drainAnnotation} is "soon", which cannot be read: it is no duration such as "10m" or "1h30m"; it counts as absent, so that an egress IP that moves cuts its connections`,
  ]);
  const [red, blue] = ['app=web', 'app=db'].map((text) => namespace('red', 42, { [podSelector]: text }));
  expect(notes([red!, { ...blue!, metadata: { ...blue!.metadata, name: 'blue' }, netname: 'blue' }]).join()).toContain(
    'EgressRulesDisagree',
  );
});

test('what cannot be read is told on the object, with annotation and value', () => {
  expect(notes([namespace('red', 42, { [destinations]: '10.0.0.0/8,x', [except]: 'tcp:1' })], 'y')).toEqual([
    `ClusterNetwork default InvalidExcludedCIDRs: annotation ${excludedAnnotation} is "y", which cannot be read: "y" is no address and no CIDR; it counts as absent, so that no network is excluded`,
    `NetNamespace red InvalidEgressRule: annotation ${destinations} is "10.0.0.0/8,x", which cannot be read: "x" is no address and no CIDR; it counts as absent, so that more traffic takes an egress IP, not less`,
  ]);
});

test('namespaces that share a VNID and say different things are told so, each of them', () => {
  const rules = { [destinations]: '10.0.0.0/8' };
  const codes = (other: Readonly<Record<string, string>>) =>
    notes([namespace('red', 42, rules), namespace('blue', 42, other)]).filter((text) => text.includes('EgressRules'));
  expect(codes({}).map((text) => text.split(':')[0])).toEqual([
    'NetNamespace blue EgressRulesDisagree',
    'NetNamespace red EgressRulesDisagree',
  ]);
  expect(codes(rules)).toEqual([]);
});

test('an egress IP by network that the namespace does not request is told', () => {
  const rules = { [destinationIPs]: `10.0.0.0/8=${two},11.0.0.0/8=${two},12.0.0.0/8=${one}` };
  expect(notes([namespace('red', 42, rules)])).toEqual([
    `NetNamespace red EgressIPOfRuleNotRequested: ${two} is the egress IP for 10.0.0.0/8, 11.0.0.0/8, and the namespace does not request it: what goes there is dropped`,
  ]);
});

test('where a request to a web server should come from follows the rules, if its address is known', () => {
  const rules = {
    [destinations]: 'tcp:8080,tcp:10.0.0.0/8,tcp:443',
    [destinationIPs]: `10.0.0.0/8=${one},10.1.0.0/16=${two}`,
  };
  const all = cluster([namespace('red', 42, rules)]);
  const status = statusOf(all);
  const { vnids } = egressState(all);
  const rulesOf = (vnid: number) => {
    const [, found] = [...vnids].find(([key]) => key === vnid) ?? [];
    return found === undefined || found.kind === 'normal' ? undefined : found.rules;
  };
  const leaving = (url: string) => leavingOf(status, 'red', { packet: packetTo(new URL(url)), rulesOf });
  expect(leaving('http://192.0.2.7/')).toEqual({ kind: 'node' });
  for (const url of ['http://192.0.2.7:8080/', 'https://192.0.2.7/', 'http://10.9.0.1/'])
    expect(leaving(url)).toEqual({ kind: 'egressIP', addresses: [one] });
  expect(leaving('http://10.1.0.1/')).toEqual({
    kind: 'dropped',
    reason: `destination-ips names ${two}, which its namespace does not request`,
  });
  expect(leaving('http://web.example.com/').kind).toBe('unknown');
  const some = cluster([namespace('red', 42, { [ruleAnnotations.podSelector]: 'app=a' })]);
  const ruled = [...egressState(some).vnids.values()].flatMap((each) => (each.kind === 'normal' ? [] : [each.rules]));
  const packet = packetTo(new URL('http://192.0.2.7/'));
  expect(leavingOf(statusOf(some), 'red', { packet, rulesOf: () => ruled[0] }).kind).toBe('unknown');
});

test('status shows what drains as agents tell it, for as long as somebody requests it', () => {
  const until = '2026-11-30T12:00:00.000Z';
  const agent = (...ips: readonly string[]) => ({
    ...{ applied: undefined, carried: new Set<string>(), version: undefined, at: undefined },
    draining: new Map(ips.map((each) => [each, until])),
  });
  const agents = new Map([
    ['b', agent(two, '192.0.2.1')],
    ['a', agent(one)],
    ['c', agent()],
  ]);
  const all = cluster([namespace('red', 42, {}, [one, two]), namespace('blue', 42, {}, [one, two])]);
  const status = statusOf(all, { unknown: new Map(), refused: new Map(), agents });
  const row = { namespaces: ['blue', 'red'], vnid: 42, until };
  expect(status.drains).toEqual([
    { ...row, egressIP: one, from: 'a', to: 'node-1' },
    { ...row, egressIP: two, from: 'b', to: null },
  ]);
  expect(narrowed(status, { namespaces: new Set(['green']) })).not.toHaveProperty('drains');
  const quiet = new Map([['c', agent()]]);
  expect(statusOf(all, { unknown: new Map(), refused: new Map(), agents: quiet })).not.toHaveProperty('drains');
});

test('status shows the bandwidth of each egress IP, the least of namespaces that share a VNID', () => {
  const of = (name: string, vnid: number, text: string) => namespace(name, vnid, { [bandwidthAnnotation]: text });
  const status = statusOf(cluster([of('red', 42, '20M'), of('blue', 42, '1500k'), of('green', 43, 'bogus')]));
  expect(status.bandwidths).toEqual([{ namespaces: ['blue', 'red'], vnid: 42, bandwidth: '1500k' }]);
  expect(narrowed(status, { namespaces: new Set(['red']) }).bandwidths).toHaveLength(1);
  expect(narrowed(status, { namespaces: new Set(['green']) })).not.toHaveProperty('bandwidths');
  expect(statusOf(cluster([namespace('red', 42, {})]))).not.toHaveProperty('bandwidths');
  expect(status).not.toHaveProperty('rules');
  expect(notes([of('green', 43, 'bogus')])).toEqual([
    'NetNamespace green InvalidEgressRule: annotation egress.sdn-compat.io/bandwidth is "bogus", which cannot be read: "bogus" is no bandwidth from 1k to 1P bits per second; it counts as absent, so that nothing is limited',
  ]);
});
