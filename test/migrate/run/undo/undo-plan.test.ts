/** What the way back writes, what it leaves, and what it says. */
import fc from 'fast-check';
import { managerOf } from '../../../../src/migrate/ownership.ts';
import { type ObjectRef, objectRef, refKey, refText } from '../../../../src/migrate/ref.ts';
import { contentOf } from '../../../../src/migrate/run/drift.ts';
import { type Entry, progressOf } from '../../../../src/migrate/run/journal.ts';
import { purgedKinds } from '../../../../src/migrate/run/purged.ts';
import { type WayBack, wayBack } from '../../../../src/migrate/run/undo/undo-plan.ts';
import type { Undo } from '../../../../src/migrate/run/undo/undo-value.ts';
import { type Change, refOf, type StepName } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { rounds } from '../../../rounds.ts';
import { applying, clearing, deletingAt, planID, planWith } from '../../plan-with.ts';
import { make } from '../../snapshots.ts';
import { liveFrom } from '../live-from.ts';

type Fields = Readonly<Record<string, unknown>>;

const ovn = 'k8s.ovn.org/v1';
const id = planID;
const [red, blue] = [['192.168.7.101'], ['192.168.7.102']];
const shop = make.netNamespace('shop', 10, { egressIPs: red });
const shopNow = (fields: Fields, metadata: Fields = {}): KubeObject => make.netNamespace('shop', 10, fields, metadata);
const host = make.hostSubnet('n1', '192.168.7.11', { egressIPs: red });
const policy = make.policy('shop', 'rules', [['Deny', '0.0.0.0/0']]);
const owners = [make.namespace('shop'), make.node('n1', '192.168.7.11')];
/** Other objects of the same kinds, so that nothing looks cleared by the vendor. */
const present = [
  make.netNamespace('other', 99),
  make.hostSubnet('n9', '192.168.7.19'),
  make.policy('other', 'rules', []),
];

const entry =
  (event: 'begin' | 'done') =>
  (change: Change, more: Partial<Entry> = {}): Entry => ({
    event,
    step: change.step,
    object: refKey(refOf(change)),
    ...more,
  });
const [begun, done] = [entry('begin'), entry('done')];

interface Given {
  readonly changes: readonly Change[];
  readonly backup?: readonly KubeObject[];
  readonly live: readonly KubeObject[];
  readonly entries?: readonly Entry[];
  readonly force?: boolean;
  readonly unserved?: readonly string[];
}

function back({ changes, backup = [], live, entries = [], force = false, unserved = [] }: Given): WayBack {
  const progress = progressOf(entries);
  return wayBack(planWith(changes, backup), { live: liveFrom(live, unserved), progress, force });
}

/** What the way back has, without what is empty. */
function said(given: Given): Partial<WayBack> {
  const lists: readonly (readonly [string, readonly unknown[]])[] = Object.entries(back(given));
  return Object.fromEntries(lists.filter(([, list]) => list.length > 0));
}

function restored(object: KubeObject, is: KubeObject, fields: Fields, annotations = {}): Partial<WayBack> {
  const map = new Map(Object.entries(fields));
  return { restore: [{ kind: 'restore', object: objectRef(object), is, fields: map, annotations }] };
}

