/** Whether a plan was begun, as far as its journal and the cluster show. */
import { managerOf } from '../../../../src/migrate/ownership.ts';
import { objectRef, refKey } from '../../../../src/migrate/ref.ts';
import { backStep, type Entry, progressOf } from '../../../../src/migrate/run/journal.ts';
import { type Standing, standing } from '../../../../src/migrate/run/undo/standing.ts';
import type { Change } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { applying, begun, clearing, deletingAt, planID, planWith } from '../../plan-with.ts';
import { make } from '../../snapshots.ts';
import { liveFrom } from '../live-from.ts';

const [early, then, later] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'];
const aged = (object: KubeObject, creationTimestamp: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, creationTimestamp },
});
const namespace = make.namespace('shop');
const request = make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] });
const cleared = make.netNamespace('shop', 10);
const policy = make.policy('shop', 'rules', []);
const egressIP = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'shop' }, { spec: {} });
const applied = applying(egressIP);
const removal = deletingAt('finalize', policy);
const finals = [removal, clearing(request)];

interface Given {
  readonly changes?: readonly Change[];
  readonly backup?: readonly KubeObject[];
  readonly live?: readonly KubeObject[];
  readonly unserved?: readonly string[];
  readonly entries?: readonly Entry[];
  readonly force?: boolean;
}

/** A plan whose finalize clears a request and deletes a policy; both are there unless `live` says otherwise. */
function standingOf(given: Given = {}): Standing {
  const { changes = [applied, ...finals], backup = [request, policy], entries = [], force = false } = given;
  const { live = [namespace, request, policy], unserved } = given;
  const plan = planWith(changes, backup);
  return standing(plan, { live: liveFrom(live, unserved), progress: progressOf(entries), force });
}

const never = { kind: 'never' };
const begunWith = (notes: readonly string[] = [], assumed: readonly Change[] = []) => ({
  kind: 'begun',
  notes,
  assumed,
});
const doubtful = {
  kind: 'doubtful',
  reasons: [
    "EgressNetworkPolicy shop/rules is gone, and by this folder's journal finalize did not delete it: take the folder that was applied last, not a copy from before; --force restores what finalize deletes, --skip leaves the object",
  ],
};

it('was never begun if all is there and neither journal nor cluster shows it', () => {
  expect(standingOf()).toEqual(never);
  expect(standingOf({ force: true })).toEqual(never);
});

it.each<readonly [string, Entry]>([
  ['a change was begun', begun(applied)],
  ['a way back was', { event: 'back-begin' }],
])('was begun if the journal says that %s', (_what, entry) => {
  expect(standingOf({ entries: [entry] })).toEqual(begunWith());
});

describe('an object with the mark', () => {
  const marked = (id: string, ...names: readonly string[]): readonly KubeObject[] =>
    names.map((name) =>
      make.any('k8s.ovn.org/v1', 'EgressIP', { name, managedFields: [{ manager: managerOf({ id }) }] }, {}),
    );
  const of = (...objects: readonly KubeObject[]) => ({ live: [namespace, request, policy, ...objects] });
  const note = (what: string): string =>
    `this folder's journal knows nothing of it, but ${what} the mark of this plan: it was begun from another copy`;

  it('of the plan shows that it was begun from another copy', () => {
    expect(standingOf(of(...marked(planID, 'one')))).toEqual(begunWith([note('EgressIP one bears')]));
    expect(standingOf(of(...marked(planID, 'one', 'two')))).toEqual(begunWith([note('2 objects bear')]));
  });

  it('of another plan shows nothing', () => {
    expect(standingOf(of(...marked('another', 'one')))).toEqual(never);
  });

  it('needs no word if the journal knows of it', () => {
    expect(standingOf({ ...of(...marked(planID, 'one')), entries: [begun(applied)] })).toEqual(begunWith());
  });
});

