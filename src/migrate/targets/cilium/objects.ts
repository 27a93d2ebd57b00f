/**
 * Cilium's objects: for each namespace, or group of joined ones, a CiliumEgressGatewayPolicy with a gateway for each
 * address. A gateway is one node, which must have the address already: nobody moves it. Pure.
 */
import { ciliumEgressGatewayPolicies } from '../../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../../model/objects/raw.ts';
import { namespaceNameLabel } from '../../../model/objects/well-known.ts';
import type { Ip } from '../../../model/values/address.ts';
import type { Finding } from '../../findings/finding.ts';
import { addressToBePutOnNode, failoverLost, targetRefuses } from '../../findings/others.ts';
import { listAt, selectorAt } from '../../kinds/item.ts';
import { nameOf, prerequisite } from '../../requests/findings.ts';
import { hasObject, type RequestGroup } from '../../requests/groups.ts';
import { selectorOfNodes } from '../../requests/node-labels.ts';
import { applying, sourcesOf } from '../../requests/objects.ts';
import { rivalFindings } from '../../requests/present.ts';
import type { Requests } from '../../requests/requests.ts';
import type { Made, ServedGroup } from '../../requests/served.ts';
import type { Change } from '../../translation.ts';

export const plugin = 'Cilium';

/** The label that Cilium gives every pod, with the name of its namespace. */
export const podNamespaceLabel = 'io.kubernetes.pod.namespace';

/** How many gateways a policy may have. */
const mostGateways = 64;

export function ciliumObjects(requests: Requests): Made {
  const served = requests.groups.filter(hasObject).flatMap((group): readonly ServedGroup[] => {
    const egressIPs = group.egressIPs.filter((ip) => requests.nodesOf(ip).length > 0);
    const nodesOf = (ip: Ip): readonly string[] => [gatewayOf(requests, group, ip)];
    const object = `${ciliumEgressGatewayPolicies.kind} ${group.name}`;
    return egressIPs.length === 0 ? [] : [{ group, egressIPs, nodesOf, object }];
  });
  const made = served.map(policyFor);
  return {
    served,
    changes: made,
    findings: [
      ...served.flatMap((one) => addressFindings(requests, one)),
      ...prerequisites(served),
      ...rivalFindings(requests, served, { plugin, kind: ciliumEgressGatewayPolicies, made, selectors }),
    ],
    named: served.flatMap(({ egressIPs, nodesOf }) => egressIPs.flatMap(nodesOf)),
  };
}

/** The node that has the address today, otherwise the first that may have it. */
function gatewayOf({ hostsOf, nodesOf }: Requests, { today }: RequestGroup, ip: Ip): string {
  const nodes = nodesOf(ip);
  const hop = today.kind === 'via' ? today.hops.find(({ egressIP }) => egressIP === ip) : undefined;
  const listed = [...(hop === undefined ? [] : [hop.node]), ...hostsOf(ip).map(({ name }) => name)];
  return listed.find((name) => nodes.includes(name)) ?? nodes[0] ?? '';
}

function policyFor({ group, egressIPs, nodesOf }: ServedGroup): Change {
  const gateways = egressIPs.map((ip) => ({ nodeSelector: selectorOfNodes(nodesOf(ip)), egressIP: ip }));
  return applying(ciliumEgressGatewayPolicies, group.name, {
    step: 'egress-gateway-policies',
    spec: {
      selectors: group.selected.map((name) => ({ podSelector: { matchLabels: { [podNamespaceLabel]: name } } })),
      destinationCIDRs: ['0.0.0.0/0'],
      // where there are several, Cilium takes the list, and still asks for the one
      egressGateway: gateways[0],
      ...(gateways.length > 1 ? { egressGateways: gateways } : {}),
    },
    from: sourcesOf(group),
  });
}

function addressFindings(requests: Requests, { group, egressIPs, nodesOf, object }: ServedGroup): readonly Finding[] {
  const name = nameOf(group);
  const refused = targetRefuses({
    plugin,
    name,
    object,
    reason: `it has ${egressIPs.length} gateways, and may have ${mostGateways}`,
    action: 'Request fewer addresses, and plan again.',
  });
  return [
    ...(egressIPs.length > mostGateways ? [refused] : []),
    ...egressIPs.flatMap((ip) => {
      const [node = ''] = nodesOf(ip);
      const others = requests.nodesOf(ip).filter((one) => one !== node);
      return [
        addressToBePutOnNode({ plugin, name, ip, node }),
        ...(others.length === 0 ? [] : [failoverLost({ plugin, name, ip, node, others })]),
      ];
    }),
  ];
}

function prerequisites(served: readonly ServedGroup[]): readonly Finding[] {
  return prerequisite(served, {
    plugin,
    setting: 'egressGateway.enabled, kubeProxyReplacement and bpf.masquerade',
    without: 'every namespace leaves with node addresses',
    action: 'Look at the values of its Helm chart before the switch.',
  });
}

/** A policy selects namespaces by the label of their pods, or by labels of theirs. */
function selectors(object: KubeObject): readonly LabelSelectorObject[] {
  return listAt(object, 'spec', 'selectors').flatMap((one) => {
    const own = selectorAt(one, 'namespaceSelector');
    const pods = selectorAt(one, 'podSelector')?.matchLabels ?? {};
    const name = pods[podNamespaceLabel];
    return name === undefined ? (own ?? {}) : { matchLabels: { [namespaceNameLabel]: name } };
  });
}
