import {
  dropBecomesEgressIP,
  dropBecomesNodeAddress,
  egressIPDoubtful,
  egressIPInvalid,
  egressIPIsNodeAddress,
  egressIPOutsideNetwork,
  egressIPsJoined,
  egressIPUnhosted,
  moreEgressIPsThanNodes,
  noAssignableNode,
} from '../../../src/migrate/findings/egressips.ts';

const untilFixed = { what: 'an egress IP', span: 'until-fixed' };

describe('an address that is lost', () => {
  const facts = { name: 'shop', ip: '192.168.7.101' };
  const nodeAddress = { name: 'shop', entry: '192.168.7.11', egressIP: undefined, node: 'n1', hostSubnets: [] };

  it.each([
    ['that no node offers', (isInUse: boolean) => noAssignableNode({ ...facts, isInUse })],
    [
      'outside all networks',
      (isInUse: boolean) => egressIPOutsideNetwork({ ...facts, networks: ['10.0.0.0/8'], isInUse }),
    ],
    ['of a node', (isInUse: boolean) => egressIPIsNodeAddress({ ...nodeAddress, isInUse })],
  ])('%s blocks if it is in use, and is a warning without a loss if not', (_what, make) => {
    expect(make(true)).toMatchObject({ severity: 'blocker', lost: untilFixed });
    expect(make(false).severity).toBe('warning');
    expect(make(false)).not.toHaveProperty('lost');
  });

  it('is said to be in use, or only requested', () => {
    expect(noAssignableNode({ ...facts, isInUse: true }).today).toMatch(/^192.168.7.101 is in use, and no Node/);
    expect(noAssignableNode({ ...facts, isInUse: false }).today).toMatch(/^192.168.7.101 is requested, and no Node/);
  });

  it('in doubt is no loss', () => {
    expect(egressIPDoubtful(facts)).toMatchObject({ code: 'EgressIPOutsideNetwork', severity: 'warning' });
    expect(egressIPDoubtful(facts)).not.toHaveProperty('lost');
  });

  it('says which HostSubnets list the address of a node, if some do', () => {
    expect(egressIPIsNodeAddress({ ...nodeAddress, isInUse: true }).today).toBe(
      '192.168.7.11 is an address of node n1.',
    );
    expect(egressIPIsNodeAddress({ ...nodeAddress, hostSubnets: ['n2', 'n3'], isInUse: true }).today).toBe(
      '192.168.7.11 is an address of node n1, and HostSubnet n2, n3 lists it.',
    );
  });

  it('is left out of an EgressIP, or there is none', () => {
    const entry = { name: 'shop', entry: 'x', reason: 'it is no address' };
    expect(egressIPInvalid({ ...entry, egressIP: 'e' }).tomorrow).toMatch(/^It is left out of EgressIP e: /);
    expect(egressIPInvalid({ ...entry, egressIP: undefined }).tomorrow).toMatch(/^There is no EgressIP for it: /);
  });
});

it('says where an address that is not in use begins to be, if anywhere', () => {
  const facts = { name: 'shop', ip: '192.168.7.101', egressIP: 'e' };
  expect(egressIPUnhosted({ ...facts, nodes: [] }).tomorrow).toBe('EgressIP e requests it, but no node can have it.');
  expect(egressIPUnhosted({ ...facts, nodes: ['n1', 'n2'] }).tomorrow).toBe(
    'EgressIP e requests it, and OVN-Kubernetes may put it on n1, n2: traffic begins to leave with it.',
  );
});

describe('more addresses than nodes', () => {
  const facts = { name: 'shop', egressIP: 'e', requested: ['a', 'b'], surplus: ['a', 'b'], nodes: ['n1'] };

  it('block if the namespace may end with none', () => {
    expect(moreEgressIPsThanNodes({ ...facts, mayEndWithNone: true }).severity).toBe('blocker');
    expect(moreEgressIPsThanNodes({ ...facts, mayEndWithNone: false }).severity).toBe('warning');
  });

  it('are so for want of nodes, or for another reason if there are enough', () => {
    const rule = 'one IP of an object a node';
    expect(moreEgressIPsThanNodes({ ...facts, mayEndWithNone: false }).tomorrow.endsWith(`${rule}.`)).toBe(true);
    expect(moreEgressIPsThanNodes({ ...facts, nodes: ['n1', 'n2'], mayEndWithNone: false }).tomorrow).toMatch(
      /only nodes that are Ready, and no more than the cloud lets each have\.$/,
    );
  });
});

describe('a namespace that is dropped today', () => {
  it('has three reasons at most, each once', () => {
    const { today } = dropBecomesEgressIP({
      name: 'shop',
      reasons: ['a', 'b', 'a', 'c', 'd'],
      egressIP: 'e',
      ips: ['x'],
    });
    expect(today).toBe('All traffic to the outside is dropped: a; b; c.');
  });

  it('is kept closed, or is a warning', () => {
    const facts = { name: 'shop', reasons: [] };
    expect(dropBecomesNodeAddress({ ...facts, isKeptClosed: true })).toMatchObject({
      severity: 'info',
      tomorrow: expect.stringMatching(/stays closed\.$/) as string,
      action: expect.stringMatching(/^Delete the EgressFirewall/) as string,
    });
    expect(dropBecomesNodeAddress({ ...facts, isKeptClosed: false })).toMatchObject({
      severity: 'warning',
      tomorrow: expect.stringMatching(/^OVN-Kubernetes drops nothing/) as string,
      action: expect.stringMatching(/--keep-closed/) as string,
    });
  });
});

it('says of joined namespaces whether their lists differ, and what selects them', () => {
  const facts = { namespaces: ['a', 'b'], vnid: 7, ips: ['x'], listsDiffer: true, egressIP: undefined };
  expect(egressIPsJoined(facts)).toMatchObject({
    severity: 'warning',
    name: 'a',
    today: 'Namespaces a, b share VNID 7, so all of them leave with x, though their lists differ.',
    tomorrow: 'There is no EgressIP for them.',
  });
  expect(egressIPsJoined({ ...facts, listsDiffer: false, egressIP: { name: 'e', selected: ['a'] } })).toMatchObject({
    severity: 'info',
    today: 'Namespaces a, b share VNID 7, so all of them leave with x.',
    tomorrow: 'EgressIP e selects a by name; a namespace that joins later is not among them.',
  });
});
