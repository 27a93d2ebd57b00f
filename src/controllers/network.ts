/** Follows the ClusterNetwork `default`. While it is invalid, the last valid one stays in use. */
import { clusterNetworks } from '../../api/kinds.ts';
import { involved, type ReportEvent } from '../io/kube/events.ts';
import type { ObjectCache } from '../io/kube/watch.ts';
import type { Logger } from '../io/log.ts';
import { type ClusterNetwork, parseClusterNetwork } from '../model/objects/clusternetwork.ts';
import type { ClusterNetworkObject } from '../model/objects/raw.ts';
import { Listeners, type Subscribe } from './listeners.ts';

const key = 'default';

export interface NetworkDeps {
  readonly cache: ObjectCache<ClusterNetworkObject>;
  readonly logger: Logger;
  readonly report: ReportEvent;
}

export interface LiveNetwork {
  /** The last usable one. */
  readonly current: () => ClusterNetwork;
  /** Calls the listener with every later usable one. */
  readonly subscribe: Subscribe<[network: ClusterNetwork]>;
}

/** Waits for a usable ClusterNetwork, then follows it. Resolves to undefined if the signal aborts first. */
export async function followNetwork(deps: NetworkDeps, signal: AbortSignal): Promise<LiveNetwork | undefined> {
  const { cache, logger } = deps;
  const listeners = new Listeners<[network: ClusterNetwork]>();
  let current: ClusterNetwork | undefined;
  return new Promise((resolve) => {
    const live = (first: ClusterNetwork): LiveNetwork => ({
      current: () => current ?? first,
      subscribe: listeners.subscribe,
    });
    const look = (raw: ClusterNetworkObject | undefined): void => {
      const next = usable(raw, current !== undefined, deps);
      if (next === undefined) return;
      const isFirst = current === undefined;
      current = next;
      if (isFirst) resolve(live(next));
      else
        logger.info(
          {
            networks: next.networks.map(({ cidr }) => cidr.text),
            serviceNetwork: next.serviceNetwork.text,
            pluginName: next.pluginName,
          },
          'another ClusterNetwork is in use',
        );
      listeners.notify(next);
    };
    const end = cache.subscribe((change) => {
      if (change.key === key) look(change.after);
    });
    if (cache.get(key) === undefined) look(undefined);
    signal.addEventListener(
      'abort',
      () => {
        end();
        resolve(undefined);
      },
      { once: true },
    );
  });
}

/** Parses the ClusterNetwork. If it is missing or unusable, reports that and returns undefined. */
function usable(
  raw: ClusterNetworkObject | undefined,
  isOneInUse: boolean,
  { logger, report }: NetworkDeps,
): ClusterNetwork | undefined {
  const parsed = raw === undefined ? undefined : parseClusterNetwork(raw);
  if (parsed?.ok === true) return parsed.value;
  const consequence = isOneInUse ? 'what was read of it before stays in use' : 'nothing is done until it can be used';
  const problems = parsed?.error.map(({ field, reason }) => `${field}: ${reason}`).join('; ') ?? 'it does not exist';
  logger.warn({ problems, consequence }, 'there is no usable ClusterNetwork "default"');
  if (raw !== undefined)
    report({
      object: involved(clusterNetworks, key, raw),
      type: 'Warning',
      reason: 'InvalidClusterNetwork',
      message: `${problems}; ${consequence}`,
    });
  return undefined;
}