describe('the clearing by the vendor', () => {
  const backup = [aged(request, early), aged(policy, then)];
  const isOver: readonly Entry[] = [{ event: 'back-done' }];

  it('shows that a migration was made, also if OpenShift SDN has made objects again', () => {
    expect(standingOf({ backup, live: [namespace] })).toEqual(begunWith());
    expect(standingOf({ backup, live: [namespace, aged(cleared, later)] })).toEqual(begunWith());
  });

  it('was not, if an object is as old as the backup', () => {
    expect(standingOf({ backup, live: [namespace, aged(request, early), aged(policy, then)] })).toEqual(never);
  });

  it('is seen without times only if nothing is left', () => {
    expect(standingOf({ live: [namespace] })).toEqual(begunWith());
    expect(standingOf({ live: [namespace, request] })).toEqual(doubtful);
  });

  it('is seen after a way back that ended only if nothing is left: what is there is newer', () => {
    const live = [namespace, aged(request, later), aged(policy, later)];
    expect(standingOf({ backup, live, entries: isOver })).toEqual(never);
    expect(standingOf({ backup, live: [namespace], entries: isOver })).toEqual(begunWith());
  });

  it('cannot be seen if the backup has nothing of OpenShift SDN', () => {
    expect(standingOf({ changes: [applied], backup: [egressIP], live: [namespace] })).toEqual(never);
  });
});

describe('what finalize deletes and is gone', () => {
  const live = [namespace, request];

  it('makes it doubtful that nothing was begun', () => {
    expect(standingOf({ live })).toEqual(doubtful);
  });

  it('counts as deleted by finalize with force', () => {
    expect(standingOf({ live, force: true })).toEqual(begunWith([], [removal]));
  });

  it.each<readonly [string, Given]>([
    ['its Namespace is gone too', { live: [request] }],
    ['its Namespace is being deleted', { live: [make.namespace('shop', { deletionTimestamp: then }), request] }],
    ['its kind is not served', { live, unserved: ['network.openshift.io/v1/EgressNetworkPolicy'] }],
    ['the backup does not have it', { live, backup: [request] }],
    ['a way back has ended', { live, entries: [{ event: 'back-done' }] }],
    ['it was left out of a way back', { live, entries: [{ event: 'skip', step: backStep, object: keyOf(policy) }] }],
    ['it is there, and what finalize only clears is gone', { live: [namespace, policy] }],
    ['another step deletes it', { live, changes: [deletingAt('egress-ips', policy)] }],
  ])('shows nothing if %s', (_what, given) => {
    expect(standingOf(given)).toEqual(never);
  });

  it('shows nothing if it belongs to others than OpenShift SDN', () => {
    const given = { changes: [deletingAt('finalize', egressIP)], backup: [request, egressIP], live };
    expect(standingOf(given)).toEqual(never);
  });
});

describe('a plan that was begun, whose journal does not know of finalize', () => {
  const other = make.netNamespace('other', 11);
  /** What is there is older than the newest object of the backup, so that the vendor has cleared nothing. */
  const of = ({ live = [], entries = [begun(applied)], ...given }: Given): Standing =>
    standingOf({
      backup: [request, policy, other].map((one) => aged(one, then)),
      live: [namespace, ...live].map((one) => aged(one, early)),
      entries,
      ...given,
    });

  it.each<readonly [string, KubeObject]>([
    ['the request is cleared', cleared],
    ['the request is empty', make.netNamespace('shop', 10, { egressIPs: [] })],
    ['the request is gone', other],
  ])('is doubtful if all that finalize does is done: %s', (_what, is) => {
    expect(of({ live: [is] })).toEqual(doubtful);
    expect(of({ live: [is], force: true })).toEqual(begunWith([], finals));
  });

  it.each<readonly [string, Given]>([
    ['something that finalize does is not done', { live: [request] }],
    ['nothing is gone', { live: [cleared, policy] }],
    ['the journal knows of a part of finalize', { live: [cleared], entries: [begun(removal)] }],
  ])('is simply begun if %s', (_what, given) => {
    expect(of(given)).toEqual(begunWith());
  });

  it('is simply begun if finalize deletes nothing, or something that is still there', () => {
    expect(of({ changes: [applied, clearing(request)], live: [cleared] })).toEqual(begunWith());
    const bank = make.policy('bank', 'rules', []);
    expect(of({ changes: [applied, ...finals, deletingAt('finalize', bank)], live: [cleared, bank] })).toEqual(
      begunWith(),
    );
  });

  it('is simply begun after the clearing by the vendor', () => {
    const live = [namespace, aged(cleared, later)];
    expect(
      standingOf({ backup: [request, policy].map((one) => aged(one, then)), live, entries: [begun(applied)] }),
    ).toEqual(begunWith());
  });

  it('takes annotations that finalize removes for done', () => {
    const changes = [applied, clearing(request, { metadata: { annotations: { a: null } } }), removal];
    expect(of({ changes, live: [request] })).toEqual(doubtful);
  });
});

function keyOf(object: KubeObject): string {
  return refKey(objectRef(object));
}
