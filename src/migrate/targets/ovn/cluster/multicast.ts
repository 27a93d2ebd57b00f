/** Turns the multicast annotation of NetNamespaces into that of Namespaces. */
import { apiVersionOf, namespaces, netNamespaces } from '../../../../../api/kinds.ts';
import type { KubeObject } from '../../../../model/objects/raw.ts';
import { multicastAnnotation } from '../../../../model/objects/well-known.ts';
import { compareText } from '../../../../model/values/names.ts';
import type { Finding } from '../../../findings/finding.ts';
import { multicastInterrupted, multicastMixed } from '../../../findings/network.ts';
import { refNamed } from '../../../ref.ts';
import type { Change, Part } from '../../../translation.ts';
import { clashes } from '../conflicts.ts';
import type { Context } from '../context.ts';
import { ovnMulticast } from '../marks/annotations.ts';

/** Names of the chosen namespaces with multicast today, sorted. */
export function multicastNamespaces({ snapshot, chosen }: Context): readonly string[] {
  return snapshot.netNamespaces
    .filter(({ metadata }) => metadata.annotations?.[multicastAnnotation] === 'true')
    .map(({ metadata }) => metadata.name ?? '')
    .filter(chosen)
    .sort(compareText);
}

/** Plans the multicast annotations. */
export function multicastPart(context: Context): Part {
  const names = multicastNamespaces(context);
  const made = names.filter(context.exists).map(annotated);
  return {
    changes: made.map((object): Change => {
      const from = [refNamed(netNamespaces, object.metadata.name ?? '')];
      return { action: 'apply', step: 'annotate-namespaces', object, from };
    }),
    findings: [
      ...names.filter(context.exists).map((name) => multicastInterrupted({ name })),
      ...made.flatMap((object) => clashes(context.snapshot, object)),
      ...joinedFindings(context, new Set(names)),
    ],
  };
}

function annotated(name: string): KubeObject {
  return {
    apiVersion: apiVersionOf(namespaces),
    kind: namespaces.kind,
    metadata: { name, annotations: { [ovnMulticast]: 'true' } },
  };
}

/** SDN's multicast belongs to a VNID, OVN-Kubernetes's to a namespace. */
function joinedFindings(context: Context, names: ReadonlySet<string>): readonly Finding[] {
  const vnids = new Set([...names].flatMap((name) => context.vnidOf(name) ?? []));
  return [...vnids].flatMap((vnid) => {
    const members = context.namespacesOf(vnid);
    if (members.length < 2) return [];
    return [multicastMixed({ namespaces: members, vnid, without: members.filter((name) => !names.has(name)) })];
  });
}
