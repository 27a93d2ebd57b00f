import { type Asking, outcomeOf, parseNetworkRequest } from '../../../src/controllers/netids/request.ts';
import { vnid } from '../../model/parsed.ts';

test('requests are global, isolate and join:NAMESPACE, and nothing else', () => {
  expect(parseNetworkRequest('global')).toEqual({ ok: true, value: { kind: 'global' } });
  expect(parseNetworkRequest('isolate')).toEqual({ ok: true, value: { kind: 'isolate' } });
  expect(parseNetworkRequest('join:a-1')).toEqual({ ok: true, value: { kind: 'join', to: 'a-1' } });
  for (const text of ['', 'Global', 'join', 'join:', 'join:-a', 'join:a-', 'join:A', 'join:a.b', 'join:a ', 'join:a\n'])
    expect(parseNetworkRequest(text)).toEqual({
      ok: false,
      error: `${JSON.stringify(text)} is none of global, isolate and join:NAMESPACE`,
    });
});

const asking: Asking = {
  name: 'a',
  vnid: 11,
  isShared: () => false,
  isMultitenant: true,
  vnidOf: (name) => (name === 'b' ? vnid(12) : name === 'joined' ? vnid(11) : undefined),
};
const outcome = (text: string, changes: Partial<Asking> = {}) => {
  const found = outcomeOf(text, { ...asking, ...changes });
  return found.ok ? found.value : found.error;
};

test('global is VNID 0, and a join the VNID of the other; who has it already keeps it', () => {
  expect(outcome('global')).toEqual({ kind: 'take', vnid: 0 });
  expect(outcome('global', { vnid: 0 })).toEqual({ kind: 'keep' });
  expect(outcome('join:b')).toEqual({ kind: 'take', vnid: 12 });
  expect(outcome('join:joined')).toEqual({ kind: 'keep' });
  expect(outcome('join:nobody')).toBe('namespace nobody has no NetNamespace to join');
});

test('isolate gives a new VNID to who shares one or is global, and to nobody else', () => {
  expect(outcome('isolate')).toEqual({ kind: 'keep' });
  expect(outcome('isolate', { isShared: (one) => one === 11 })).toEqual({ kind: 'allocate' });
  expect(outcome('isolate', { vnid: 0 })).toEqual({ kind: 'allocate' });
  expect(outcome('isolate', { name: 'default', vnid: 0 })).toBe('namespace default cannot be isolated');
});

test('without the multitenant plugin everything is refused for that reason', () => {
  for (const text of ['global', 'isolate', 'join:b', 'frob'])
    expect(outcome(text, { isMultitenant: false })).toContain('is not redhat/openshift-ovs-multitenant');
});
