import {
  type EgressIP,
  rivalFindings,
  unlabeledFindings,
} from '../../../../../src/migrate/targets/ovn/egressips/rivals.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../../snapshots.ts';
import { byName, egressIP, first, project, second, third, worker } from '../cluster-of.ts';

const made = (name: string, egressIPs: readonly string[]): EgressIP => ({
  apiVersion: 'k8s.ovn.org/v1',
  kind: 'EgressIP',
  metadata: { name },
  spec: { egressIPs, namespaceSelector: {} },
});
const base = [
  ...worker(1, { egressIPs: [first] }),
  ...worker(2, { egressIPs: [second] }),
  ...project('shop', 10, [first]),
  ...project('zoo', 11, [second]),
];
const plan = [made('egressip-shop', [first]), made('egressip-zoo', [second])];
const rivals = (...others: readonly KubeObject[]) =>
  rivalFindings(contextFrom([...base, ...others]), plan).map(
    ({ code, name, today, tomorrow }) => `${code} ${name}: ${today} ${tomorrow}`,
  );
const nowhere = byName('nowhere');

describe('an EgressIP of somebody else', () => {
  it('is a rival if it requests an address of the plan', () => {
    expect(rivals(egressIP('theirs', [first, third, second], nowhere))).toEqual([
      expect.stringMatching(
        /^ObjectExists theirs: It requests 192.168.7.101, 192.168.7.102 already;.* EgressIP egressip-shop, egressip-zoo of the plan/,
      ),
    ]);
  });

  it('names each EgressIP of the plan once', () => {
    const own = [made('egressip-shop', [first, second])];
    const context = contextFrom([...base, egressIP('theirs', [first, second], nowhere)]);
    expect(rivalFindings(context, own)[0]?.tomorrow).toMatch(/^EgressIP egressip-shop of the plan/);
  });

  it('is a rival if it selects a namespace of the plan', () => {
    expect(rivals(egressIP('theirs', [third], byName('zoo')))).toEqual([
      expect.stringMatching(
        /^NamespaceServedTwice theirs: It selects zoo for 192.168.7.103;.* EgressIP egressip-zoo of the plan selects it too/,
      ),
    ]);
    expect(rivals(egressIP('theirs', [third]))).toEqual([
      expect.stringMatching(
        /It selects shop, zoo for .* EgressIP egressip-shop, egressip-zoo of the plan selects them too/,
      ),
    ]);
  });

  it('selects by the labels of the Namespaces', () => {
    const labeled = make.namespace('shop', { labels: { 'kubernetes.io/metadata.name': 'shop', team: 'red' } });
    const objects = [...base.filter(({ kind, metadata }) => kind !== 'Namespace' || metadata.name !== 'shop'), labeled];
    const theirs = egressIP('theirs', [third], { matchLabels: { team: 'red' } });
    expect(rivalFindings(contextFrom([...objects, theirs]), plan).map(({ code }) => code)).toEqual([
      'NamespaceServedTwice',
    ]);
    expect(rivals(egressIP('theirs', [third], { matchLabels: { team: 'blue' } }))).toEqual([]);
  });

  it('is no rival if it shares nothing', () => {
    expect(rivals(egressIP('theirs', [third], nowhere))).toEqual([]);
  });

  it('is no rival for a namespace that the plan makes no EgressIP for', () => {
    const idle = project('idle', 12, ['nonsense']);
    expect(rivals(...idle, egressIP('theirs', [third], byName('idle')))).toEqual([]);
  });

  it('is none if it is the one that the plan makes', () => {
    expect(rivals(egressIP('egressip-shop', [first], byName('shop')))).toEqual([]);
  });
});

describe('a Namespace without the label of its name', () => {
  const without = (labels: object) =>
    unlabeledFindings(
      contextFrom([
        ...worker(1, { egressIPs: [first] }),
        make.namespace('shop', { labels }),
        make.netNamespace('shop', 10, { egressIPs: [first] }),
        make.namespace('idle', { labels: {} }),
        make.netNamespace('idle', 12),
      ]),
    );

  it('is selected by nothing, which blocks', () => {
    expect(without({})).toEqual([
      expect.objectContaining({ code: 'NamespaceUnlabelled', severity: 'blocker', kind: 'Namespace', name: 'shop' }),
    ]);
    expect(without({ 'kubernetes.io/metadata.name': 'other' })).toHaveLength(1);
  });

  it('is no matter where the plan makes no EgressIP', () => {
    const objects = [make.namespace('shop', { labels: {} }), make.netNamespace('shop', 10, { egressIPs: ['bad'] })];
    expect(unlabeledFindings(contextFrom([...worker(1), ...objects]))).toEqual([]);
  });

  it('is none if the label is there, or if the input has no Namespaces', () => {
    expect(without({ 'kubernetes.io/metadata.name': 'shop' })).toEqual([]);
    const blind = [...worker(1, { egressIPs: [first] }), make.netNamespace('shop', 10, { egressIPs: [first] })];
    expect(unlabeledFindings(contextFrom(blind))).toEqual([]);
  });
});
