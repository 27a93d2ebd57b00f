import { keyExists, namespaceServedTwice, objectExists } from '../../../src/migrate/findings/conflicts.ts';

it('keeps a namespaced object in its namespace', () => {
  expect(objectExists({ kind: 'EgressFirewall', namespace: 'shop', name: 'default' })).toMatchObject({
    severity: 'blocker',
    namespace: 'shop',
    today: 'There is a EgressFirewall of that name with another spec; OpenShift SDN does not look at it.',
  });
});

it('shows both values of a label or annotation as they are', () => {
  const facts = { kind: 'Node', name: 'n1', key: 'k', value: '', other: 'a "b"' };
  expect(keyExists({ ...facts, what: 'label' })).toMatchObject({
    severity: 'warning',
    today: String.raw`The label k is "a \"b\""; OpenShift SDN does not look at it.`,
    tomorrow: expect.stringMatching(/^The plan wants it to be "",/) as string,
    action: 'Remove the label, or apply with --force.',
  });
});

it('speaks of one namespace or several that are served twice', () => {
  const of = (...namespaces: readonly string[]) =>
    namespaceServedTwice({ name: 'x', egressIPs: ['a'], namespaces, own: ['e'] }).tomorrow;
  expect(of('shop')).toMatch(/^EgressIP e of the plan selects it too/);
  expect(of('shop', 'zoo')).toMatch(/^EgressIP e of the plan selects them too/);
});
