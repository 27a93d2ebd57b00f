import { again, type AnyNote, tellingOf, type Told } from '../../../src/controllers/notes/plan.ts';

const note = (message: string): AnyNote => ({ kind: 'NetNamespace', name: 'a', code: 'InvalidNetNamespace', message });
const policy = (namespace: string): AnyNote => ({ namespace, name: 'a', code: 'SeveralPolicies', message: 'x' });
const nothing: Told = new Map();

test('a thing is told when it begins, and again only when it has lasted long', () => {
  const first = tellingOf([note('x'), note('y')], nothing, 5);
  expect(first.due).toEqual([note('x'), note('y')]);
  const second = tellingOf([note('x'), note('z')], first.told, 5 + again - 1);
  expect(second.due).toEqual([note('z')]);
  const third = tellingOf([note('x'), note('z')], second.told, 5 + again);
  expect(third.due).toEqual([note('x')]);
  expect(tellingOf([note('x')], third.told, 5 + 2 * again - 1).due).toEqual([]);
});

test('a thing that was right meanwhile is told when it is wrong again', () => {
  const { told } = tellingOf([note('x')], nothing, 0);
  expect(tellingOf([note('x')], tellingOf([], told, 1).told, 2).due).toEqual([note('x')]);
});

test('the same words on another object, or in another namespace, are another thing', () => {
  const { told } = tellingOf([note('x'), policy('a')], nothing, 0);
  const others: readonly AnyNote[] = [
    { kind: 'HostSubnet', name: 'a', code: 'InvalidNetNamespace', message: 'x' },
    { kind: 'NetNamespace', name: 'b', code: 'InvalidNetNamespace', message: 'x' },
    policy('b'),
  ];
  expect(tellingOf([note('x'), policy('a'), ...others], told, 1).due).toEqual(others);
});
