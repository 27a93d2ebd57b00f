/** Tells of EgressPools, of which nothing is given where OVN-Kubernetes forwards. */
import { egressPools } from '../../api/kinds.ts';
import type { Reconciler } from '../controllers/reconciler.ts';
import { pause } from '../io/async/pause.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { involved, type ReportEvent } from '../io/kube/events.ts';
import type { Logger } from '../io/log.ts';

/** Milliseconds until it is looked for EgressPools again. */
const again = 30_000;

const message =
  'the controller runs with --backend ovn, which gives no addresses of EgressPools: list egressIPs by hand';

/** An Event on each EgressPool, once while it exists. Where they are not served or may not be read it says nothing. */
export function poolsNotFollowed(deps: {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly report: ReportEvent;
}): Reconciler {
  const { client, logger, report } = deps;
  let told: ReadonlySet<string> = new Set();
  const look = async (signal: AbortSignal): Promise<void> => {
    const { items } = await client.list(egressPools, { signal });
    for (const pool of items) {
      const { name = '', uid = name } = pool.metadata;
      if (told.has(uid)) continue;
      const object = involved(egressPools, name, pool);
      report({ object, type: 'Warning', reason: 'EgressPoolNotFollowed', message });
    }
    told = new Set(items.map(({ metadata: { name = '', uid = name } }) => uid));
  };
  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await look(signal).catch((error: unknown) => logger.debug({ err: error }, 'EgressPools are not read'));
      await pause(again, signal);
    }
  };
  return { name: 'pools', wokenBy: [], run };
}
