import { egressIPs as egressIPKind, type Kind } from '../../../../../api/kinds.ts';
import { objectRef, refKey } from '../../../../../src/migrate/ref.ts';
import type { Phase, Sight } from '../../../../../src/migrate/target.ts';
import { phasesOf } from '../../../../../src/migrate/targets/ovn/live/phases.ts';
import type { Change, Placement } from '../../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { make } from '../../../snapshots.ts';
import { assignable, egressIP, first, second, third } from '../cluster-of.ts';

const apply = (object: KubeObject): Change => ({ action: 'apply', step: 'keep-placement', object, from: [] });
const label = (name: string): Change => apply(make.any('v1', 'Node', { name, labels: assignable }, {}));
const annotations = {
  'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}',
  'k8s.ovn.org/node-subnets': '{"default":["10.128.0.0/23"]}',
  'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]',
};
const node = (name: string, metadata: Readonly<Record<string, unknown>> = {}): KubeObject =>
  make.node(name, '192.168.7.11', { annotations, ...metadata });
const labeled = (name: string): KubeObject => node(name, { labels: assignable });
const down = (name: string): KubeObject =>
  make.any(
    'v1',
    'Node',
    { name, annotations, labels: assignable },
    { status: { conditions: [{ type: 'Ready', status: 'False' }] } },
  );

function sight(...objects: readonly KubeObject[]): Sight {
  return {
    get: (ref) => objects.find((one) => refKey(objectRef(one)) === refKey(ref)),
    all: (kind: Kind) => objects.filter((one) => one.kind === kind.kind),
  };
}
const changes = [label('n1'), label('n2'), apply(egressIP('shop', [first, second])), apply(egressIP('zoo', [third]))];
const placed = (...expected: readonly (readonly [string, string | undefined])[]): ReadonlyMap<string, Placement> =>
  new Map(
    expected.map(([ip, name]) => [
      ip,
      { today: [], allowed: ['n1', 'n2'], ...(name === undefined ? {} : { expected: name }) },
    ]),
  );
const placement = placed([first, 'n1'], [second, 'n2'], [third, 'n2']);
const list = phasesOf(changes, placement).list;
const onN2 = list[0]!;
const onN1 = list[1]!;
const wanted = (phase: Phase, seen: Sight, ...begun: readonly string[]) =>
  phase.then(seen, new Set(begun)).map(({ object }) => [objectRef(object).name, JSON.stringify(object)] as const);
const spec = (...ips: readonly string[]) =>
  expect.stringContaining(`"spec":{"egressIPs":${JSON.stringify(ips)},"namespaceSelector":{}}`) as string;

describe('the phases', () => {
  it('are one for each node that keeps egress IPs, those with most first', () => {
    expect(list.map(({ name, entries }) => [name, entries])).toEqual([
      ['Node n2: 2 egress IPs', [second, third]],
      ['Node n1: 1 egress IP', [first]],
    ]);
  });

  it('begin with the label of the node', () => {
    expect(list.map(({ first: begin }) => begin.map((change) => change === changes[1]))).toEqual([[true], [false]]);
    expect(onN1.first).toEqual([changes[0]]);
  });

  it('leave out what the plan does not keep, and what it does not make', () => {
    expect(phasesOf(changes, placed([first, undefined])).list).toEqual([]);
    expect(phasesOf(changes, placed(['192.168.7.250', 'n1'])).list).toEqual([]);
    expect(phasesOf(changes, placed([first, 'n9'])).list).toEqual([]);
    expect(phasesOf([], placement).list).toEqual([]);
    const namesake = [...changes, apply(egressIP('n9', []))];
    expect(phasesOf(namesake, placed([first, 'n9'])).list).toEqual([]);
  });
});

describe('the objects of a phase', () => {
  it('have the addresses that were begun, in their order', () => {
    expect(wanted(onN2, sight(), third, second)).toEqual([
      ['shop', spec(second)],
      ['zoo', spec(third)],
    ]);
    expect(wanted(onN1, sight(), first, second)).toEqual([['shop', spec(first, second)]]);
  });

  it('keep the addresses that are there already, but none of somebody else', () => {
    const there = egressIP('shop', [second, '192.168.7.250']);
    expect(wanted(onN1, sight(there), first)).toEqual([['shop', spec(first, second)]]);
  });

  it('name the change that they are of', () => {
    expect(onN1.then(sight(), new Set()).map(({ change }) => change)).toEqual([changes[2]]);
  });
});

