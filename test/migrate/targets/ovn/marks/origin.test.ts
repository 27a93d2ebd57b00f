import fc from 'fast-check';
import { originLabels } from '../../../../../src/migrate/targets/ovn/marks/origin.ts';
import type { Ip } from '../../../../../src/model/values/address.ts';
import { rounds } from '../../../../rounds.ts';
import { ip } from '../../../parsed.ts';

const [a, b, c] = [ip('192.168.7.101'), ip('192.168.7.102'), ip('192.168.7.103')];
const labels = (more: Partial<Parameters<typeof originLabels>[0]> = {}) =>
  originLabels({ vnid: 42, egressIPs: [a, b, c], placed: new Map(), requests: new Map(), ...more });

describe('the labels of an EgressIP', () => {
  it('tell who made it and of which VNID it is', () => {
    expect(labels()).toEqual({ 'app.kubernetes.io/managed-by': 'sdn-compat', 'migrate.sdn-compat/netid': '42' });
  });

  it('tell the node of each address', () => {
    expect(
      labels({
        placed: new Map([
          [a, 'n1'],
          [c, 'n3'],
        ]),
      }),
    ).toMatchObject({
      'placed.sdn-compat/192.168.7.101': 'n1',
      'placed.sdn-compat/192.168.7.103': 'n3',
    });
  });

  it.each<readonly [string, readonly Ip[], string | undefined]>([
    ['one of them', [b], '1'],
    ['some in another order', [c, a], '2.0'],
    ['all in another order', [c, b, a], '2.1.0'],
    ['all in order, which needs no label', [a, b, c], undefined],
    ['nothing', [], 'none'],
    ['an address that is in no EgressIP, beside another', [ip('10.0.0.1'), b], '1'],
    ['only an address that is in no EgressIP', [ip('10.0.0.1')], 'none'],
  ])("tell a namespace's own list: %s", (_what, list, value) => {
    expect(labels({ requests: new Map([['shop', list]]) })['requests.sdn-compat/shop']).toBe(value);
  });

  it('leave out a value that is too long for a label, and nothing else', () => {
    const [fits, long] = ['n'.repeat(63), 'n'.repeat(64)];
    expect(
      labels({
        placed: new Map([
          [a, fits],
          [b, long],
        ]),
      }),
    ).toEqual({
      'app.kubernetes.io/managed-by': 'sdn-compat',
      'migrate.sdn-compat/netid': '42',
      'placed.sdn-compat/192.168.7.101': fits,
    });
  });

  it('hold every list so that it can be read again', () => {
    const ips = [a, b, c];
    fc.assert(
      fc.property(fc.shuffledSubarray(ips), (list) => {
        const value = labels({ requests: new Map([['shop', list]]) })['requests.sdn-compat/shop'] ?? '0.1.2';
        expect(value.split('.').flatMap((index) => ips[Number(index)] ?? [])).toEqual(list);
      }),
      { numRuns: rounds(500) },
    );
  });
});