describe('an object of OpenShift SDN that is there', () => {
  const changes = [clearing(shop)];
  const entries = [begun(clearing(shop))];
  const now = (is: KubeObject, more: Partial<Given> = {}) => said({ changes, backup: [shop], live: [is], ...more });

  it('is left in peace as it was, whatever it says beside the fields of a migration', () => {
    expect(now(shop, { entries })).toEqual({});
    expect(now(make.netNamespace('shop', 77, { egressIPs: red }), { entries, force: true })).toEqual({});
  });

  it.each([{ egressIPs: [] }, { egressIPs: null }, {}])('is restored as finalize left it, %j', (fields) => {
    expect(now(shopNow(fields), { entries })).toEqual(restored(shop, shopNow(fields), { egressIPs: red }));
    expect(now(shopNow(fields))).toEqual(restored(shop, shopNow(fields), { egressIPs: red }));
  });

  it('is left if somebody else changed it and finalize did not begin with it', () => {
    expect(now(shopNow({ egressIPs: blue }))).toEqual({
      notes: ['NetNamespace shop is left: others changed it, and this plan did not'],
    });
  });

  it('stands in the way if somebody else changed it after finalize', () => {
    expect(now(shopNow({ egressIPs: blue }), { entries })).toEqual({
      objections: ['NetNamespace shop: egressIPs: was ["192.168.7.101"], is ["192.168.7.102"]'],
    });
  });

  it('is restored with force if others changed it after finalize, and left and named if finalize did not begin', () => {
    const is = shopNow({ egressIPs: blue });
    expect(now(is, { entries, force: true })).toEqual(restored(shop, is, { egressIPs: red }));
    expect(now(is, { force: true })).toEqual({
      notes: ['NetNamespace shop is left: others changed it, and this plan did not'],
    });
  });

  it('loses a field that it did not have', () => {
    const [was, is] = [shopNow({}), shopNow({ egressIPs: blue })];
    expect(now(is, { backup: [was], entries, force: true })).toEqual(restored(was, is, { egressIPs: undefined }));
  });

  it('is left without a change of the plan, also if the backup has it', () => {
    const is = shopNow({});
    for (const force of [false, true])
      expect(now(is, { changes: [], force })).toEqual({
        notes: ['NetNamespace shop is left: others changed it, and this plan did not'],
      });
  });

  it('is a policy with all that it says', () => {
    const is = make.policy('shop', 'rules', []);
    const change = deletingAt('finalize', policy);
    const given = { changes: [change], backup: [policy], live: [is], entries: [begun(change)], force: true };
    expect(said(given)).toEqual(restored(policy, is, contentOf(policy)));
  });

  it('has annotations given back that finalize removed, unless they are there again', () => {
    const key = 'pod.network.openshift.io/multicast-enabled';
    const was = shopNow({ egressIPs: red }, { annotations: { [key]: 'true', 'mine.example': 'kept' } });
    const change = clearing(was, { metadata: { annotations: { [key]: null, absent: null } } });
    const given = { changes: [change], backup: [was], entries: [begun(change)] };
    expect(now(shop, given)).toEqual(restored(was, shop, {}, { [key]: 'true' }));
    expect(now(shopNow({ egressIPs: red }, { annotations: { [key]: 'false' } }), given)).toEqual({});
  });
});

describe('a HostSubnet whose addresses OpenShift SDN chooses', () => {
  const was = make.hostSubnet('n1', '192.168.7.11', { egressCIDRs: ['192.168.7.0/24'], egressIPs: red });
  const change = clearing(was, { egressIPs: null, egressCIDRs: null });
  const now = (fields: Fields, entries: readonly Entry[] = []) =>
    said({ changes: [change], backup: [was], live: [make.hostSubnet('n1', '192.168.7.11', fields)], entries });
  const moved = { egressCIDRs: ['192.168.7.0/24'], egressIPs: blue };

  it('keeps the addresses of the moment while finalize has not begun with it', () => {
    expect(now(moved)).toEqual({});
    expect(now(moved, [begun(change)]).objections).toHaveLength(1);
  });

  it('does not stay without addresses, and not with other CIDRs', () => {
    expect(now({ ...moved, egressIPs: [] }).notes).toHaveLength(1);
    expect(now({ ...moved, egressCIDRs: ['10.0.0.0/8'] }).notes).toHaveLength(1);
  });

  it("does not keep an admin's choice that changed", () => {
    const given = { changes: [clearing(host)], backup: [host] };
    expect(said({ ...given, live: [make.hostSubnet('n1', '192.168.7.11', { egressIPs: blue })] }).notes).toHaveLength(
      1,
    );
  });
});