describe('a phase has ended', () => {
  it('when each of its addresses is assigned', () => {
    const all = (): boolean => true;
    expect(onN2.missing(sight(), all)).toEqual([second, third]);
    const half = sight(egressIP('shop', [second], {}, { [second]: 'n2' }), egressIP('zoo', [third]));
    expect(onN2.missing(half, all)).toEqual([third]);
  });

  it('does not wait for objects that were not made', () => {
    expect(onN2.missing(sight(), ({ name }) => name === 'zoo')).toEqual([third]);
  });
});

describe('a phase is left out', () => {
  const nodes = [labeled('n1'), labeled('n2')];

  it('if its node cannot have anything now', () => {
    expect(onN1.obstacle(sight(labeled('n2')))).toEqual({ leaves: 'phase', reason: 'Node n1 is not there' });
    expect(onN1.obstacle(sight(down('n1')))).toEqual({ leaves: 'phase', reason: 'Node n1 is not Ready' });
    expect(onN1.obstacle(sight(make.node('n1', '192.168.7.11')))).toEqual({
      leaves: 'phase',
      reason: 'Node n1 lacks annotations of OVN-Kubernetes',
    });
    const others = { ...annotations, 'k8s.ovn.org/host-cidrs': 'nonsense' };
    const half = make.node('n1', '192.168.7.11', { annotations: others });
    expect(onN1.obstacle(sight(half))?.reason).toBe('Node n1 lacks annotations of OVN-Kubernetes');
  });

  it('not if all of it is assigned by now', () => {
    expect(onN1.obstacle(sight(egressIP('shop', [first], {}, { [first]: 'n1' })))).toBeUndefined();
  });

  it('not while nothing is in the way', () => {
    expect(onN1.obstacle(sight(node('n1')))).toBeUndefined();
    expect(onN2.obstacle(sight(...nodes))).toBeUndefined();
  });

  it('with all that is left, if a labeled node that the plan does not know is as empty', () => {
    const { obstacle } = onN2;
    expect(obstacle(sight(...nodes, labeled('n9')))).toEqual({
      leaves: 'all',
      reason: 'Node n9 has the label and only 0 egress IPs, so OVN-Kubernetes would not choose n2',
    });
    const one = egressIP('other', ['192.168.7.250'], {}, { '192.168.7.250': 'n9' });
    expect(obstacle(sight(...nodes, labeled('n9'), one))?.reason).toMatch(
      /only 1 egress IP, so OVN-Kubernetes would not choose n2/,
    );
    const two = egressIP('more', ['192.168.7.251'], {}, { '192.168.7.251': 'n9' });
    expect(obstacle(sight(...nodes, labeled('n9'), one, two))).toBeUndefined();
  });

  it('for the same reason in whatever order the nodes come', () => {
    const all = [...nodes, labeled('n9'), labeled('n8')];
    const seen = onN2.obstacle(sight(...all));
    expect(seen?.reason).toMatch(/^Node n8 /);
    expect(onN2.obstacle(sight(...all.toReversed()))).toEqual(seen);
  });

  it('not because of another node of the plan, where one address may be lost to chance', () => {
    expect(onN1.obstacle(sight(...nodes))).toBeUndefined();
  });

  it('not because of a node without the label, or one that is not Ready', () => {
    expect(onN2.obstacle(sight(...nodes, node('n9')))).toBeUndefined();
    expect(onN2.obstacle(sight(...nodes, down('n9')))).toBeUndefined();
  });

  it('not because of what the node itself has', () => {
    const busy = egressIP('other', ['192.168.7.250'], {}, { '192.168.7.250': 'n1' });
    expect(onN1.obstacle(sight(labeled('n1'), busy))).toBeUndefined();
  });
});

it('looks at Nodes and EgressIPs', () => {
  expect(phasesOf([], new Map()).kinds.map(({ kind }) => kind)).toEqual(['Node', egressIPKind.kind]);
});
