/** Reads EgressIPs for the way back: what can be kept of each, and what cannot. */
import { parseIpv4 } from '../../../model/objects/fields.ts';
import type { LabelSelectorObject } from '../../../model/objects/raw.ts';
import { namesIn, selectsAll } from '../../../model/objects/selector.ts';
import type { Ip } from '../../../model/values/address.ts';
import { egressIPFamilyLost, namespaceSelectorLost, nothingSelected, podSelectorLost } from '../../findings/back.ts';
import type { EgressIPItem } from '../../kinds/egressip.ts';
import { objectRef } from '../../ref.ts';
import type { Snapshot } from '../../snapshot.ts';
import { netidLabel, requestsPrefix } from '../ovn/marks/origin.ts';
import { namespacesSelected } from './lookup.ts';
import type { Claim, ReadClaim } from './netnamespaces.ts';
import { sortedNames } from './steps.ts';

/** What can be kept of an EgressIP. */
export interface EgressIPClaim extends Claim {
  readonly egressIP: EgressIPItem;
}

/** Reads all EgressIPs. */
export function egressIPClaims(snapshot: Snapshot): readonly ReadClaim<EgressIPClaim>[] {
  return snapshot.egressIPs.map((egressIP) => claimOf(snapshot, egressIP));
}

function claimOf(snapshot: Snapshot, egressIP: EgressIPItem): ReadClaim<EgressIPClaim> {
  const { egressIPs: texts, labels, namespaceSelector: selector } = egressIP;
  const wrong = texts.filter((text) => !parseIpv4(text).ok);
  const ips = texts.flatMap((text) => {
    const ip = parseIpv4(text);
    return ip.ok ? [ip.value] : [];
  });
  const selected = namesSelected(snapshot, selector);
  const vnid = labels[netidLabel];
  const ref = objectRef(egressIP.object);
  return {
    claim: {
      egressIP,
      ref,
      ips,
      namespaces: selected,
      listOf: (namespace) => ownList(ips, labels[`${requestsPrefix}${namespace}`]),
      ...(vnid === undefined ? {} : { vnid }),
    },
    findings: [
      ...(wrong.length === 0 ? [] : [egressIPFamilyLost({ ...ref, ips: wrong })]),
      ...(selectsAll(egressIP.podSelector) ? [] : [podSelectorLost(ref)]),
      ...(namesIn(selector) === undefined ? [namespaceSelectorLost({ ...ref, selected })] : []),
      ...(selected.length > 0 ? [] : [nothingSelected(ref)]),
    ],
  };
}

/** The namespaces of the snapshot that match. If the snapshot has none at all, those that the selector names. */
function namesSelected(snapshot: Snapshot, selector: LabelSelectorObject): readonly string[] {
  if (snapshot.namespaces.length === 0) return sortedNames(namesIn(selector) ?? []);
  return sortedNames(namespacesSelected(snapshot, selector));
}

/** The namespace's list as our label keeps it from the way to OVN-Kubernetes; all IPs if there is no label. */
function ownList(ips: readonly Ip[], label: string | undefined): readonly Ip[] {
  if (label === undefined) return ips;
  return label.split('.').flatMap((index) => ips[Number(index)] ?? []);
}