describe('an object of OpenShift SDN that is gone', () => {
  const full = make.any(
    'network.openshift.io/v1',
    'EgressNetworkPolicy',
    {
      name: 'rules',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '7',
      ownerReferences: [{ uid: 'o' }],
      labels: { a: 'b' },
      annotations: { c: 'd', 'k8s.ovn.org/egressip-mark': '50000' },
    },
    { spec: { egress: [] } },
  );
  const change = deletingAt('finalize', full);
  const given: Given = { changes: [change], backup: [full], live: [...owners, ...present] };
  const created: Partial<WayBack> = {
    restore: [
      {
        kind: 'create',
        object: objectRef(full),
        body: {
          ...full,
          metadata: { name: 'rules', namespace: 'shop', labels: { a: 'b' }, annotations: { c: 'd' } },
        },
      },
    ],
  };

  it('is created again without what a server sets if finalize deleted it', () => {
    expect(said({ ...given, entries: [begun(change)] })).toEqual(created);
  });

  it.each([false, true])('is not created if somebody else deleted it (force: %s)', (force) => {
    expect(said({ ...given, force })).toEqual({
      notes: ['EgressNetworkPolicy shop/rules is not restored: others deleted it, and this plan did not'],
    });
  });

  it('is created if all of its kind is gone, or was when the way back began', () => {
    const others = present.filter(({ kind }) => kind !== 'EgressNetworkPolicy');
    expect(said({ ...given, live: [...owners, ...others] })).toEqual(created);
    expect(said({ ...given, entries: [{ event: 'back-begin', purged: ['EgressNetworkPolicy'] }] })).toEqual(created);
    expect(said({ ...given, entries: [{ event: 'back-begin', purged: ['HostSubnet'] }] }).restore).toBeUndefined();
  });

  it('is not created while its kind is not served, which is told once, in order', () => {
    const unserved = ['network.openshift.io/v1/NetNamespace', 'network.openshift.io/v1/HostSubnet'];
    const backup = [shop, make.netNamespace('more', 11), host];
    expect(said({ changes: [], backup, live: [], unserved })).toEqual({ unserved: ['HostSubnet', 'NetNamespace'] });
  });

  it('is not created without the namespace that it belongs to', () => {
    expect(said({ ...given, live: present, entries: [begun(change)] })).toEqual({
      notes: ['EgressNetworkPolicy shop/rules is not restored: its Namespace is gone'],
    });
  });

  it('is awaited if somebody else has its identity', () => {
    const live = [...owners, make.netNamespace('other', 10)];
    expect(said({ changes: [clearing(shop)], backup: [shop], live, entries: [begun(clearing(shop))] })).toEqual({
      awaited: ['NetNamespace shop is not created: NetNamespace other has netid 10 now; OpenShift SDN makes its own'],
      unmade: [objectRef(shop)],
    });
  });
});

describe('what belongs to others by now', () => {
  const dated = (object: KubeObject, day: number): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
  });
  const change = clearing(shop);
  const given: Given = { changes: [change], backup: [dated(shop, 1)], live: [], entries: [begun(change)] };

  it('is no Namespace that was made again since', () => {
    const live = [shopNow({}), dated(make.namespace('shop'), 2)];
    for (const force of [false, true])
      expect(said({ ...given, live, force })).toEqual({
        notes: ['NetNamespace shop is not restored: its Namespace was made again since'],
      });
    expect(said({ ...given, live: [shopNow({}), dated(make.namespace('shop'), 1)] }).restore).toHaveLength(1);
  });

  it('is no address that another namespace requests by now, except with force', () => {
    const live = [...owners, shopNow({}), make.netNamespace('thief', 11, { egressIPs: red })];
    expect(said({ ...given, live })).toEqual({
      awaited: [
        'NetNamespace shop is not restored: NetNamespace thief requests 192.168.7.101 now, and OpenShift SDN would serve neither',
      ],
      unmade: [objectRef(shop)],
    });
    expect(said({ ...given, live, force: true }).restore).toHaveLength(1);
    const joined = [...owners, shopNow({}), make.netNamespace('friend', 10, { egressIPs: red })];
    expect(said({ ...given, live: joined }).restore).toHaveLength(1);
  });
});

