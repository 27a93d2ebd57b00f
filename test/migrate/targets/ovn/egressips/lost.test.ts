import type { Finding } from '../../../../../src/migrate/findings/finding.ts';
import { lostFindings } from '../../../../../src/migrate/targets/ovn/egressips/lost.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom } from '../../../snapshots.ts';
import { first, project, second, third, worker } from '../cluster-of.ts';

function lost(objects: readonly KubeObject[], keepPlacement = true): readonly Finding[] {
  const context = contextFrom(objects, { keepPlacement });
  return lostFindings(context, context.egress.groups[0]!);
}
const texts = (objects: readonly KubeObject[], keepPlacement = true) =>
  lost(objects, keepPlacement).map(({ code, name, today, tomorrow }) => [code, name, today, tomorrow].join(' | '));
const spare = worker(9, { egressIPs: ['192.168.7.250'] });

describe('the node that an admin chose', () => {
  const pinned = [...worker(1, { egressIPs: [first] }), ...spare, ...project('shop', 10, [first])];

  it('is kept by the plan, until the node fails', () => {
    expect(texts(pinned)).toEqual([
      `PinningLost | shop | An admin put ${first} on n1. | The plan puts it there; when that node fails, it goes to another and does not come back: ${first} on one of n1, n9.`,
    ]);
  });

  it('is lost if the plan does not keep it, or not all', () => {
    expect(texts(pinned, false)).toEqual([expect.stringMatching(/\| OVN-Kubernetes chooses the node: /)]);
    const together = [...worker(1, { egressIPs: [first, second] }), ...worker(2, { egressIPs: [third] }), ...spare];
    expect(texts([...together, ...project('shop', 10, [first, second, third])])[0]).toMatch(
      /An admin put 192.168.7.101 on n1, 192.168.7.102 on n1, 192.168.7.103 on n2.*OVN-Kubernetes chooses the node/,
    );
  });

  it('is no loss if there is no other node', () => {
    expect(texts([...worker(1, { egressIPs: [first] }), ...project('shop', 10, [first])])).toEqual([]);
  });

  it('is no choice if the address is on two nodes, on none, or offered by CIDRs', () => {
    const shop = project('shop', 10, [first]);
    expect(texts([...worker(1, { egressIPs: [first] }), ...worker(2, { egressIPs: [first] }), ...shop])).toEqual([]);
    expect(texts([...worker(1), ...spare, ...shop])).toEqual([]);
    const automatic = worker(1, { egressIPs: [first], egressCIDRs: ['192.168.7.0/24'] });
    expect(lost([...automatic, ...spare, ...shop]).map(({ code }) => code)).not.toContain('PinningLost');
  });

  it('is another one if no longer that node but one other can have it', () => {
    const elsewhere = worker(1, { egressIPs: ['10.1.1.1'] });
    expect(texts([...elsewhere, ...project('shop', 10, ['10.1.1.1'])])).toEqual([]);
  });
});

describe('the CIDRs of nodes', () => {
  const within = worker(1, { egressIPs: [first], egressCIDRs: ['192.168.7.96/28'] });
  const shop = project('shop', 10, [first]);

  it('are lost where another node may host the address', () => {
    expect(texts([...within, ...spare, ...shop])).toEqual([
      `CIDRRestrictionLost | shop | egressCIDRs keep ${first} on n1. | OVN-Kubernetes knows no CIDRs of nodes: ${first} may go to n9 too.`,
    ]);
  });

  it('are no loss where none may, or where none holds the address', () => {
    expect(texts([...within, ...shop])).toEqual([]);
    expect(texts([...worker(1, { egressCIDRs: ['192.168.7.128/25'] }), ...spare, ...shop])).toEqual([]);
  });

  it('are no loss of an address that an admin placed', () => {
    const codes = lost([
      ...worker(1, { egressIPs: [first] }),
      ...worker(2, { egressCIDRs: ['192.168.7.96/28'] }),
      ...shop,
    ]);
    expect(codes.map(({ code }) => code)).toEqual(['PinningLost']);
    const both = [...within, ...worker(2, { egressIPs: [first] }), ...spare, ...shop];
    expect(lost(both)).toEqual([]);
  });
});

describe('the preference for the own node of a pod', () => {
  it('is lost if there is more than one way out', () => {
    const two = [...worker(1, { egressIPs: [first] }), ...worker(2, { egressIPs: [second] })];
    expect(texts([...two, ...project('shop', 10, [first, second])]).at(-1)).toBe(
      `LocalPreferenceLost | shop | A pod on n1, n2 leaves with the egress IP of its own node; other pods are spread over all. | Every pod's connections are spread over ${first}, ${second}.`,
    );
    expect(lost([...two, ...project('shop', 10, [first])]).map(({ code }) => code)).toEqual(['PinningLost']);
  });
});

it('is said of the first namespace of the group that requests something', () => {
  const objects = [...worker(1, { egressIPs: [first] }), ...spare, ...project('a', 10), ...project('b', 10, [first])];
  expect(lost(objects).map(({ name }) => name)).toEqual(['b']);
});
