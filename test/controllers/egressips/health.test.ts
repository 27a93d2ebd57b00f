import { type HealthListener, healthListener } from '../../../src/controllers/egressips/health.ts';
import type { ObjectCache } from '../../../src/io/kube/watch.ts';
import { logger } from '../../apiserver/started.ts';

function cacheOf<T>(object: T): ObjectCache<T> {
  return {
    synced: Promise.resolve(),
    ended: Promise.resolve(),
    isSynced: () => true,
    get: () => object,
    list: () => [object],
    subscribe: () => () => undefined,
    onListed: () => () => undefined,
  };
}

let told: string[];
let listener: HealthListener;
beforeEach(() => {
  told = [];
  listener = healthListener({
    logger,
    metrics: { failedOver: () => told.push('counted'), isolated: (is) => told.push(`cut off ${String(is)}`) },
    caches: {
      nodes: cacheOf({ metadata: { uid: 'n' } }),
      networks: cacheOf({
        apiVersion: 'network.openshift.io/v1' as const,
        kind: 'ClusterNetwork' as const,
        metadata: { uid: 'c' },
        clusterNetworks: [],
        serviceNetwork: '',
      }),
    },
    report: ({ object, type, reason }) => told.push(`${type} ${reason} ${object.name} ${object.uid ?? ''}`),
  });
});

test('that a node is back is told only when it was told to be offline', () => {
  listener.verdict('a', false);
  expect(told).toEqual([]);
  listener.verdict('a', true);
  listener.verdict('b', false);
  listener.verdict('a', false);
  listener.verdict('a', false);
  expect(told).toEqual(['counted', 'Warning EgressNodeOffline a n', 'Normal EgressNodeOnline a n']);
});

test('a controller that is cut off says so on the ClusterNetwork, once, and counts both ways', () => {
  listener.isolated(true);
  listener.isolated(false);
  expect(told).toEqual(['cut off true', 'Warning ControllerCutOff default c', 'cut off false']);
});