describe('namespaces that shared a VNID', () => {
  const friend = make.netNamespace('friend', 10, { egressIPs: red });
  const changes = [friend, shop].map((was) => clearing(was));
  const now = (netid: number, fields: Fields = {}): KubeObject => make.netNamespace('friend', netid, fields);
  const given = { changes, backup: [friend, shop], entries: changes.map((change) => begun(change)) };
  const homes = [...owners, make.namespace('friend')];
  const apart =
    'NetNamespace shop is not restored: NetNamespace friend requests 192.168.7.101 and has another netid now, so OpenShift SDN would serve neither: join the two again';
  const restoredIn = ({ restore = [] }: Partial<WayBack>) => restore.map(({ object }) => object.name);

  it('get their address back while they share it, and else only the first', () => {
    expect(restoredIn(said({ ...given, live: [...homes, now(10), shopNow({})] }))).toEqual(['friend', 'shop']);
    const live = [...homes, now(5000), shopNow({})];
    const way = said({ ...given, live });
    expect(restoredIn(way)).toEqual(['friend']);
    expect(way).toMatchObject({ awaited: [apart], unmade: [objectRef(shop)] });
    expect(restoredIn(said({ ...given, live, force: true }))).toEqual(['friend', 'shop']);
  });

  it('are told in the next run too, until they are joined', () => {
    const live = [...homes, now(5000, { egressIPs: red }), shopNow({})];
    expect(said({ ...given, live })).toMatchObject({ awaited: [apart] });
    expect(restoredIn(said({ ...given, live: [...homes, now(10, { egressIPs: red }), shopNow({})] }))).toEqual([
      'shop',
    ]);
  });

  it('one that is left out takes nothing from the other', () => {
    const left: Entry = { event: 'skip', step: 'back', object: refKey(objectRef(friend)) };
    const live = [...homes, now(5000), shopNow({})];
    expect(restoredIn(said({ ...given, live, entries: [...given.entries, left] }))).toEqual(['shop']);
  });

  it('are not told from those that requested one address with different VNIDs before', () => {
    const rival = make.netNamespace('friend', 11, { egressIPs: red });
    const live = [...homes, now(11), shopNow({})];
    expect(restoredIn(said({ ...given, backup: [rival, shop], live }))).toEqual(['friend', 'shop']);
  });
});

describe('a policy beside which others made one', () => {
  const change = deletingAt('finalize', policy);
  const given = { changes: [change], backup: [policy], entries: [begun(change)] };
  const other = make.policy('shop', 'new', []);

  it('is not restored, except with force: OpenShift SDN drops all with two', () => {
    const live = [...owners, ...present, other];
    expect(said({ ...given, live })).toEqual({
      awaited: [
        'EgressNetworkPolicy shop/rules is not restored: EgressNetworkPolicy shop/new is there, and with two policies OpenShift SDN drops all',
      ],
      unmade: [objectRef(policy)],
    });
    expect(said({ ...given, live, force: true }).restore).toHaveLength(1);
  });

  it('is restored beside one that was there before', () => {
    const live = [...owners, ...present, other];
    expect(said({ ...given, backup: [policy, other], live }).restore).toHaveLength(1);
  });
});

describe('kinds that the vendor cleared', () => {
  const old = (metadata: Fields): KubeObject => make.netNamespace('shop', 10, {}, metadata);
  const purgedOf = (live: readonly KubeObject[], backup: readonly KubeObject[] = []) =>
    purgedKinds(planWith([], backup), liveFrom(live));

  it('are those of which nothing is left', () => {
    expect(purgedOf([])).toEqual(['HostSubnet', 'NetNamespace', 'EgressNetworkPolicy']);
    expect(purgedOf([shop, policy])).toEqual(['HostSubnet']);
    expect(purgedOf([make.any('v1', 'HostSubnet', { name: 'n1' }, {})])).toContain('HostSubnet');
  });

  it('are none while an object of the backup lives, or another that is older, and else all', () => {
    const times = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'] as const;
    const was = old({ uid: 'u', creationTimestamp: times[1] });
    const all = ['HostSubnet', 'NetNamespace', 'EgressNetworkPolicy'];
    const with_ = (metadata: Fields) => purgedOf([old(metadata)], [was]);
    expect(with_({ uid: 'u', creationTimestamp: times[1] })).toEqual([]);
    expect(with_({ uid: 'v', creationTimestamp: times[0] })).toEqual([]);
    expect(with_({ uid: 'v', creationTimestamp: times[2] })).toEqual(all);
    expect(with_({ uid: 'v' })).toEqual(all);
    expect(with_({})).toEqual(all);
  });
});

