/**
 * What NetNamespaces and HostSubnets lack of what a plan for OVN-Kubernetes says. Its EgressIPs are translated back as
 * the way back does it, and as the facade does when it makes NetNamespaces and HostSubnets again. Pure.
 */
import { egressIPs, hostSubnets, type Kind, namespaces, netNamespaces, nodes } from '../../../api/kinds.ts';
import { snapshotOf } from '../../migrate/input/make-snapshot.ts';
import { textsAt } from '../../migrate/kinds/item.ts';
import type { Plan } from '../../migrate/plan/plan.ts';
import { objectRef, refKey, refText } from '../../migrate/ref.ts';
import { toSDN } from '../../migrate/targets/sdn/translate.ts';
import { refOf } from '../../migrate/translation.ts';
import type { KubeObject } from '../../model/objects/raw.ts';

/** The objects as the API server has them. Kinds that are not served are empty. */
export type Live = Readonly<Record<'netNamespaces' | 'hostSubnets' | 'namespaces' | 'nodes', readonly KubeObject[]>>;

/** An object that does not say what the plan says. */
export interface Lacking {
  readonly text: string;
  readonly isThere: boolean;
}

const fields = ['egressIPs', 'egressCIDRs'] as const;

/** What is lacking. `skipped`: by `refKey`, what was left out of the plan. What says more is right. */
export function lackingIn(plan: Plan, live: Live, skipped: ReadonlySet<string>): readonly Lacking[] {
  const asked = plan.steps.flatMap(({ changes }) =>
    changes.flatMap((change) =>
      change.action === 'apply' && change.object.kind === egressIPs.kind && !skipped.has(refKey(refOf(change)))
        ? [change.object]
        : [],
    ),
  );
  const found = new Map<Kind, readonly KubeObject[]>([
    [egressIPs, asked],
    [nodes, live.nodes],
    [namespaces, live.namespaces],
  ]);
  const there = new Map([...live.netNamespaces, ...live.hostSubnets].map((one) => [refKey(objectRef(one)), one]));
  const wanted = toSDN(snapshotOf(found, [])).changes.flatMap((change) =>
    change.action === 'apply' && isRequest(change.object) ? [change.object] : [],
  );
  return wanted.flatMap((object) => lackingOf(object, there.get(refKey(objectRef(object)))) ?? []);
}

function isRequest({ kind }: KubeObject): boolean {
  return kind === netNamespaces.kind || kind === hostSubnets.kind;
}

function lackingOf(wanted: KubeObject, is: KubeObject | undefined): Lacking | undefined {
  const name = refText(objectRef(wanted));
  if (is === undefined) return { text: `${name}: it is not there`, isThere: false };
  const missing = fields.flatMap((field) => {
    const said = textsAt(is, field);
    const absent = textsAt(wanted, field).filter((text) => !said.includes(text));
    return absent.length === 0 ? [] : [`${field} lacks ${absent.join(', ')}`];
  });
  return missing.length === 0 ? undefined : { text: `${name}: ${missing.join('; ')}`, isThere: true };
}
