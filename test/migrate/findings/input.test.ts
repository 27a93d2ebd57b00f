import { duplicateObjects, kindMissing, kindUnread, namespaceMissing } from '../../../src/migrate/findings/input.ts';

describe('a kind', () => {
  const facts = { kind: 'Node', plural: 'nodes', apiVersion: 'v1', reason: 'forbidden' };

  it('that could not be read blocks if it is essential, and names the right that is missing', () => {
    expect(kindUnread({ ...facts, right: 'list nodes', isEssential: true })).toMatchObject({
      severity: 'blocker',
      name: '*',
      today: 'Objects of nodes (v1) could not be read: forbidden.',
      action: 'Ask for the right to list nodes and plan again.',
    });
    expect(kindUnread({ ...facts, right: undefined, isEssential: false })).toMatchObject({
      severity: 'warning',
      action: 'Read them again and plan again.',
    });
  });

  it('that files lack blocks if every cluster has some', () => {
    const of = (isFatal: boolean) => kindMissing({ kind: 'HostSubnet', plural: 'hostsubnets', isFatal });
    expect(of(true)).toMatchObject({ severity: 'blocker', tomorrow: 'What they ask for is not in the plan.' });
    expect(of(false)).toMatchObject({
      severity: 'warning',
      tomorrow: expect.stringMatching(/^If the cluster has some/) as string,
    });
  });

  it.each([
    ['Node', 'warning'],
    ['Namespace', 'warning'],
    ['Pod', 'warning'],
    ['NetNamespace', 'blocker'],
  ])('of which there are several versions: %s is a %s', (kind, severity) => {
    expect(duplicateObjects({ kind, names: ['b', 'a'] })).toMatchObject({ severity, kind, name: 'b' });
  });

  it('of which there are several versions shows three names', () => {
    expect(duplicateObjects({ kind: 'Node', names: ['a', 'b', 'c', 'd'] }).today).toMatch(
      /versions of a, b, c and 1 more;/,
    );
    expect(duplicateObjects({ kind: 'Node', names: ['a', 'b', 'c'] }).today).toMatch(/versions of a, b, c;/);
    expect(duplicateObjects({ kind: 'Node', names: [] }).name).toBe('*');
  });
});

describe('a NetNamespace without a Namespace', () => {
  const of = (egressIPs: readonly string[], isTerminating: boolean) =>
    namespaceMissing({ name: 'shop', egressIPs, isTerminating });

  it('is a warning if it requests something', () => {
    expect(of([], false)).toMatchObject({ severity: 'info', today: 'There is no Namespace shop.' });
    expect(of(['a', 'b'], false)).toMatchObject({
      severity: 'warning',
      today: 'There is no Namespace shop. It requests a, b.',
      action: 'Delete NetNamespace shop if the namespace is gone for good.',
    });
  });

  it('may be one that is being deleted', () => {
    expect(of([], true)).toMatchObject({
      today: 'Namespace shop is being deleted.',
      action: expect.stringMatching(/^Nothing, or find out what holds it/) as string,
    });
  });
});
