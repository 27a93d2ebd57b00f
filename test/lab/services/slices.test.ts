/** The EndpointSlices that the lab makes of pods. */
import { sliceChanges, wantedSlices } from '../../../src/lab/services/slices.ts';
import { pod, service, slice } from './states.ts';

/** The slices as `NUMBER: ADDRESS…`, with what is not ready in brackets. */
const short = (...[of, pods]: Parameters<typeof wantedSlices>): string[] =>
  wantedSlices(of, pods).map(
    ({ ports, endpoints }) =>
      `${(ports ?? []).map(({ port }) => port).join(',')}: ${(endpoints ?? [])
        .map(({ addresses: [ip], conditions }) => (conditions?.ready === true ? ip : `(${ip!})`))
        .join(' ')}`,
  );

test('a slice has the pods that the selector selects in its namespace, by name', () => {
  const pods = [
    pod('b', '10.254.1.3'),
    pod('a', '10.254.1.2'),
    pod('other', '10.254.1.4', { labels: { app: 'db' } }),
    pod('elsewhere', '10.254.1.5', { namespace: 'home' }),
  ];
  expect(short(service('web', {}), pods)).toEqual(['8080: 10.254.1.2 10.254.1.3']);
  expect(wantedSlices(service('web', {}), pods)).toEqual(wantedSlices(service('web', {}), pods.toReversed()));
  const [made] = wantedSlices(service('web', {}), pods);
  expect(made!.metadata).toMatchObject({
    name: 'web-0',
    namespace: 'shop',
    labels: { 'kubernetes.io/service-name': 'web' },
    ownerReferences: [{ kind: 'Service', name: 'web', uid: 'uid of web' }],
  });
  expect(made!.endpoints![0]).toMatchObject({ nodeName: 'node-1', targetRef: { kind: 'Pod', name: 'a' } });
});

test('a pod that is not ready is listed as that, one that has ended or has no address is not', () => {
  const pods = [
    pod('a', '10.254.1.2', { ready: false }),
    pod('b', '10.254.1.3', { phase: 'Succeeded' }),
    pod('c', ''),
    pod('d', '10.254.1.4', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  ];
  expect(short(service('web', {}), pods)).toEqual(['8080: (10.254.1.2) (10.254.1.4)']);
  expect(short(service('web', { publishNotReadyAddresses: true }), pods)).toEqual(['8080: 10.254.1.2 (10.254.1.4)']);
});

test('the name of a port is looked up in each pod: pods in which it has another number are another slice', () => {
  const named = service('web', { ports: [{ port: 80, targetPort: 'http' }] });
  const other = {
    ...pod('z', '10.254.2.2'),
    spec: { containers: [{ ports: [{ name: 'http', containerPort: 9000 }] }] },
  };
  expect(short(named, [pod('a', '10.254.1.2'), other])).toEqual(['8000: 10.254.1.2', '9000: 10.254.2.2']);
});

test('a Service without a selector is led by its user', () => {
  expect(wantedSlices(service('web', { selector: {} }), [pod('a', '10.254.1.2')])).toEqual([]);
  expect(wantedSlices(service('web', { type: 'ExternalName' }), [pod('a', '10.254.1.2')])).toEqual([]);
});

test('only what differs is written, what is not wanted is removed, and what a user wrote stays', () => {
  const before = wantedSlices(service('web', {}), [pod('a', '10.254.1.2'), pod('b', '10.254.1.3')]);
  const after = wantedSlices(service('web', {}), [pod('a', '10.254.1.2')]);
  const own = slice('web', { '10.1.8.72': undefined });
  expect(sliceChanges(before, [...before, own])).toEqual({ applied: new Map(), removed: [] });
  expect(sliceChanges(after, before)).toEqual({ applied: new Map([['web-0', after[0]]]), removed: [] });
  expect(sliceChanges([], [...before, own])).toEqual({ applied: new Map(), removed: ['web-0'] });
});
