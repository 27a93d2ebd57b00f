/** What of the backup would go to others by now, and is not restored. */
import { objectRef } from '../../../../src/migrate/ref.ts';
import { unlessOthers } from '../../../../src/migrate/run/undo/others.ts';
import type { Found } from '../../../../src/migrate/run/undo/undo-value.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { backupOf } from '../../plan-with.ts';
import { make } from '../../snapshots.ts';
import { liveFrom } from '../live-from.ts';

const sdn = 'network.openshift.io/v1';
const [red, blue] = ['192.168.7.101', '192.168.7.102'];

const created = (body: KubeObject): Found => ({ undo: [{ kind: 'create', object: objectRef(body), body }] });
const changed = (is: KubeObject): Found => ({
  undo: [{ kind: 'restore', object: objectRef(is), is, fields: new Map(), annotations: {} }],
});
const asking = (name: string, netid: number, ...egressIPs: readonly string[]): KubeObject =>
  make.netNamespace(name, netid, { egressIPs });

interface Given {
  readonly backup: readonly KubeObject[];
  readonly live: readonly KubeObject[];
  readonly force?: boolean;
}

/** Asks about these objects in turn, each to be created; of each, why it is not, or `restored`. */
function asked({ backup, live, force = false }: Given, ...objects: readonly KubeObject[]): readonly string[] {
  const decide = unlessOthers(backupOf(backup), liveFrom(live), force);
  return objects.map((was) => saidOf(decide(was, created(was)), created(was)));
}

function saidOf(said: Found, wanted: Found): string {
  if (said.undo.length > 0) {
    expect(said).toEqual(wanted);
    return 'restored';
  }
  return [...(said.notes ?? []), ...(said.awaited ?? []).map(({ text }) => text)].join('; ');
}

describe('a Namespace that was made again since', () => {
  const [then, later] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
  const namespace = (creationTimestamp?: string): KubeObject =>
    make.namespace('shop', creationTimestamp === undefined ? {} : { creationTimestamp });
  const at = (object: KubeObject, creationTimestamp: string): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, creationTimestamp },
  });
  const shop = at(asking('shop', 10, red), then);
  const policy = at(make.policy('shop', 'rules', []), then);

  it.each([false, true])('gets neither request nor policy back (force: %s)', (force) => {
    const given = { backup: [shop, policy], live: [namespace(later)], force };
    expect(asked(given, shop, policy)).toEqual([
      'NetNamespace shop is not restored: its Namespace was made again since',
      'EgressNetworkPolicy shop/rules is not restored: its Namespace was made again since',
    ]);
  });

  it.each([
    ['as old as the object', [namespace(then)]],
    ['older', [namespace('2025-12-31T00:00:00Z')]],
    ['without a time', [namespace()]],
    ['not there', []],
  ])('is another one than a Namespace that is %s', (_what, live) => {
    expect(asked({ backup: [shop, policy], live }, shop, policy)).toEqual(['restored', 'restored']);
  });

  it('cannot be told from the old one if the backup has no times', () => {
    const was = asking('shop', 10, red);
    expect(asked({ backup: [was], live: [namespace(later)] }, was)).toEqual(['restored']);
  });

  it('matters to no other kind: a HostSubnet belongs to a Node', () => {
    const host = at(make.hostSubnet('shop', '192.168.7.11'), then);
    expect(asked({ backup: [host], live: [namespace(later)] }, host)).toEqual(['restored']);
  });

  it('leaves its address to those that were joined to the old one', () => {
    const bank = asking('bank', 10, red);
    const live = [namespace(later), make.netNamespace('shop', 11), make.netNamespace('bank', 10)];
    expect(asked({ backup: [shop, bank], live }, shop, bank)[1]).toBe('restored');
  });

  it('does not matter if nothing is to be done', () => {
    const decide = unlessOthers(backupOf([shop]), liveFrom([namespace(later)]), false);
    const nothing: Found = { undo: [], notes: ['left'] };
    expect(decide(shop, nothing)).toBe(nothing);
  });
});

