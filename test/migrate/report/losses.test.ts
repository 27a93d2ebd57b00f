import { type AddressRow, addressTable, type NamespaceEnds } from '../../../src/migrate/addresses.ts';
import type { Finding } from '../../../src/migrate/findings/finding.ts';
import { lossRows } from '../../../src/migrate/report/losses.ts';

const finding = (on: Pick<Finding, 'kind' | 'name' | 'namespace'>, lost?: Finding['lost']): Finding => ({
  severity: 'info',
  code: 'PinningLost',
  ...on,
  today: '',
  tomorrow: '',
  action: '',
  ...(lost === undefined ? {} : { lost }),
});
const forGood = { what: 'its node', span: 'for-good' } as const;
const namespaceOf = (on: Pick<Finding, 'kind' | 'name' | 'namespace'>): string | undefined =>
  lossRows([finding(on, forGood)], [])[0]?.namespace;

describe('a loss that a finding tells', () => {
  it('has a row with what it is, how long it lasts, and where to read more', () => {
    expect(lossRows([finding({ kind: 'NetNamespace', name: 'shop' }, forGood)], [])).toEqual([
      { namespace: 'shop', what: 'its node', howLong: 'from the switch, for good', code: 'PinningLost' },
    ]);
  });

  it('is of the namespace of its object, of all, or of the object itself', () => {
    expect(namespaceOf({ kind: 'EgressFirewall', namespace: 'shop', name: 'default' })).toBe('shop');
    expect(namespaceOf({ kind: 'Namespace', name: 'shop' })).toBe('shop');
    expect(['ClusterNetwork', 'Network', 'HostSubnet'].map((kind) => namespaceOf({ kind, name: 'x' }))).toEqual([
      '',
      '',
      '',
    ]);
    expect(namespaceOf({ kind: 'EgressIP', name: 'e' })).toBe('EgressIP e');
  });

  it('is told once, and not by a finding without one', () => {
    const same = finding({ kind: 'NetNamespace', name: 'shop' }, forGood);
    expect(lossRows([same, same, finding({ kind: 'NetNamespace', name: 'zoo' })], [])).toHaveLength(1);
    expect(
      lossRows([same, finding({ kind: 'NetNamespace', name: 'shop' }, { ...forGood, span: 'reboots' })], []),
    ).toHaveLength(2);
  });
});

describe('a loss that the source addresses tell', () => {
  const ends = (today: readonly string[], after: readonly string[], isClosed = false): NamespaceEnds => ({
    namespace: 'shop',
    today: { egressIPs: today, nodes: false },
    between: { egressIPs: [], nodes: !isClosed },
    after: { egressIPs: after, nodes: after.length === 0 },
  });
  const tables = (one: NamespaceEnds) =>
    (['offline', 'live'] as const).map((mode) => addressTable(mode, ['192.168.7.11'], [one]));
  const howLong = (one: NamespaceEnds) =>
    lossRows([], tables(one)).map((row) => `${row.what}; ${row.howLong}; ${row.code}`);

  it('has the phases of each way to switch in which an address is not in use', () => {
    expect(howLong(ends(['a'], ['a']))).toEqual([
      'egress IP a; offline: switch, until assigned; live: both reboots, until assigned; ',
    ]);
    expect(howLong(ends(['a'], []))).toEqual([
      'egress IP a; offline: switch, until assigned, after; live: both reboots, until assigned, after; ',
    ]);
  });

  it('has those of one way to switch alone', () => {
    expect(lossRows([], tables(ends(['a'], ['a'])).slice(0, 1)).map((row) => row.howLong)).toEqual([
      'offline: switch, until assigned',
    ]);
  });

  it('is there if one of several addresses is lost', () => {
    expect(howLong(ends(['a', 'b'], ['b']))[0]).toMatch(/^egress IP a, b; .*after; live: .*after; $/);
  });

  it('is none without egress IPs today, or where all stay', () => {
    expect(howLong(ends([], ['a']))).toEqual([]);
    const stays: AddressRow = {
      namespace: 'shop',
      seen: { today: { egressIPs: ['a'], nodes: false }, after: { egressIPs: ['a'], nodes: true } },
    };
    expect(lossRows([], [{ mode: 'offline', nodes: [], rows: [stays] }])).toEqual([]);
  });

  it('leaves out a way to switch in which nothing is lost', () => {
    const seen = { today: { egressIPs: ['a'], nodes: false }, after: { egressIPs: ['a'], nodes: false } };
    const [offline] = tables(ends(['a'], ['a']));
    const live = { mode: 'live', nodes: [], rows: [{ namespace: 'shop', seen }] } as const;
    expect(lossRows([], [offline!, live])[0]?.howLong).toBe('offline: switch, until assigned');
  });
});

it('has losses of all first, then by namespace, finding, and what it is', () => {
  const rows = lossRows(
    [
      finding({ kind: 'NetNamespace', name: 'b' }, { what: 'z', span: 'for-good' }),
      finding({ kind: 'NetNamespace', name: 'b' }, { what: 'y', span: 'reboots' }),
      finding({ kind: 'NetNamespace', name: 'b' }, { what: 'y', span: 'for-good' }),
      { ...finding({ kind: 'NetNamespace', name: 'b' }, { what: 'zz', span: 'for-good' }), code: 'MacvlanPod' },
      finding({ kind: 'NetNamespace', name: 'a' }, forGood),
      finding({ kind: 'Network', name: 'cluster' }, forGood),
    ],
    [],
  );
  expect(rows.map(({ namespace, what, howLong }) => [namespace, what, howLong])).toEqual([
    ['', 'its node', 'from the switch, for good'],
    ['a', 'its node', 'from the switch, for good'],
    ['b', 'zz', 'from the switch, for good'],
    ['b', 'y', 'from the switch, for good'],
    ['b', 'y', 'while nodes are rebooted'],
    ['b', 'z', 'from the switch, for good'],
  ]);
});
