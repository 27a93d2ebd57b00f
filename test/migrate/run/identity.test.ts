/** Whether a cluster is the one that a plan is of. */
import { otherCluster } from '../../../src/migrate/run/identity.ts';

const said = (plan: string | undefined, journal: string | undefined, is: string | undefined): string | undefined =>
  otherCluster({ cluster: plan }, { cluster: journal }, is);
const wrong = (wanted: string, is: string): string =>
  `it is the plan of another cluster: its Namespace kube-system has uid ${wanted}, this one has ${is}`;

test('a cluster with the uid that the plan has is its cluster', () => {
  expect(said('a', undefined, 'a')).toBeUndefined();
});

test('one with another uid is not, and neither is one without', () => {
  expect(said('a', undefined, 'b')).toBe(wrong('a', 'b'));
  expect(said('a', undefined, undefined)).toBe(wrong('a', 'none'));
});

test('where the plan has no uid, that of the journal counts', () => {
  expect(said(undefined, 'a', 'a')).toBeUndefined();
  expect(said(undefined, 'a', 'b')).toBe(wrong('a', 'b'));
});

test('where both have one, that of the plan counts', () => {
  expect(said('a', 'b', 'a')).toBeUndefined();
  expect(said('a', 'b', 'b')).toBe(wrong('a', 'b'));
});

test('where neither has one, every cluster is', () => {
  expect(said(undefined, undefined, 'a')).toBeUndefined();
  expect(said(undefined, undefined, undefined)).toBeUndefined();
});
