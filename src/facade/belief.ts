/**
 * Finds out whether OVN-Kubernetes keeps a placement of an egress IP that somebody else writes. Builds until 2025 do;
 * later ones replace it. An EgressIP that selects no namespace shows it. Silence alone is no answer, because the manager
 * may be down: it must also take the address away when that is no longer asked for.
 */
import { egressIPs } from '../../api/kinds.ts';
import { pause } from '../io/async/pause.ts';
import type { KubeClient } from '../io/kube/client.ts';
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

/**
 * Whether it keeps the placement; `silent` if it does nothing at all, and undefined if somebody disturbed the probe.
 * Leaves no object behind, as far as it can.
 */
export async function believesStatus(
  { client, patience }: BeliefDeps,
  wanted: { readonly egressIP: string; readonly node: string },
  signal: AbortSignal,
): Promise<boolean | 'silent' | undefined> {
  const ref = { name: probeName };
  await client.delete(egressIPs, ref, { signal });
  try {
    await client.create(egressIPs, probeOf(probeName, wanted), { signal, fieldManager: facadeManager });
    const read = (): Promise<KubeObject | undefined> => client.get<KubeObject>(egressIPs, ref, { signal });
    const shown = (object: KubeObject | undefined): string | undefined =>
      object === undefined ? undefined : assignedIn(object).get(wanted.egressIP);
    // one that replaces it may choose the same node; then its mark tells that it wrote
    const isLeft = (object: KubeObject | undefined): boolean =>
      shown(object) === wanted.node && object?.metadata.annotations?.[ownMark] === undefined;
    const isKept = await lasts(async () => isLeft(await read()), patience, signal);
    if (signal.aborted) return undefined;
    // one that somebody took away says nothing
    if (!isKept) return (await read()) === undefined ? undefined : false;
    await client.patch(egressIPs, ref, { spec: { egressIPs: [] } }, { type: 'merge', signal });
    const isSilent = await lasts(async () => shown(await read()) !== undefined, 2 * patience, signal);
    return isSilent ? 'silent' : true;
  } finally {
    // also when the work is to end: a probe that stays would hold its address
    await client.delete(egressIPs, ref, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  }
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