describe('a request', () => {
  const shop = asking('shop', 10, red, blue);

  it('is not restored if another namespace requests one of its addresses now', () => {
    const decide = unlessOthers(backupOf([shop]), liveFrom([asking('new', 11, blue)]), false);
    const text =
      'NetNamespace shop is not restored: NetNamespace new requests 192.168.7.102 now, and OpenShift SDN would serve neither';
    expect(decide(shop, created(shop))).toEqual({ undo: [], awaited: [{ object: objectRef(shop), text }] });
    expect(decide(shop, changed(make.netNamespace('shop', 10)))).toMatchObject({ undo: [], awaited: [{ text }] });
  });

  it('is restored with force all the same', () => {
    expect(asked({ backup: [shop], live: [asking('new', 11, blue)], force: true }, shop)).toEqual(['restored']);
  });

  it.each<readonly [string, KubeObject]>([
    ['requests other addresses', asking('new', 11, '192.168.7.103')],
    ['requests none', make.netNamespace('new', 11)],
    ['shares its netid', asking('new', 10, blue)],
  ])('is restored beside a namespace that %s', (_what, other) => {
    expect(asked({ backup: [shop], live: [other] }, shop)).toEqual(['restored']);
  });

  it.each<readonly [string, KubeObject]>([
    ['a HostSubnet', make.hostSubnet('n1', '192.168.7.11', { egressIPs: [red] })],
    ['an object of another API group', make.any('example.com/v1', 'NetNamespace', { name: 'x' }, { egressIPs: [red] })],
  ])('is restored beside %s with its address, which requests nothing', (_what, other) => {
    expect(asked({ backup: [shop], live: [other] }, shop)).toEqual(['restored']);
  });

  it('goes by the netid that its namespace has now', () => {
    const live = [make.netNamespace('shop', 12), asking('new', 12, red)];
    expect(asked({ backup: [shop], live }, shop)).toEqual(['restored']);
    expect(asked({ backup: [shop], live: [live[0]!, asking('new', 10, red)] }, shop)).toEqual([
      expect.stringContaining('NetNamespace new requests 192.168.7.101 now'),
    ]);
  });

  it('is restored if both requested the address in the backup, with different netids', () => {
    const other = asking('other', 11, red);
    expect(asked({ backup: [shop, other], live: [other] }, shop)).toEqual(['restored']);
  });

  it('is not restored if the other was in the backup without the address, whatever its netid was', () => {
    for (const netid of [10, 11]) {
      const backup = [shop, asking('other', netid, '192.168.7.103')];
      expect(asked({ backup, live: [asking('other', 11, red)] }, shop)).toEqual([
        expect.stringContaining('NetNamespace other requests 192.168.7.101 now'),
      ]);
    }
  });

  it('is not restored if the two were joined and are not now', () => {
    const backup = [shop, asking('other', 10, red)];
    expect(asked({ backup, live: [asking('other', 11, red)] }, shop)).toEqual([
      'NetNamespace shop is not restored: NetNamespace other requests 192.168.7.101 and has another netid now, so OpenShift SDN would serve neither: join the two again',
    ]);
  });

  it('has the address if it is asked about first; one that was joined to it and is not now must wait', () => {
    const bank = asking('bank', 10, red);
    const given = { backup: [shop, bank], live: [make.netNamespace('shop', 10), make.netNamespace('bank', 11)] };
    expect(asked(given, shop, bank)).toEqual([
      'restored',
      expect.stringMatching(/^NetNamespace bank is not restored: NetNamespace shop .* join the two again$/),
    ]);
    expect(asked(given, bank, shop)).toEqual([
      'restored',
      expect.stringMatching(/^NetNamespace shop is not restored: NetNamespace bank .* join the two again$/),
    ]);
  });
});

describe('a policy', () => {
  const rules = make.policy('shop', 'rules', []);

  it('is not created beside another that came since', () => {
    expect(asked({ backup: [rules], live: [make.policy('shop', 'new', [])] }, rules)).toEqual([
      'EgressNetworkPolicy shop/rules is not restored: EgressNetworkPolicy shop/new is there, and with two policies OpenShift SDN drops all',
    ]);
  });

  it('is restored in its place, and with force also created', () => {
    const live = [make.policy('shop', 'new', []), rules];
    const decide = unlessOthers(backupOf([rules]), liveFrom(live), false);
    expect(decide(rules, changed(rules))).toEqual(changed(rules));
    expect(asked({ backup: [rules], live, force: true }, rules)).toEqual(['restored']);
  });

  it.each<readonly [string, readonly KubeObject[], KubeObject]>([
    ['one of its own name', [], rules],
    ['one of another namespace', [], make.policy('bank', 'new', [])],
    ['one that was there before', [make.policy('shop', 'old', [])], make.policy('shop', 'old', [])],
    ['an object of another kind', [], make.any(sdn, 'Other', { namespace: 'shop', name: 'new' }, {})],
  ])('is created beside %s', (_what, more, other) => {
    expect(asked({ backup: [rules, ...more], live: [other] }, rules)).toEqual(['restored']);
  });

  it('stands in the way of no other kind', () => {
    const other = make.any('k8s.ovn.org/v1', 'EgressFirewall', { namespace: 'shop', name: 'default' }, {});
    expect(asked({ backup: [other], live: [make.policy('shop', 'new', [])] }, other)).toEqual(['restored']);
  });
});
