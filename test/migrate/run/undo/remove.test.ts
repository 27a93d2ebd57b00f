/** What the way back does with objects that the plan made, changed or took over. */
import { managerOf } from '../../../../src/migrate/ownership.ts';
import { objectRef } from '../../../../src/migrate/ref.ts';
import { type Entry, progressOf } from '../../../../src/migrate/run/journal.ts';
import { removing } from '../../../../src/migrate/run/undo/remove.ts';
import type { Change } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { applying, begun, deletingAt, planID, planWith } from '../../plan-with.ts';
import { make } from '../../snapshots.ts';
import { liveFrom } from '../live-from.ts';

const manager = managerOf({ id: planID });
const spec = { egressIPs: ['192.168.7.101'] };
const made = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'e' }, { spec });
const object = objectRef(made);
const change = applying(made);
const created = begun(change, { existed: false });
const adopted = begun(change, { existed: true });

/** The EgressIP as these managers wrote it. */
function written(by: readonly string[], fields: object = { spec }, metadata: object = {}): KubeObject {
  const managedFields = by.map((one) => ({ manager: one, fieldsV1: { 'f:spec': { 'f:egressIPs': {} } } }));
  return make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'e', uid: 'u', managedFields, ...metadata }, { ...fields });
}

interface Given {
  readonly of?: Change;
  readonly entries?: readonly Entry[];
  readonly backup?: readonly KubeObject[];
  readonly force?: boolean;
}

const found = (
  is: KubeObject | undefined,
  { of = change, entries = [created], backup = [], force = false }: Given = {},
) =>
  removing(of, {
    plan: planWith([of], backup),
    live: liveFrom(is === undefined ? [] : [is]),
    progress: progressOf(entries),
    force,
  });
const deleted = { undo: [{ kind: 'delete', object, uid: 'u' }] };
const released = { undo: [{ kind: 'release', object, labels: {}, annotations: {} }] };
const nothing = { undo: [] };

describe('what the plan made', () => {
  it('is deleted, also if the journal does not know it', () => {
    expect(found(written([manager]))).toEqual(deleted);
    expect(found(written([manager]), { entries: [] })).toEqual(deleted);
  });

  it('is left if it is gone, or if nothing shows that it is ours', () => {
    expect(found(undefined)).toEqual(nothing);
    expect(found(written(['admin']), { entries: [] })).toEqual(nothing);
  });

  it('is left if it was made again since', () => {
    const done: Entry = { ...created, event: 'done', uid: 'first' };
    expect(found(written([manager]), { entries: [created, done] })).toEqual({
      undo: [],
      notes: ['EgressIP e is left: it was made again since'],
    });
  });

  it('stays with others who applied the same', () => {
    expect(found(written([manager, 'admin']))).toEqual(released);
  });

  it('is not deleted if others edited it, except with force', () => {
    const edited = written(['admin'], { spec: { egressIPs: ['192.168.7.102'] } });
    expect(found(edited)).toEqual({ undo: [], objections: ['EgressIP e: it was edited since it was applied'] });
    expect(found(edited, { force: true })).toEqual(deleted);
  });
});

describe('what others had made', () => {
  const was = written([], { spec: { egressIPs: ['192.168.7.103'] } });

  it('gets its first content back', () => {
    const [undo] = found(written([manager]), { entries: [adopted], backup: [was] }).undo;
    expect(undo).toMatchObject({ kind: 'release', first: { spec: { egressIPs: ['192.168.7.103'] } } });
  });

  it('is left if the backup does not have it', () => {
    expect(found(written([manager, 'admin']), { entries: [adopted] })).toEqual({
      ...released,
      notes: ['EgressIP e is left: somebody else made it after the plan, and the backup does not have it'],
    });
  });

  it('is left if it bears no mark of ours', () => {
    expect(found(written(['admin']), { entries: [adopted], backup: [was] })).toEqual(nothing);
  });
});

test('of a Node our labels are given up, and what they replaced is restored unless somebody removed it', () => {
  const key = 'k8s.ovn.org/egress-assignable';
  const node = (labels: object, managedFields: readonly object[] = []): KubeObject =>
    make.any('v1', 'Node', { name: 'n1', labels, managedFields }, {});
  const of = applying(node({ [key]: '' }), 'label-nodes');
  const mine = [{ manager, fieldsV1: { 'f:metadata': { 'f:labels': { [`f:${key}`]: {} } } } }];
  const backup = [node({ [key]: 'old' })];
  const release = { kind: 'release', object: objectRef(node({})), annotations: {} };
  expect(found(node({ [key]: '' }, mine), { of, backup })).toEqual({
    undo: [{ ...release, labels: { [key]: 'old' } }],
  });
  expect(found(node({}, mine), { of, backup })).toEqual({ undo: [{ ...release, labels: {} }] });
  expect(found(node({ [key]: '' }), { of, backup })).toEqual(nothing);
});

test('what an update of the plan takes back is deleted if it is still there and ours', () => {
  const of = deletingAt('egress-ips', made);
  expect(found(written([manager]), { of, entries: [] })).toEqual(deleted);
  expect(found(written(['admin']), { of, entries: [] })).toEqual(nothing);
});