describe('after the vendor cleared OpenShift SDN', () => {
  const at = (day: number, uid: string): Fields => ({ uid, creationTimestamp: `2026-01-0${day}T00:00:00Z` });
  const dated = (object: KubeObject, day: number, uid = `${object.metadata.name ?? ''}${day}`): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, ...at(day, uid) },
  });
  const [mine, theirs] = [dated(policy, 1), dated(make.policy('bank', 'rules', []), 1)];
  const bank = make.netNamespace('bank', 11, { egressIPs: blue });
  const homes = [...owners, make.namespace('bank')];
  const created = ({ restore = [] }: Partial<WayBack>) => restore.map((undo) => [undo.kind, refText(undo.object)]);
  const whole = { changes: [], backup: [dated(shop, 1), dated(bank, 1), dated(host, 1), mine, theirs] };

  it('one new object of a kind does not lose the others', () => {
    const live = [...homes, dated(make.policy('bank', 'rules', []), 3)];
    expect(created(said({ ...whole, live }))).toEqual([
      ['create', 'NetNamespace shop'],
      ['create', 'NetNamespace bank'],
      ['create', 'HostSubnet n1'],
      ['create', 'EgressNetworkPolicy shop/rules'],
    ]);
  });

  it('what OpenShift SDN has begun to make is awaited, and policies are not', () => {
    const live = [...homes, dated(make.netNamespace('bank', 4711), 3), dated(make.hostSubnet('n9', '192.168.7.19'), 3)];
    const way = said({ ...whole, live });
    expect(created(way)).toEqual([
      ['restore', 'NetNamespace bank'],
      ['create', 'EgressNetworkPolicy shop/rules'],
      ['create', 'EgressNetworkPolicy bank/rules'],
    ]);
    expect(way.awaited).toEqual([
      'NetNamespace shop is not created: others of its kind are there; OpenShift SDN makes its own',
      'HostSubnet n1 is not created: others of its kind are there; OpenShift SDN makes its own',
    ]);
  });

  it('what the way back of another plan created shows no OpenShift SDN', () => {
    const managedFields = [{ manager: 'sdn-compat-restore', fieldsV1: {} }];
    const restored = make.netNamespace('bank', 11, { egressIPs: blue }, { ...at(3, 'new'), managedFields });
    expect(created(said({ ...whole, live: [...homes, restored] }))).toContainEqual(['create', 'NetNamespace shop']);
  });
});

test('the last policy, which somebody deleted after the plan, is not created while OpenShift SDN was not cleared', () => {
  const alive = make.netNamespace('shop', 10, { egressIPs: red }, { uid: 'u' });
  const change = deletingAt('finalize', policy);
  const given = { changes: [change], backup: [alive, policy], live: [...owners, alive] };
  const notes = ['EgressNetworkPolicy shop/rules is not restored: others deleted it, and this plan did not'];
  expect(said(given)).toEqual({ notes });
  expect(said({ ...given, entries: [begun(change)] }).restore).toHaveLength(1);
});

describe('an object that is not of OpenShift SDN', () => {
  const was = make.any(ovn, 'EgressFirewall', { name: 'default', namespace: 'shop' }, { spec: { egress: [] } });

  it('is restored if finalize is about it', () => {
    const change = deletingAt('finalize', was);
    const given: Given = { changes: [change], backup: [was], live: owners, entries: [begun(change)] };
    expect(said(given)).toEqual({ restore: [{ kind: 'create', object: objectRef(was), body: was }] });
    expect(said({ ...given, changes: [] })).toEqual({});
  });

  it('is told if the plan deleted it so that OpenShift SDN makes its own', () => {
    const address = make.any('cloud.network.openshift.io/v1', 'CloudPrivateIPConfig', { name: '192.168.7.101' }, {});
    const change = deletingAt('release-cloud-addresses', address);
    const given: Given = { changes: [change], backup: [address], live: [address] };
    expect(said(given)).toEqual({});
    expect(said({ ...given, entries: [begun(change)] })).toEqual({
      notes: ['CloudPrivateIPConfig 192.168.7.101 is not restored: OpenShift SDN makes its own'],
    });
  });
});

const spec = { egressIPs: red };
const wanted = make.any(ovn, 'EgressIP', { name: 'egressip-shop' }, { spec });
const create = applying(wanted);
const ours = managerOf({ id });
const whole = { 'f:spec': { 'f:egressIPs': {} } };

/** The object as it is now, with who wrote what. */
function written(
  by: readonly (readonly [manager: string, fields: object])[],
  { egressIPs = red, uid = 'u1' }: { readonly egressIPs?: readonly string[]; readonly uid?: string } = {},
): KubeObject {
  const managedFields = by.map(([manager, fieldsV1]) => ({ manager, fieldsV1 }));
  return make.any(
    ovn,
    'EgressIP',
    { name: 'egressip-shop', uid, resourceVersion: '7', managedFields },
    {
      spec: { egressIPs },
    },
  );
}

