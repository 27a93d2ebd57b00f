/** What a plan made now would find, and the plan does not have. */
import { egressIPs, type Kind, nodes } from '../../../api/kinds.ts';
import type { Finding } from '../../../src/migrate/findings/finding.ts';
import { findingsSince, unknownSince, unreadSince } from '../../../src/migrate/run/findings-since.ts';
import type { Unread } from '../../../src/migrate/snapshot.ts';

const bare: Finding = {
  severity: 'warning',
  code: 'SeveralPolicies',
  kind: 'EgressNetworkPolicy',
  name: 'default',
  today: '',
  tomorrow: '',
  action: '',
};
const finding = (more: Partial<Finding> = {}): Finding => ({ ...bare, namespace: 'shop', ...more });

test('a finding that the plan has on the same object is not new, whatever it says by now', () => {
  expect(findingsSince([finding()], [finding({ severity: 'blocker', today: 'otherwise' })])).toEqual([]);
});

test.each<readonly [string, Partial<Finding>]>([
  ['code', { code: 'PolicyTooLong' }],
  ['kind', { kind: 'EgressFirewall' }],
  ['namespace', { namespace: 'other' }],
  ['name', { name: 'other' }],
])('one of another %s is', (_what, more) => {
  expect(findingsSince([finding()], [finding(), finding(more)])).toEqual([finding(more)]);
});

test('findings on objects without a namespace are told apart by the name', () => {
  const other = { ...bare, name: 'other' };
  expect(findingsSince([bare], [bare, other])).toEqual([other]);
});

test('what the plan alone has is not told', () => {
  expect(findingsSince([finding()], [])).toEqual([]);
});

describe('what nothing tells any more', () => {
  const unknown = finding({ code: 'ServedKindUnknown' });
  const notYet = finding({ code: 'ServedKindUnknown', severity: 'info' });

  it('is new if the plan had no such finding, or one that only said that there was nothing to ask yet', () => {
    expect(unknownSince([], [unknown])).toEqual([unknown]);
    expect(unknownSince([notYet], [unknown])).toEqual([unknown]);
    expect(unknownSince([unknown], [unknown])).toEqual([]);
  });

  it('is neither what there is nothing to ask about yet, nor a finding about something that is known', () => {
    expect(unknownSince([], [notYet, finding()])).toEqual([]);
  });
});

describe('what cannot be read any more', () => {
  const missing = (kind: Kind): Finding => finding({ code: 'IncompleteInput', kind: kind.kind });
  const unread = (kind: Kind, more: Partial<Unread> = {}): Unread => ({
    kind,
    reason: 'forbidden',
    right: undefined,
    ...more,
  });
  const both = [unread(nodes), unread(egressIPs)];

  it('is what the plan has no finding on and a plan made now would', () => {
    expect(unreadSince({ unread: both }, [missing(nodes)], [missing(nodes), missing(egressIPs)])).toEqual([both[1]]);
    expect(unreadSince({ unread: both }, [], [missing(nodes), missing(egressIPs)])).toEqual(both);
  });

  it('is told of no kind without which a plan is whole', () => {
    expect(unreadSince({ unread: [unread(nodes, { isMinor: true })] }, [], [missing(nodes)])).toEqual([]);
    const whole = unread(nodes, { isMinor: false });
    expect(unreadSince({ unread: [whole] }, [], [missing(nodes)])).toEqual([whole]);
  });

  it('is not what another finding is about', () => {
    expect(unreadSince({ unread: both }, [], [finding({ kind: nodes.kind })])).toEqual([]);
  });
});
