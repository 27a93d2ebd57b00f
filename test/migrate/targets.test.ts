/** Whether each target is whole, and the kinds that plans may touch. */
import { apiVersionOf } from '../../api/kinds.ts';
import { kindOf, plannedKinds, targetNamed, targets } from '../../src/migrate/targets.ts';

test('targets are found by name, and only those', () => {
  for (const target of targets) expect(targetNamed(target.name)).toBe(target);
  expect(() => targetNamed('unheard-of')).toThrow('there is no target unheard-of');
  expect(new Set(targets.map(({ name }) => name)).size).toBe(targets.length);
  expect(new Set(targets.map(({ networkType }) => networkType)).size).toBe(targets.length);
});

test('every kind that a plan may touch is known by its version and name, once', () => {
  expect(new Set(plannedKinds).size).toBe(plannedKinds.length);
  for (const kind of plannedKinds) expect(kindOf({ apiVersion: apiVersionOf(kind), kind: kind.kind })).toBe(kind);
  expect(kindOf({ apiVersion: 'v1', kind: 'Secret' })).toBeUndefined();
  expect(kindOf({ apiVersion: 'v2', kind: 'Node' })).toBeUndefined();
});

test('what a target needs is nothing that it makes', () => {
  for (const { needs, makes } of targets) expect(needs.filter((kind) => makes.includes(kind))).toEqual([]);
});