const object = objectRef(wanted);
const deleted: Partial<WayBack> = { remove: [{ kind: 'delete', object, uid: 'u1' }] };
const made = begun(create, { existed: false });

describe('an object that the plan made', () => {
  const now = (is: KubeObject, entries: readonly Entry[] = [made], force = false) =>
    said({ changes: [create], live: [is], entries, force });

  it('is deleted', () => {
    expect(now(written([[ours, whole]]))).toEqual(deleted);
    expect(now(written([[ours, whole]]), [made, done(create, { uid: 'u1' })])).toEqual(deleted);
  });

  it('is deleted without a journal if nobody else wrote its spec', () => {
    expect(now(written([[ours, whole]]), [])).toEqual(deleted);
    expect(now(written([[managerOf({ id: 'another' }), whole]]), [])).toEqual({});
  });

  it('is nothing to undo if it is gone', () => {
    expect(said({ changes: [create], live: [], entries: [made] })).toEqual({});
  });

  it('is left if it was made again since', () => {
    const expected = { notes: ['EgressIP egressip-shop is left: it was made again since'] };
    const entries = [made, done(create, { uid: 'u0' })];
    for (const force of [false, true]) expect(now(written([[ours, whole]]), entries, force)).toEqual(expected);
  });

  it('stands in the way if somebody edited it, except with force', () => {
    const is = written(
      [
        [ours, whole],
        ['kubectl', whole],
      ],
      { egressIPs: blue },
    );
    expect(now(is)).toEqual({ objections: ['EgressIP egressip-shop: it was edited since it was applied'] });
    expect(now(is, [made], true)).toEqual(deleted);
  });

  it('is deleted with a part of what it should have, if that is our own work', () => {
    expect(now(written([[ours, whole]], { egressIPs: [] }))).toEqual(deleted);
  });

  it('stays with somebody who applied the same since', () => {
    const is = written([
      [ours, whole],
      ['kubectl', whole],
    ]);
    expect(now(is)).toEqual({ remove: [{ kind: 'release', object, labels: {}, annotations: {} }] });
  });

  it('is told from one that finalize applies', () => {
    const change = applying(wanted, 'finalize');
    expect(said({ changes: [change], live: [written([[ours, whole]])], entries: [begun(change)] })).toEqual({});
  });
});

describe('an object of somebody else that the plan took over', () => {
  const overwritten = begun(create, { existed: true });
  const both = written([
    [ours, whole],
    ['kubectl', whole],
  ]);

  it('gets what it had, from its owner first', () => {
    const was = make.any(
      ovn,
      'EgressIP',
      { name: 'egressip-shop', labels: { a: 'b' }, annotations: { c: 'd' } },
      {
        spec: { egressIPs: blue },
        status: { items: [] },
      },
    );
    const first = {
      apiVersion: ovn,
      kind: 'EgressIP',
      metadata: { name: 'egressip-shop', resourceVersion: '7' },
      spec: { egressIPs: blue },
    };
    const given: Given = { changes: [create], backup: [was], live: [written([[ours, whole]])], entries: [overwritten] };
    expect(said(given)).toEqual({
      remove: [{ kind: 'release', object, labels: {}, annotations: {}, first }],
    });
  });

  it('is left if nothing of it is ours', () => {
    const live = [written([['kubectl', whole]])];
    expect(said({ changes: [create], backup: [wanted], live, entries: [overwritten] })).toEqual({});
  });

  it('is left with a note if the backup does not have it, and given up if it stays whole so', () => {
    const notes = [
      'EgressIP egressip-shop is left: somebody else made it after the plan, and the backup does not have it',
    ];
    const given = { changes: [create], entries: [overwritten] };
    expect(said({ ...given, live: [written([[ours, whole]])] })).toEqual({ notes });
    const remove: readonly Undo[] = [{ kind: 'release', object, labels: {}, annotations: {} }];
    expect(said({ ...given, live: [both] })).toEqual({ remove, notes });
  });

  it('is known without a journal by the fields that its owner wrote', () => {
    expect(said({ changes: [create], live: [both] }).notes).toHaveLength(1);
  });
});

