/** Which fields of OpenShift SDN's objects are restored, and which it moves by itself. */
import { movingFields, restored } from '../../../../../src/migrate/targets/sdn/old/fields.ts';
import { make } from '../../../snapshots.ts';

describe('the content that a migration is about', () => {
  const content = { host: 'n1', netid: 10, egressIPs: ['192.168.7.101'], egressCIDRs: [], spec: {} };

  it('of a HostSubnet is what it offers', () => {
    expect(restored({ kind: 'HostSubnet' }, content)).toEqual({ egressIPs: ['192.168.7.101'], egressCIDRs: [] });
  });

  it('of a NetNamespace is what it requests', () => {
    expect(restored({ kind: 'NetNamespace' }, content)).toEqual({ egressIPs: ['192.168.7.101'] });
  });

  it('of any other object is everything', () => {
    expect(restored({ kind: 'EgressNetworkPolicy' }, content)).toEqual(content);
    expect(restored({}, content)).toEqual(content);
  });

  it('has no field that the object has not', () => {
    expect(restored({ kind: 'HostSubnet' }, { host: 'n1' })).toEqual({});
  });
});

describe('fields that change by themselves', () => {
  it('are the egress IPs of a HostSubnet with CIDRs', () => {
    const host = make.hostSubnet('n1', '192.168.7.11', { egressCIDRs: ['192.168.7.0/24'] });
    expect(movingFields(host)).toEqual(['egressIPs']);
  });

  it.each([
    ['without CIDRs', make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] })],
    ['with an empty list of CIDRs', make.hostSubnet('n1', '192.168.7.11', { egressCIDRs: [] })],
  ])('are none of one %s', (_what, host) => {
    expect(movingFields(host)).toEqual([]);
  });

  it('are none of another kind that says the same', () => {
    const fields = { egressCIDRs: ['192.168.7.0/24'] };
    expect(movingFields(make.any('network.openshift.io/v1', 'NetNamespace', { name: 'n1' }, fields))).toEqual([]);
  });
});
