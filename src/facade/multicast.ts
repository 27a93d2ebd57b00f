/** OVN-Kubernetes' multicast of a namespace follows that of its NetNamespace, as long as it was turned on for that. */
import { namespaces } from '../../api/kinds.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { ovnMulticast } from '../migrate/targets/ovn/marks/annotations.ts';
import type { FacadeCaches } from './caches.ts';
import { mergeInto } from './merge-into.ts';
import { multicastMark } from './plan/marks.ts';
import type { MergePatch } from './plan/merge-patch.ts';
import type { World } from './world.ts';

export interface MulticastDeps {
  readonly client: KubeClient;
  readonly caches: Pick<FacadeCaches, 'namespaces'>;
  readonly world: World;
}

/** What to merge into the Namespace; undefined if nothing differs, or it is not known what is wanted. */
export function multicastPatch({ caches, world }: Omit<MulticastDeps, 'client'>, name: string): MergePatch | undefined {
  const vnid = world.vnidOf(name);
  const wish = vnid === undefined || world.isDirty(vnid) ? undefined : world.wishOf(vnid)?.namespaces.get(name);
  const live = caches.namespaces.get(name);
  if (live === undefined || wish === undefined) return undefined;
  const { annotations = {} } = live.metadata;
  const isMarked = annotations[multicastMark] !== undefined;
  const isRight = wish.multicast ? isMarked && annotations[ovnMulticast] === 'true' : !isMarked;
  if (isRight) return undefined;
  const value = wish.multicast ? 'true' : null;
  return { metadata: { annotations: { [ovnMulticast]: value, [multicastMark]: value } } };
}

/** Brings the annotation of the Namespace to what is wanted. */
export async function bringMulticast(deps: MulticastDeps, name: string, signal: AbortSignal): Promise<void> {
  const [live, patch] = [deps.caches.namespaces.get(name), multicastPatch(deps, name)];
  if (live !== undefined && patch !== undefined) await mergeInto(deps.client, namespaces, { live, patch }, signal);
}
