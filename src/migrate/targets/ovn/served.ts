/**
 * What OVN-Kubernetes' kinds, as the API server serves them, can say of nodes. Their definitions may come only with the
 * switch, and may not be readable: then nothing tells, and the plan says what it assumes. Pure.
 */
import { customResourceDefinitions, egressFirewalls, egressIPs, type Kind } from '../../../../api/kinds.ts';
import { fieldIn, hasSelector } from '../../kinds/definition.ts';
import { type Known, knownOf } from '../../known.ts';
import { resourceName } from '../../ref.ts';
import { isBefore, type Release } from '../../release.ts';
import type { Snapshot } from '../../snapshot.ts';

export interface Served {
  /** Whether EgressIPs can name nodes (`egressNodeSelector`). */
  readonly nodesInEgressIPs: Known<boolean>;
  /** Whether rules of EgressFirewalls can name nodes by label (`nodeSelector`). */
  readonly nodesInFirewalls: Known<boolean>;
}

/** The field of spec in which an EgressIP names nodes. */
export const nodesField = 'egressNodeSelector';

/** The first release whose EgressFirewalls have rules for nodes by label. */
export const nodeSelectorSince = 13;

/** What the served kinds can say, as far as the input shows. */
export function servedOf(snapshot: Pick<Snapshot, 'definitions' | 'unread'>, release: Release | undefined): Served {
  const egressIP = specOf(snapshot, egressIPs);
  return {
    nodesInEgressIPs: mapped(egressIP, (spec) => hasSelector(spec, nodesField)),
    nodesInFirewalls: firewallNodes(specOf(snapshot, egressFirewalls), release),
  };
}

/** Where the schema does not tell, the release does. */
function firewallNodes(spec: Known<unknown>, release: Release | undefined): Known<boolean> {
  const said = spec.kind === 'known' ? fieldIn(spec.value, ['egress', 'to', 'nodeSelector']) : 'any';
  if (said !== 'any') return { kind: 'known', value: said === 'declared' };
  if (release !== undefined) return { kind: 'known', value: !isBefore(release, nodeSelectorSince) };
  return mapped(spec, () => true);
}

/** The schema of spec of the version that plans write. */
function specOf({ definitions, unread }: Pick<Snapshot, 'definitions' | 'unread'>, kind: Kind): Known<unknown> {
  const name = resourceName(kind);
  const found = definitions.find((one) => one.name === name);
  if (found !== undefined) return { kind: 'known', value: found.specs.get(kind.version) };
  const concerned = unread.filter((one) => one.name === undefined || one.name === name);
  return knownOf<unknown>({ unread: concerned }, customResourceDefinitions, undefined);
}

function mapped<T, U>(known: Known<T>, map: (value: T) => U): Known<U> {
  return known.kind === 'known' ? { kind: 'known', value: map(known.value) } : known;
}
