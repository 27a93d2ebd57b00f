/**
 * EgressGateway's objects: for each set of nodes a gateway with the addresses that may be there, and for each namespace,
 * or group of joined ones, a policy that takes one of them. Pure.
 */
import { createHash } from 'node:crypto';
import { egressClusterPolicies, egressGateways } from '../../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../../model/objects/raw.ts';
import { compareIps, type Ip } from '../../../model/values/address.ts';
import type { Finding } from '../../findings/finding.ts';
import { targetRefuses } from '../../findings/others.ts';
import { selectorAt } from '../../kinds/item.ts';
import { nameOf, prerequisite } from '../../requests/findings.ts';
import { hasObject } from '../../requests/groups.ts';
import { nodeLabelValue, selectorOfNodes } from '../../requests/node-labels.ts';
import { applying, selectorOfNamespaces, sourcesOf } from '../../requests/objects.ts';
import { rivalFindings } from '../../requests/present.ts';
import type { Requests } from '../../requests/requests.ts';
import { type Made, oneAddress, type ServedGroup } from '../../requests/served.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Change } from '../../translation.ts';
import { gatewayHolds } from './pool.ts';

export const plugin = 'EgressGateway';

/** No pod has it: its webhook refuses a selector that is empty. */
export const nobodysLabel = 'migrate.sdn-compat/nobody';

/** A gateway, with what it serves. */
interface Gateway {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly served: readonly { readonly one: ServedGroup; readonly ip: Ip }[];
}

export function egressGatewayObjects(requests: Requests): Made {
  const served = requests.groups.filter(hasObject).flatMap((group): readonly ServedGroup[] => {
    const ip = oneAddress(requests, group);
    const object = `${egressClusterPolicies.kind} ${group.name}`;
    return ip === undefined ? [] : [{ group, egressIPs: [ip], nodesOf: requests.nodesOf, object }];
  });
  const gateways = gatewaysOf(requests, served);
  const made = [...gateways.map(gatewayChange), ...gateways.flatMap(policyChanges)];
  return {
    served,
    changes: made,
    findings: [
      ...overlapping(requests, gateways),
      ...prerequisites(gateways),
      ...rivalFindings(requests, served, { plugin, kind: egressClusterPolicies, made, selectors }),
    ],
    named: gateways.flatMap(({ nodes }) => nodes),
  };
}

function gatewaysOf({ nodesOf, options }: Requests, served: readonly ServedGroup[]): readonly Gateway[] {
  const all = served.flatMap((one) => one.egressIPs.map((ip) => ({ one, ip })));
  return [...Map.groupBy(all, ({ ip }) => nodesOf(ip))].map(([nodes, ofNodes]) => ({
    name: `${options.prefix}-${setName(nodes)}`,
    nodes,
    served: ofNodes.toSorted((a, b) => compareIps(a.ip, b.ip)),
  }));
}

/** The node's name as in its label, or a hash of several: another set of nodes is another gateway. */
function setName(nodes: readonly string[]): string {
  const [only = '', ...others] = nodes;
  return others.length === 0
    ? nodeLabelValue(only)
    : `nodes-${createHash('sha256').update(nodes.join()).digest('hex').slice(0, 8)}`;
}

function gatewayChange({ name, nodes, served }: Gateway): Change {
  const ips = served.map(({ ip }) => ip);
  return applying(egressGateways, name, {
    step: 'egress-gateways',
    spec: {
      ippools: { ipv4: ips, ipv4DefaultEIP: ips[0] },
      nodeSelector: { selector: selectorOfNodes(nodes) },
    },
    from: served.flatMap(({ one }) => sourcesOf(one.group)),
  });
}

function policyChanges({ name, served }: Gateway): readonly Change[] {
  return served.map(({ one: { group }, ip }) =>
    applying(egressClusterPolicies, group.name, {
      step: 'egress-cluster-policies',
      spec: {
        egressGatewayName: name,
        egressIP: { ipv4: ip },
        appliedTo: {
          namespaceSelector: selectorOfNamespaces(group.selected),
          podSelector: { matchExpressions: [{ key: nobodysLabel, operator: 'DoesNotExist' }] },
        },
      },
      from: sourcesOf(group),
    }),
  );
}

function selectors(object: KubeObject): readonly LabelSelectorObject[] {
  return [selectorAt(object, 'spec', 'appliedTo', 'namespaceSelector') ?? {}];
}

/** Gateways of others that hold an address of the plan: pools may not overlap. */
function overlapping({ snapshot }: Requests, gateways: readonly Gateway[]): readonly Finding[] {
  const own = new Set(gateways.map(({ name }) => name));
  const theirs = objectsOf(snapshot, egressGateways).filter(({ metadata }) => !own.has(metadata.name ?? ''));
  return gateways.flatMap(({ name, served }) =>
    served.flatMap(({ one, ip }) =>
      theirs
        .filter((gateway) => gatewayHolds(gateway, ip))
        .map(({ metadata }) =>
          targetRefuses({
            plugin,
            name: nameOf(one.group),
            object: `EgressGateway ${name}`,
            reason: `EgressGateway ${metadata.name ?? ''} holds ${ip} already, and pools may not overlap`,
            action: `Take ${ip} out of that pool, and plan again.`,
          }),
        ),
    ),
  );
}

/** Only where an address may be on several nodes is there anything to fail over. */
function prerequisites(gateways: readonly Gateway[]): readonly Finding[] {
  const movable = gateways.find(({ nodes }) => nodes.length > 1)?.served ?? [];
  return prerequisite(
    movable.map(({ one }) => one),
    {
      plugin,
      setting: 'feature.gatewayFailover.enable, which is off by default',
      without: 'an egress IP leaves a node only when the Node is not Ready, which takes 40 seconds and more',
      action: 'Set it in the values of its Helm chart before the switch.',
    },
  );
}
