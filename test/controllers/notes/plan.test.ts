import { again, type AnyNote, dueNotes, type Reported } from '../../../src/controllers/notes/plan.ts';

const note = (message: string): AnyNote => ({ kind: 'NetNamespace', name: 'a', code: 'InvalidNetNamespace', message });
const policy = (namespace: string): AnyNote => ({ namespace, name: 'a', code: 'SeveralPolicies', message: 'x' });
const nothing: Reported = new Map();

test('a thing is reported when it begins, and again only when it has lasted long', () => {
  const first = dueNotes([note('x'), note('y')], nothing, 5);
  expect(first.due).toEqual([note('x'), note('y')]);
  const second = dueNotes([note('x'), note('z')], first.reported, 5 + again - 1);
  expect(second.due).toEqual([note('z')]);
  const third = dueNotes([note('x'), note('z')], second.reported, 5 + again);
  expect(third.due).toEqual([note('x')]);
  expect(dueNotes([note('x')], third.reported, 5 + 2 * again - 1).due).toEqual([]);
});

test('what the facade does not follow is reported once, however long it lasts', () => {
  const once: AnyNote = { kind: 'NetNamespace', name: 'a', code: 'AnnotationNotFollowed', message: 'x' };
  const first = dueNotes([once], nothing, 5);
  const second = dueNotes([once], first.reported, 5 + 2 * again);
  expect([first.due, second.due]).toEqual([[once], []]);
  expect(dueNotes([once], dueNotes([], second.reported, 6 + 2 * again).reported, 7 + 2 * again).due).toEqual([once]);
});

test('a thing that was right meanwhile is reported when it is wrong again', () => {
  const { reported } = dueNotes([note('x')], nothing, 0);
  expect(dueNotes([note('x')], dueNotes([], reported, 1).reported, 2).due).toEqual([note('x')]);
});

test('the same words on another object, or in another namespace, are another thing', () => {
  const { reported } = dueNotes([note('x'), policy('a')], nothing, 0);
  const others: readonly AnyNote[] = [
    { kind: 'HostSubnet', name: 'a', code: 'InvalidNetNamespace', message: 'x' },
    { kind: 'NetNamespace', name: 'b', code: 'InvalidNetNamespace', message: 'x' },
    policy('b'),
  ];
  expect(dueNotes([note('x'), policy('a'), ...others], reported, 1).due).toEqual(others);
});
