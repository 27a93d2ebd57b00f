/**
 * Finds out whether OVN-Kubernetes keeps a placement of an egress IP that somebody else writes. Builds until 2025 do;
 * later ones replace it. An EgressIP that selects no namespace shows it. Silence alone is no answer, because the manager
 * may be down: it must also take the address away when that is no longer asked for.
 */
import { egressIPs } from '../../api/kinds.ts';
import { pause } from '../io/async/pause.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { isAlreadyExists, isConflict, isForbidden } from '../io/kube/error.ts';
import { assignedIn } from '../migrate/kinds/egressip.ts';
import { ownMark } from '../migrate/targets/ovn/marks/annotations.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import { probeOf } from './plan/egressip.ts';
import { facadeManager, probeName } from './plan/marks.ts';

export interface BeliefDeps {
  readonly client: KubeClient;
  /** Milliseconds in which a manager that believes nothing has replaced a placement. */
  readonly patience: number;
}

/** For how many times that long another facade may be asking. */
const turns = 6;

/** The address with the node that it should be on. */
type Wanted = Readonly<Record<'egressIP' | 'node', string>>;

/**
 * Whether it keeps the placement; `silent` if it does nothing at all, and undefined if somebody disturbed the probe.
 * Leaves no object behind, as far as it can.
 */
export async function believesStatus(
  deps: BeliefDeps,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<boolean | 'silent' | undefined> {
  const { client, patience } = deps;
  const isThere = async (): Promise<boolean> =>
    (await client.get(egressIPs, { name: probeName }, { signal })) !== undefined;
  // another facade may be asking, and has its turn first; a probe that stays was left behind
  if (await lasts(isThere, turns * patience, signal)) await client.delete(egressIPs, { name: probeName }, { signal });
  const made = await client
    .create(egressIPs, probeOf(probeName, wanted), { signal, fieldManager: facadeManager })
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  if (made === undefined) return undefined;
  try {
    return await answerOn(made, { ...deps, wanted }, signal);
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  } finally {
    // also when the work is to end: a probe that stays would hold its address
    const { uid = '' } = made.metadata;
    await deleteProbe(client, uid, AbortSignal.timeout(5_000));
  }
}

/** Deletes the probe of that uid, and tries again until the signal aborts if the API server is not able to. */
async function deleteProbe(client: KubeClient, uid: string, signal: AbortSignal): Promise<void> {
  const isDone = async (): Promise<boolean> => {
    try {
      await client.delete(egressIPs, { name: probeName }, { signal, preconditions: { uid } });
      return true;
    } catch (error) {
      // another one by now, or not allowed
      return isConflict(error) || isForbidden(error);
    }
  };
  while (!signal.aborted && !(await isDone())) await pause(100, signal);
}

/** What becomes of the probe. One that somebody else made meanwhile, or that is gone, says nothing. */
async function answerOn(
  { metadata: { uid } }: KubeObject,
  { client, patience, wanted }: BeliefDeps & { readonly wanted: Wanted },
  signal: AbortSignal,
): Promise<boolean | 'silent' | undefined> {
  const ref = { name: probeName };
  const read = async (): Promise<KubeObject | undefined> => {
    const object = await client.get<KubeObject>(egressIPs, ref, { signal });
    return object?.metadata.uid === uid ? object : undefined;
  };
  const shown = (object: KubeObject): string | undefined => assignedIn(object).get(wanted.egressIP);
  // one that replaces it may choose the same node; then its mark tells that it wrote
  const isLeft = (object: KubeObject | undefined): boolean =>
    object !== undefined && shown(object) === wanted.node && object.metadata.annotations?.[ownMark] === undefined;
  const isKept = await lasts(async () => isLeft(await read()), patience, signal);
  if (signal.aborted) return undefined;
  if (!isKept) return (await read()) === undefined ? undefined : false;
  await client.patch(egressIPs, ref, { metadata: { uid }, spec: { egressIPs: [] } }, { type: 'merge', signal });
  const isHeld = async (): Promise<boolean> => {
    const object = await read();
    return object !== undefined && shown(object) !== undefined;
  };
  if (await lasts(isHeld, 2 * patience, signal)) return 'silent';
  return (await read()) === undefined ? undefined : true;
}

/** Whether the condition holds for that many milliseconds. */
async function lasts(holds: () => Promise<boolean>, patience: number, signal: AbortSignal): Promise<boolean> {
  const end = performance.now() + patience;
  while (!signal.aborted) {
    if (!(await holds())) return false;
    if (performance.now() > end) return true;
    await pause(50, signal);
  }
  return false;
}
