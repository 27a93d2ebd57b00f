/**
 * Makes OVN-Kubernetes look again at EgressIPs that it passed over. While one Node of the cluster lacks its annotations
 * it assigns nothing, without an Event, and does not come back to it by itself when the Node has them.
 */
import { egressIPs } from '../../../../api/kinds.ts';
import type { KubeClient } from '../../../io/kube/client.ts';
import { isNotFound } from '../../../io/kube/error.ts';
import { withRight } from '../refusal.ts';
import type { Verification } from './verify.ts';

/** Any change of the object is enough; a label stays when OVN-Kubernetes replaces the annotations. */
const touchedLabel = 'migrate.sdn-compat/touched';
const manager = 'sdn-compat-touch';

/** Names of the EgressIPs that have an unassigned address, sorted. */
export function stuck({ checks }: Verification): readonly string[] {
  const names = checks
    .filter(
      ({ object, part, well, node }) => object.kind === egressIPs.kind && part !== '' && !well && node === undefined,
    )
    .filter(({ problem = '' }) => problem.startsWith('it is not assigned'))
    .map(({ object }) => object.name);
  return [...new Set(names)].sort();
}

/** Touches them with `now`, a time in milliseconds. Returns those that were there. Throws if a right is missing. */
export async function unstick(client: KubeClient, names: readonly string[], now: number): Promise<readonly string[]> {
  const touched: string[] = [];
  for (const name of names) {
    const metadata = { labels: { [touchedLabel]: String(Math.floor(now / 1_000)) } };
    try {
      await client.patch(egressIPs, { name }, { metadata }, { type: 'merge', fieldManager: manager });
      touched.push(name);
    } catch (error) {
      if (!isNotFound(error)) throw withRight(error, egressIPs);
    }
  }
  return touched;
}