describe('a Node', () => {
  const config = make.any('v1', 'Node', { name: 'n1', labels: { a: 'new', b: 'new' }, annotations: { c: 'new' } }, {});
  const change = applying(config, 'label-nodes');
  const was = make.node('n1', '192.168.7.11', { labels: { a: 'old', z: 'other' }, annotations: { c: 'old' } });
  const is = (manager: string, mine = { labels: { a: 'new', b: 'new' }, annotations: { c: 'new' } }) =>
    make.node('n1', '192.168.7.11', { ...mine, managedFields: [{ manager, fieldsV1: { 'f:metadata': {} } }] });
  const release = (labels: object, annotations: object) => ({
    remove: [{ kind: 'release', object: objectRef(config), labels, annotations }],
  });

  it('has our fields given up, and those given back that we took over', () => {
    expect(said({ changes: [change], backup: [was], live: [is(ours)] })).toEqual(release({ a: 'old' }, { c: 'old' }));
    expect(said({ changes: [change], live: [is(ours)] })).toEqual(release({}, {}));
  });

  it('gets nothing back that somebody removed since', () => {
    const removed = is(ours, { labels: { a: 'new', b: 'new' }, annotations: { c: 'new' } });
    const { labels, ...metadata } = removed.metadata;
    const given = { changes: [change], backup: [was], live: [{ ...removed, metadata }] };
    expect(labels).toBeDefined();
    expect(said(given)).toEqual(release({}, { c: 'old' }));
  });

  it('is left if it has no mark of this plan', () => {
    const given = { changes: [change], backup: [was], entries: [begun(change, { existed: false })] };
    expect(said({ ...given, live: [is(managerOf({ id: 'another' }))] })).toEqual({});
  });
});

describe('what an update of the plan takes back', () => {
  const change = deletingAt('egress-ips', wanted);

  it('is deleted as the plan had made it', () => {
    expect(said({ changes: [change], backup: [wanted], live: [written([[ours, whole]])] })).toEqual(deleted);
  });

  it('is deleted without a backup too, and left if others made it again', () => {
    expect(said({ changes: [change], live: [written([[ours, whole]])] })).toEqual(deleted);
    expect(said({ changes: [change], live: [written([['kubectl', whole]])] })).toEqual({
      notes: [expect.stringMatching(/^EgressIP egressip-shop has no effect under OpenShift SDN: /)],
    });
  });

  it('is not told as something that OpenShift SDN makes', () => {
    const given: Given = { changes: [change], backup: [wanted], live: [], entries: [begun(change)] };
    expect(said(given)).toEqual({});
  });
});

test('what the plan made is removed in the reverse order of the plan', () => {
  const mark = [{ manager: ours, fieldsV1: whole }];
  const makeOne = (kind: string, step: StepName): Change =>
    applying(make.any(ovn, kind, { name: 'x', uid: kind, managedFields: mark }, { spec }), step);
  const changes = [makeOne('EgressFirewall', 'egress-firewalls'), makeOne('EgressIP', 'egress-ips')];
  const live = changes.flatMap((change) => (change.action === 'apply' ? [change.object] : []));
  expect(back({ changes, live }).remove.map((undo) => undo.object.kind)).toEqual(['EgressIP', 'EgressFirewall']);
});

