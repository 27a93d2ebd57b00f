/** Runs the facade: changes are translated together, then each VNID and each node is worked on by itself. */
import type { Reconciler } from '../controllers/reconciler.ts';
import { createQueue, type WorkQueue } from '../io/async/queue.ts';
import { isConflict } from '../io/kube/error.ts';
import { isVnid, type Vnid } from '../model/values/vnid.ts';
import { type BackflowDeps, type LabelDeps, labelNode, showAssigned, type ShowDeps } from './backflow.ts';
import { Fights } from './fights.ts';
import { GoingLabels } from './going-labels.ts';
import { Isolation } from './isolation.ts';
import { bringMulticast, multicastPatch } from './multicast.ts';
import { Placements } from './placements.ts';
import { isClosing } from './plan/firewall.ts';
import { Rewriting } from './rewriting.ts';
import { Steering } from './steering.ts';
import { Steps, type StepsDeps } from './steps.ts';

export interface FacadeDeps extends Omit<StepsDeps, 'placements' | 'steering'>, BackflowDeps {
  readonly caches: StepsDeps['caches'];
  /** Called with the name of what failed and will be tried again. */
  readonly onFailure: (name: string) => void;
}

/** Shortest time between two translations in milliseconds, so that many changes at once are one. */
const breath = 5;
const concurrency = 24;
const now = (): number => performance.now();

/** The facade as a reconciler. The caches must be synced. */
export function facadeReconciler(deps: FacadeDeps): Reconciler {
  const { world, caches, logger } = deps;
  const queue = createQueue({
    logger,
    concurrency,
    isRace: isConflict,
    onFailure: (key) => deps.onFailure(`facade-${key.split('/')[0] ?? ''}`),
  });
  const wake = (vnid: Vnid): void => queue.add(`vnid/${vnid}`);
  const placements = new Placements({
    ...deps,
    nodes: caches.nodes,
    onKnown: () => {
      for (const { vnid, pinned } of world.wishes()) if (pinned.size > 0) wake(vnid);
    },
  });
  const steering = new Steering({ ...deps, wake, onReleased: (node) => queue.add(`node/${node}`) });
  const steps = new Steps({ ...deps, placements, steering });
  const isolation = new Isolation(deps);
  const rests = { fights: new Fights(now), rewriting: new Rewriting(now), going: new GoingLabels(now) };
  const work = async (key: string, signal: AbortSignal): Promise<number | undefined> => {
    const [concern, name = ''] = parts(key);
    switch (concern) {
      case 'translation': {
        translate(deps, queue, isolation);
        return;
      }
      case 'isolation':
        return isolation.reconcile(name, signal);
      case 'multicast':
        return bringMulticast(deps, name, signal).then(() => undefined);
      case 'node':
        return workOnNode({ ...deps, ...rests, isHeld: (node) => steering.isHeld(node) }, name, signal);
      default: {
        const vnid = Number(name);
        return isVnid(vnid) ? steps.reconcile(vnid, signal) : undefined;
      }
    }
  };
  return {
    name: 'facade',
    wokenBy: [
      () => world.onDirty(() => queue.addAfter('translation', breath)),
      () => world.onTouched(wake),
      () => world.onMoved((node) => queue.add(`node/${node}`)),
      () => caches.isolation.subscribe(({ key }) => queue.add(`isolation/${key.split('/')[0] ?? ''}`)),
      () => caches.egressIPs.subscribe(({ after }) => after !== undefined && placements.saw(after)),
      () => countClosed(deps),
      () => {
        const ends = world.follow();
        return () => {
          for (const end of ends) end();
        };
      },
    ],
    run: async (signal) => {
      await Promise.all([queue.process(work, signal), placements.run(signal), steering.run(signal)]);
    },
  };
}

/** Keeps the metric of closed namespaces, until the returned function is called. */
function countClosed({ caches, metrics }: FacadeDeps): () => void {
  const closing = new Set<string>();
  return caches.egressFirewalls.subscribe(({ key, after }) => {
    if (isClosing(after)) closing.add(key);
    else closing.delete(key);
    metrics.closed(closing.size);
  });
}

/** Neither concern of a node waits for the other: a Node that cannot be labeled may have addresses to show. */
async function workOnNode(
  deps: FacadeDeps & LabelDeps & ShowDeps,
  name: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const [labeled, shown] = await Promise.allSettled([labelNode(deps, name, signal), showAssigned(deps, name, signal)]);
  if (labeled.status === 'rejected') throw labeled.reason;
  if (shown.status === 'rejected') throw shown.reason;
  const waits = [labeled.value, shown.value].filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

function parts(key: string): readonly [string, string?] {
  const at = key.indexOf('/');
  return at < 0 ? [key] : [key.slice(0, at), key.slice(at + 1)];
}

function translate(deps: FacadeDeps, queue: WorkQueue, isolation: Isolation): undefined {
  const { world } = deps;
  for (const vnid of world.translate()) {
    queue.add(`vnid/${vnid}`);
    for (const [name, wish] of world.wishOf(vnid)?.namespaces ?? []) {
      if (isolation.isDue(name, wish.isolation)) queue.add(`isolation/${name}`);
      if (multicastPatch(deps, name) !== undefined) queue.add(`multicast/${name}`);
    }
  }
  return undefined;
}
