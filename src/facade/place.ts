/** Where the addresses of one VNID may be placed now, and which of them must wait for their turn. */
import { nodeItem } from '../migrate/kinds/node.ts';
import { missingAnnotations } from '../migrate/targets/ovn/marks/annotations.ts';
import { nodesField } from '../migrate/targets/ovn/served.ts';
import type { KubeObject, NodeObject } from '../model/objects/raw.ts';
import type { FacadeCaches } from './caches.ts';
import type { ComingLabels } from './coming-labels.ts';
import type { Placements } from './placements.ts';
import { newIn, type Place } from './plan/egressip.ts';
import { isInCloud } from './plan/nodes.ts';
import type { Wish } from './plan/wish.ts';
import type { Steering } from './steering.ts';

export interface PlaceDeps {
  readonly caches: Pick<FacadeCaches, 'nodes'>;
  readonly placements: Placements;
  readonly steering: Steering;
  readonly coming: ComingLabels;
}

/** Asks for a turn for each new address that is wanted on a node. */
export function placeOf(live: KubeObject | undefined, wish: Wish, deps: PlaceDeps): Place {
  const { placements } = deps;
  const place = placements.placeFor();
  if (wish.egressIP === undefined || nodesField in wish.egressIP.spec) return { ...place, later: new Set() };
  return { ...place, later: new Set(newIn(live, wish).filter((ip) => mustWait(ip, wish, deps))) };
}

function mustWait(ip: string, { vnid, pinned }: Wish, { caches, placements, steering, coming }: PlaceDeps): boolean {
  const wanted = pinned.get(ip);
  const node = wanted === undefined ? undefined : caches.nodes.get(wanted);
  const isLed = canBeLedTo(node);
  if (!placements.isUnbelieved()) return isLed && coming.isAwaited(node);
  return isLed && wanted !== undefined ? steering.answer(ip, { node: wanted, vnid }) === 'later' : steering.isBusy();
}

/** Whether only the label may be missing. */
function canBeLedTo(node: NodeObject | undefined): node is NodeObject {
  if (node === undefined || isInCloud(node)) return false;
  return nodeItem(node).ready === 'True' && missingAnnotations(node).length === 0;
}