describe('the way back from any state', () => {
  const names = ['a', 'b', 'c', 'd'] as const;
  const netids = { a: 11, b: 12, c: 13, d: 14 } as const;
  const one = (name: keyof typeof netids, egressIPs: readonly string[]): KubeObject =>
    make.netNamespace(name, netids[name], { egressIPs });
  const backup = names.map((name) => one(name, red));
  const changes = backup.map((was) => clearing(was));
  const namespaces = names.map((name) => make.namespace(name));
  const states = {
    'as it was': red,
    cleared: [],
    changed: blue,
    gone: undefined,
  } as const;
  const given = fc
    .tuple(
      fc.tuple(...names.map(() => fc.constantFrom('as it was', 'cleared', 'changed', 'gone'))),
      fc.subarray(changes),
      fc.boolean(),
    )
    .map(([kinds, some, force]) => ({
      kinds,
      entries: some.map((change) => begun(change)),
      force,
    }));
  const liveIn = (kinds: readonly (keyof typeof states)[]): readonly KubeObject[] =>
    names.flatMap((name, index) => {
      const egressIPs = states[kinds[index] ?? 'gone'];
      return egressIPs === undefined ? [] : [one(name, egressIPs)];
    });

  /** The objects after these writes. */
  function after(objects: readonly KubeObject[], undos: readonly Undo[]): readonly KubeObject[] {
    const written = undos.flatMap((undo) => {
      if (undo.kind === 'create') return [undo.body];
      return undo.kind === 'restore' ? [{ ...undo.is, ...Object.fromEntries(undo.fields) }] : [];
    });
    return [...liveFrom([...objects, ...written]).objects.values()];
  }
  const byName = (objects: readonly KubeObject[]) =>
    new Map(objects.map((some) => [some.metadata.name, contentOf(some)] as const));

  it('with force ends as in the backup, except what the plan never wrote to, and has no more to do then', () => {
    fc.assert(
      fc.property(given, ({ kinds, entries }) => {
        const world = liveIn(kinds);
        const given = { changes, backup, entries, force: true };
        const first = back({ ...given, live: [...namespaces, ...world] });
        const then = after(world, first.restore);
        const isTheirs = ({ metadata }: KubeObject): boolean =>
          first.notes.some((note) => note.startsWith(`NetNamespace ${metadata.name ?? ''} `));
        expect(byName(then.filter((some) => !isTheirs(some)))).toEqual(
          byName(backup.filter((some) => !isTheirs(some))),
        );
        const begunOnes = new Set(entries.map((one) => one.object));
        expect(backup.filter((some) => isTheirs(some) && begunOnes.has(refKey(objectRef(some))))).toEqual([]);
        expect(back({ ...given, live: [...namespaces, ...then] }).restore).toEqual([]);
      }),
      { numRuns: rounds(500) },
    );
  });

  it('restores, or names, each object that is otherwise, and no other', () => {
    fc.assert(
      fc.property(given, ({ kinds, entries, force }) => {
        const { restore, notes, objections } = back({
          changes,
          backup,
          live: [...namespaces, ...liveIn(kinds)],
          entries,
          force,
        });
        const told = [
          ...restore.map(({ object: ref }: { readonly object: ObjectRef }) => refText(ref)),
          ...notes,
          ...objections,
        ];
        const named = told.map((line) => /^NetNamespace ([a-d])/.exec(line)?.[1]).sort();
        expect(named).toEqual(names.filter((_name, index) => kinds[index] !== 'as it was'));
      }),
      { numRuns: rounds(500) },
    );
  });

  it('does not depend on the order in which the cluster lists its objects', () => {
    fc.assert(
      fc.property(given, ({ kinds, ...rest }) => {
        const live = [...namespaces, ...liveIn(kinds)];
        expect(back({ changes, backup, ...rest, live: live.toReversed() })).toEqual(
          back({ changes, backup, ...rest, live }),
        );
      }),
      { numRuns: rounds(200) },
    );
  });
});

describe('what the admin left out', () => {
  const leave = (object: KubeObject): Entry => ({ event: 'skip', step: 'back', object: refKey(objectRef(object)) });

  it('is left as it is and told, whatever there was to do about it', () => {
    const changes = [clearing(shop)];
    const entries = [begun(clearing(shop)), leave(shop)];
    const notes = ['NetNamespace shop is left as it is: it was left out'];
    for (const is of [shopNow({}), shopNow({ egressIPs: blue })])
      expect(said({ changes, backup: [shop], live: [is], entries })).toEqual({ notes });
    const gone = [make.netNamespace('other', 10), ...owners];
    expect(said({ changes, backup: [shop], live: gone, entries })).toEqual({ notes });
  });

  it('is not told while there is nothing to do about it', () => {
    expect(said({ changes: [], backup: [shop], live: [shop], entries: [leave(shop)] })).toEqual({});
  });
});

test('what was made of an object needs it, and a request needs the policies of its namespace', () => {
  const eip = make.any(ovn, 'EgressIP', { name: 'egressip-shop' }, {});
  const change: Change = { ...applying(eip), from: [objectRef(shop)] } as Change;
  const backup = [shop, host, policy, make.policy('other', 'rules', [])];
  const { needs } = back({ changes: [change], backup, live: [] });
  expect(Object.fromEntries(needs)).toEqual({
    [refKey(objectRef(shop))]: [objectRef(policy)],
    [refKey(objectRef(eip))]: [objectRef(shop)],
  });
});
