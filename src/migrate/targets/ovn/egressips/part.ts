/** Makes EgressIPs: one for each namespace that requests egress IPs, or for each group of joined ones. */
import { apiVersionOf, egressIPs as egressIPKind, netNamespaces } from '../../../../../api/kinds.ts';
import type { LabelSelectorObject } from '../../../../model/objects/raw.ts';
import { namespaceNameLabel } from '../../../../model/objects/well-known.ts';
import type { Ip } from '../../../../model/values/address.ts';
import type { Finding } from '../../../findings/finding.ts';
import { placementBound, placementNotKept } from '../../../findings/placement.ts';
import { type ObjectRef, refNamed } from '../../../ref.ts';
import { finerRulesFindings } from '../../../requests/finer-rules.ts';
import { hasObject } from '../../../requests/groups.ts';
import type { Change, Part } from '../../../translation.ts';
import { nodeSelector } from '../chosen-nodes.ts';
import { existing } from '../conflicts.ts';
import type { Context } from '../context.ts';
import type { EgressGroup, EgressPlan } from '../groups.ts';
import { originLabels } from '../marks/origin.ts';
import { groupFindings } from './findings.ts';
import { type EgressIP, rivalFindings, unlabeledFindings } from './rivals.ts';

/** Plans the EgressIPs, with findings on each namespace. */
export function egressIPPart(context: Context): Part {
  const { groups } = context.egress;
  const made = groups.filter(hasObject).map((group) => ({ group, object: egressIPOf(group, context) }));
  return {
    changes: made.map(({ group, object }): Change => ({
      action: 'apply',
      step: 'egress-ips',
      object,
      from: sourcesOf(group),
    })),
    findings: [
      ...groups.flatMap((group) => groupFindings(context, group)),
      ...made.flatMap(({ object }) => existing(context.snapshot, object)),
      ...finerRulesFindings(context.snapshot, context.chosen, 'OVN-Kubernetes'),
      ...boundFinding(context),
      ...(context.kept.spoiler === undefined ? [] : [placementNotKept(context.kept.spoiler)]),
      ...unlabeledFindings(context),
      ...rivalFindings(
        context,
        made.map(({ object }) => object),
      ),
    ],
  };
}

/** Reports that the prediction is not exact. */
function boundFinding({ egress }: Context): readonly Finding[] {
  const first = egress.groups.find(hasObject);
  if (first === undefined || egress.prediction.exact) return [];
  return [placementBound({ name: first.name })];
}

function sourcesOf({ members }: EgressGroup): readonly ObjectRef[] {
  return members.map(({ name }) => refNamed(netNamespaces, name));
}

/** The EgressIP of a group, with labels that say what it comes from. */
export function egressIPOf(group: EgressGroup, { egress: plan, ovnNodes }: Context): EgressIP {
  const { name, vnid, members, selected, egressIPs, onNodes } = group;
  const [only, ...others] = selected;
  const namespaceSelector: LabelSelectorObject =
    only !== undefined && others.length === 0
      ? { matchLabels: { [namespaceNameLabel]: only } }
      : { matchExpressions: [{ key: namespaceNameLabel, operator: 'In', values: selected }] };
  const labels = originLabels({
    vnid,
    egressIPs,
    placed: new Map(egressIPs.flatMap((ip) => placedAt(ip, plan))),
    requests: new Map(members.map((one) => [one.name, one.egressIPs])),
  });
  return {
    apiVersion: apiVersionOf(egressIPKind),
    kind: egressIPKind.kind,
    metadata: { name, labels },
    spec: { egressIPs, namespaceSelector, ...(onNodes === undefined ? {} : nodeSelector(onNodes, ovnNodes)) },
  };
}

function placedAt(ip: Ip, { hostsOf }: EgressPlan): readonly (readonly [Ip, string])[] {
  const [host, ...others] = hostsOf(ip);
  return host === undefined || others.length > 0 ? [] : [[ip, host.name]];
}
