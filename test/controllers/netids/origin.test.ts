import { controllerManager } from '../../../src/controllers/field-manager.ts';
import { isLeftover, isOwnRecord, isRequest, namespaceUidAnnotation } from '../../../src/controllers/netids/origin.ts';
import type { NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { rawNetNamespace } from '../../model/parsed.ts';

const [before, since, after] = ['2026-11-28T10:00:00Z', '2026-11-28T11:00:00Z', '2026-11-28T12:00:00Z'];
const namespace = { metadata: { name: 'shop', uid: 'new', creationTimestamp: since } };
const annotationField = { 'f:metadata': { 'f:annotations': { '.': {}, [`f:${namespaceUidAnnotation}`]: {} } } };
const recorded = { manager: controllerManager, time: before, fieldsV1: annotationField };

function stored(
  managedFields: readonly object[] | undefined,
  { uid = 'old', creationTimestamp = before }: { readonly uid?: string; readonly creationTimestamp?: string } = {},
): NetNamespaceObject {
  const annotations = { [namespaceUidAnnotation]: uid };
  return {
    ...rawNetNamespace('shop', 11, ['192.168.7.1']),
    metadata: { name: 'shop', annotations, creationTimestamp, managedFields } as NetNamespaceObject['metadata'],
  };
}

const writing = (manager: string, time: string, ...fields: readonly string[]): object => ({
  manager,
  time,
  fieldsV1: Object.fromEntries(fields.map((field) => [field, {}])),
});

test('a NetNamespace of an earlier Namespace is left over', () => {
  expect(isLeftover(stored([recorded]), namespace)).toBe(true);
  expect(isLeftover(stored([recorded], { uid: 'new' }), namespace)).toBe(false);
  expect(isLeftover(rawNetNamespace('shop', 11, ['192.168.7.1']), namespace)).toBe(false);
});

test('it counts if somebody has written its VNID or egress IPs since the Namespace was made', () => {
  const patched = (time: string, ...fields: readonly string[]): boolean =>
    isLeftover(stored([recorded, writing('kubectl-patch', time, ...fields)]), namespace);
  expect(patched(before, 'f:egressIPs')).toBe(true);
  expect(patched(since, 'f:egressIPs')).toBe(false);
  expect(patched(after, 'f:netid')).toBe(false);
  expect(patched(after, 'f:metadata')).toBe(true);
  expect(isLeftover(stored([recorded, writing(controllerManager, after, 'f:netid')]), namespace)).toBe(true);
});

test('it counts if it was made since the Namespace was made, whatever its annotation says', () => {
  expect(isLeftover(stored([recorded], { creationTimestamp: since }), namespace)).toBe(false);
  expect(isLeftover(stored([recorded], { creationTimestamp: after }), namespace)).toBe(false);
});

test('an annotation that others wrote, as from a backup, is no record of ours', () => {
  const restored = stored([{ ...recorded, manager: 'velero-server' }]);
  expect(isOwnRecord(restored)).toBe(false);
  expect(isLeftover(restored, namespace)).toBe(false);
  expect(isOwnRecord(stored([recorded]))).toBe(true);
  expect(isOwnRecord(stored([writing(controllerManager, before, 'f:netid'), { ...recorded, manager: 'x' }]))).toBe(
    false,
  );
});

test('a server that keeps no field managers is believed by the annotation and the time of creation', () => {
  expect(isOwnRecord(stored(undefined))).toBe(true);
  expect(isLeftover(stored(undefined), namespace)).toBe(true);
  expect(isLeftover(stored(undefined, { creationTimestamp: after }), namespace)).toBe(false);
});

test('invalid egress IPs are requests too, an empty list is none', () => {
  expect(isRequest(rawNetNamespace('shop', 11, ['nonsense']))).toBe(true);
  expect(isRequest(rawNetNamespace('shop', 11, []))).toBe(false);
  expect(isRequest(rawNetNamespace('shop', 11))).toBe(false);
});
