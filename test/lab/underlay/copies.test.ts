/** Copies of the cluster's own objects. */
import { namespaces, pods } from '../../../api/kinds.ts';
import { copied, copyStep } from '../../../src/lab/underlay/copies.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';

const typeOf = (kind: typeof pods): (typeof copied)[number] => copied.find((one) => one.kind === kind)!;
const pod = (uid: string, more: object = {}): KubeObject => ({
  metadata: { name: 'p', namespace: 'shop', uid, labels: { a: 'b' } },
  ...{ spec: { nodeName: 'n1' }, status: { phase: 'Running' }, ...more },
});

/** The copy after all steps. */
function copyOf(source: KubeObject): KubeObject {
  const first = copyStep(typeOf(pods), source, undefined);
  if (first.do !== 'create') throw new Error(first.do);
  const made = first.object;
  const second = copyStep(typeOf(pods), source, made);
  expect(second).toMatchObject({ do: 'patch', isStatus: true });
  return { ...made, ...{ status: (source as unknown as { status: object }).status } };
}

test('a pod is copied when it has a node, with its status after it, and then nothing is to do', () => {
  expect(copyStep(typeOf(pods), pod('1', { spec: {} }), undefined)).toEqual({ do: 'nothing' });
  const source = pod('1');
  expect(copyStep(typeOf(pods), source, copyOf(source))).toEqual({ do: 'nothing' });
});

test('another pod of the same name is another copy', () => {
  expect(copyStep(typeOf(pods), pod('2'), copyOf(pod('1')))).toEqual({ do: 'delete' });
});

test('what is gone is deleted, what is going is left alone', () => {
  const copy = copyOf(pod('1'));
  expect(copyStep(typeOf(pods), undefined, copy)).toEqual({ do: 'delete' });
  const going = { ...copy, metadata: { ...copy.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  expect(copyStep(typeOf(pods), undefined, going)).toEqual({ do: 'nothing' });
});

test('labels that change are patched, a namespace made anew keeps its copy', () => {
  const copy: KubeObject = { metadata: { name: 'shop', labels: {}, annotations: { 'lab.sdn-compat/uid': '1' } } };
  const source: KubeObject = { metadata: { name: 'shop', uid: '2', labels: { a: 'b' } } };
  expect(copyStep(typeOf(namespaces), source, copy)).toMatchObject({
    do: 'patch',
    steps: [
      { path: '/metadata/labels', value: { a: 'b' } },
      { path: '/metadata/annotations', value: { 'lab.sdn-compat/uid': '2' } },
    ],
  });
});
