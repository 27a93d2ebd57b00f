import { type Assigned, type CloudPrivateIPConfig, cloudStep, ours } from '../../../src/controllers/cloud/plan.ts';

const config = (node: string, metadata: CloudPrivateIPConfig['metadata'] = {}): CloudPrivateIPConfig => ({
  metadata: { name: '192.168.7.200', ...metadata },
  spec: { node },
});
const on = (node: string): Assigned => ({ node, isInCloud: true });
const made = (node: string): CloudPrivateIPConfig => config(node, { labels: { ...ours } });

test('the cloud is told of an IP on a node, and of nothing else', () => {
  expect(cloudStep(on('a'), undefined)).toEqual({ kind: 'create', node: 'a' });
  expect(cloudStep(on('a'), made('a'))).toEqual({ kind: 'nothing' });
  expect(cloudStep(undefined, undefined)).toEqual({ kind: 'nothing' });
});

test('an IP that moves is taken from the old node first, and nothing happens while that takes', () => {
  expect(cloudStep(on('b'), made('a'))).toEqual({ kind: 'delete' });
  const leaving = config('a', { labels: { ...ours }, deletionTimestamp: '2026-01-01T00:00:00Z' });
  for (const assigned of [on('a'), on('b'), undefined]) expect(cloudStep(assigned, leaving)).toEqual({ kind: 'wait' });
});

test('what others made stays, unless the IP is assigned elsewhere', () => {
  expect(cloudStep(undefined, made('a'))).toEqual({ kind: 'delete' });
  expect(cloudStep(undefined, config('a'))).toEqual({ kind: 'nothing' });
  expect(cloudStep(on('b'), config('a'))).toEqual({ kind: 'delete' });
  const others = config('a', { labels: { 'app.kubernetes.io/managed-by': 'somebody' } });
  expect(cloudStep(on('a'), others)).toEqual({ kind: 'nothing' });
  expect(cloudStep(undefined, others)).toEqual({ kind: 'nothing' });
});

test('what is as we want it and has no manager, as OpenShift SDN leaves it, is taken over', () => {
  expect(cloudStep(on('a'), config('a'))).toEqual({ kind: 'adopt' });
  expect(cloudStep(on('a'), config('a', { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toEqual({ kind: 'wait' });
});

test('a node whose Node lost the annotation keeps what it has and gets nothing more', () => {
  const gone = { node: 'a', isInCloud: false };
  for (const present of [made('a'), config('a'), config('b')])
    expect(cloudStep(gone, present)).toEqual({ kind: 'nothing' });
  expect(cloudStep(gone, undefined)).toEqual({ kind: 'nothing' });
  expect(cloudStep(gone, made('b'))).toEqual({ kind: 'delete' });
});
