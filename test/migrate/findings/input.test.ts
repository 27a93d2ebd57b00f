import {
  duplicateObjects,
  hostSubnetInvalid,
  kindMissing,
  kindUnread,
  namespaceMissing,
  nodesInEgressIPsUnknown,
  nodesInFirewallsUnknown,
} from '../../../src/migrate/findings/input.ts';

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

it('says what the plan assumes of kinds while nothing tells what is served, and what would be otherwise', () => {
  const kind = { name: 'crd', reason: undefined, plugin: 'OVN-Kubernetes', field: 'f', count: 2 };
  expect(nodesInEgressIPsUnknown(kind)).toMatchObject({
    severity: 'info',
    tomorrow: 'The EgressIPs of the plan name no nodes. If it has the field, 2 of them would name the nodes of today.',
  });
  expect(nodesInFirewallsUnknown({ ...kind, reason: 'forbidden' })).toMatchObject({
    severity: 'warning',
    tomorrow:
      '2 EgressFirewalls of the plan allow the nodes by label. If it lacks the field, they would allow the node addresses of now.',
  });
});

it('names each field of a HostSubnet that cannot be read', () => {
  const problems = [
    { field: 'hostIP', reason: 'no address' },
    { field: 'subnet', reason: 'no range' },
  ];
  expect(hostSubnetInvalid({ name: 'n1', problems }).today).toBe(
    'hostIP: no address, subnet: no range; it counts as absent, and what it lists is not hosted.',
  );
});
