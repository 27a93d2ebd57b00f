/** What namespaces may send by each of their egress IPs, for users. */
import { joinedBandwidth } from '../egress/rules.ts';
import type { EgressState } from '../egress/state.ts';
import { compareText } from '../values/names.ts';
import { rateText } from '../values/rate.ts';
import type { Cluster } from './cluster.ts';

/** The limit of namespaces that share a VNID, or of one. */
export interface BandwidthRow {
  readonly namespaces: readonly string[];
  readonly vnid: number;
  /** Bits per second by each egress IP, as the annotation writes them: `10M`. */
  readonly bandwidth: string;
}

/** The limits of all VNIDs that request egress IPs and have one, in order of VNID. */
export function bandwidthRows(
  { netNamespaces }: Pick<Cluster, 'netNamespaces'>,
  state: EgressState,
): readonly BandwidthRow[] {
  const limited = new Set(netNamespaces.filter(({ bandwidth }) => bandwidth !== undefined).map(({ vnid }) => vnid));
  const byVnid = Map.groupBy(
    netNamespaces.filter(({ vnid }) => limited.has(vnid)),
    ({ vnid }) => vnid,
  );
  return [...state.vnids.keys()].flatMap((vnid): readonly BandwidthRow[] => {
    const namespaces = byVnid.get(vnid) ?? [];
    const bandwidth = joinedBandwidth(namespaces);
    if (bandwidth === undefined) return [];
    return [{ namespaces: namespaces.map(({ name }) => name).sort(compareText), vnid, bandwidth: rateText(bandwidth) }];
  });
}
