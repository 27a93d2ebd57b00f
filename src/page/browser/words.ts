/** Words that several parts of the page use. */
import type { StatusRow } from '../../model/cluster/summary.ts';
import { toneOf } from '../bands.ts';

/** `1 node`, `2 nodes`. */
export const counted = (count: number, one: string, more = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : more}`;

/** Who requests an egress IP. */
export const whose = ({ namespaces }: StatusRow): string =>
  namespaces.length === 0 ? 'nobody' : namespaces.join(', ');

/** What becomes of the traffic by a line, in a sentence. */
export function sentenceOf(row: StatusRow): string {
  const { egressIP, node, reason, traffic } = row;
  const tone = toneOf(row);
  if (tone === 'quiet') return `${egressIP}: ${reason ?? 'no NetNamespace requests it'}`;
  if (tone === 'good') return `${whose(row)} leaves with ${egressIP} by ${node ?? 'a node'}`;
  const what =
    tone === 'unsure' ? 'may leave' : traffic === 'dropped' ? 'is dropped and not leaving' : 'does not leave';
  return `${whose(row)} ${what} with ${egressIP}: ${reason ?? 'no reason is known'}`;
}
