/** Reads EgressPools, and the Namespaces that may ask them for addresses. */
import { egressPools, type Kind, namespaces as namespaceKind } from '../../../api/kinds.ts';
import type { EgressPoolObject, NamespaceObject } from '../../model/objects/raw.ts';
import { egressPoolShape, objectShape } from '../../model/objects/shapes.ts';
import { ok, type Result } from '../../model/values/result.ts';
import type { KubeClient } from '../kube/client.ts';
import { type InputProblem, type Manifest, shaped } from './manifests.ts';
import { type Listed, listed, whyUnread } from './unread.ts';

export interface PoolsRead {
  readonly pools: readonly EgressPoolObject[];
  readonly namespaces: readonly NamespaceObject[];
}

/** EgressPools and, where there are some, the Namespaces that may ask for addresses. */
export async function poolObjects(
  client: KubeClient,
): Promise<PoolsRead & { readonly lists: readonly Listed<unknown>[] }> {
  const pools = await listed(egressPools, client.list<EgressPoolObject>(egressPools));
  // most clusters have none, and who may not list them there is told the same
  const isNone = pools.error === undefined ? pools.items.length === 0 : whyUnread(pools.error) !== undefined;
  if (isNone) return { pools: [], namespaces: [], lists: [] };
  const namespaces = await listed(namespaceKind, client.list<NamespaceObject>(namespaceKind));
  return { pools: pools.items, namespaces: namespaces.items, lists: [pools, namespaces] };
}

/** The EgressPools in files, and the Namespaces that may ask them for addresses. */
export function poolsIn(of: (kind: Kind) => readonly Manifest[]): Result<PoolsRead, InputProblem> {
  const pools = shaped(of(egressPools), egressPoolShape);
  if (!pools.ok) return pools;
  const namespaces = shaped(of(namespaceKind), objectShape);
  if (!namespaces.ok) return namespaces;
  return ok({ pools: pools.value, namespaces: namespaces.value });
}
