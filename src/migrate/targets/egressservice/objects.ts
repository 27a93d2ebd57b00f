/**
 * OVN-Kubernetes' EgressServices: one beside each LoadBalancer Service of a namespace that has one of its egress IPs. The
 * pods behind the Service leave with its address, and no others do. Pure.
 */
import { egressServices, services } from '../../../../api/kinds.ts';
import type { Ip } from '../../../model/values/address.ts';
import type { Finding } from '../../findings/finding.ts';
import { workloadsUnserved } from '../../findings/others.ts';
import { type ServiceItem, serviceItem } from '../../kinds/service.ts';
import { objectRef } from '../../ref.ts';
import { prerequisite } from '../../requests/findings.ts';
import { hasObject, type RequestGroup } from '../../requests/groups.ts';
import { selectorOfNodes } from '../../requests/node-labels.ts';
import { applying, sourcesOf } from '../../requests/objects.ts';
import type { Requests } from '../../requests/requests.ts';
import type { Made, ServedGroup } from '../../requests/served.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Change } from '../../translation.ts';

export const plugin = 'OVN-Kubernetes (EgressService)';

/** Holds the address that the pods behind the Service leave with. */
export const addressLabel = 'migrate.sdn-compat/egress-ip';

/** A Service with an egress IP of its namespace. */
interface Bound {
  readonly service: ServiceItem;
  readonly ip: Ip;
}

export function egressServiceObjects(requests: Requests): Made {
  const balanced = objectsOf(requests.snapshot, services)
    .map(serviceItem)
    .filter(({ isLoadBalancer }) => isLoadBalancer);
  const byNamespace = Map.groupBy(balanced, ({ namespace }) => namespace);
  const all = requests.groups.filter(hasObject).map((group) => ({ group, bound: boundIn(group, byNamespace) }));
  const served = all.flatMap(({ group, bound }) => servedOf(requests, group, bound));
  return {
    served,
    changes: all.flatMap(({ group, bound }) => bound.map((one) => objectFor(requests, group, one))),
    findings: [...all.flatMap(({ group, bound }) => unserved(group, bound)), ...prerequisites(served)],
    named: served.flatMap(({ egressIPs }) => egressIPs.flatMap(requests.nodesOf)),
  };
}

/** The Services of the group's namespaces that have, or ask for, one of its addresses. */
function boundIn(
  { selected, egressIPs }: RequestGroup,
  byNamespace: ReadonlyMap<string, readonly ServiceItem[]>,
): readonly Bound[] {
  return selected
    .flatMap((namespace) => byNamespace.get(namespace) ?? [])
    .flatMap((service) => {
      const has = service.given.length > 0 ? service.given : service.asked;
      const ip = egressIPs.find((one) => has.includes(one));
      return ip === undefined ? [] : [{ service, ip }];
    });
}

function servedOf(requests: Requests, group: RequestGroup, bound: readonly Bound[]): readonly ServedGroup[] {
  if (bound.length === 0) return [];
  return [
    {
      group,
      egressIPs: group.egressIPs.filter((ip) => bound.some((one) => one.ip === ip)),
      nodesOf: requests.nodesOf,
      object: `EgressService ${bound.map(({ service: { namespace, name } }) => `${namespace}/${name}`).join(', ')}`,
      namespaces: new Set(bound.map(({ service }) => service.namespace)),
      isPartly: true,
    },
  ];
}

function objectFor({ nodesOf }: Requests, group: RequestGroup, { service, ip }: Bound): Change {
  const nodes = nodesOf(ip);
  return applying(egressServices, service.name, {
    step: 'egress-services',
    namespace: service.namespace,
    labels: { [addressLabel]: ip },
    spec: {
      sourceIPBy: 'LoadBalancerIP',
      ...(nodes.length === 0 ? {} : { nodeSelector: selectorOfNodes(nodes) }),
    },
    from: [...sourcesOf(group), objectRef(service.object)],
  });
}

/** One for each namespace that leaves with egress IPs today: no Service has all of its pods for sure. */
function unserved(group: RequestGroup, bound: readonly Bound[]): readonly Finding[] {
  if (group.today.kind !== 'via') return [];
  return group.selected.map((name) => {
    const own = bound.filter(({ service }) => service.namespace === name).map(({ service }) => service.name);
    return workloadsUnserved({
      plugin,
      name,
      ips: group.egressIPs,
      isPartly: own.length > 0,
      reason:
        own.length > 0
          ? `Only pods behind Service ${own.join(', ')} leave with its address`
          : 'No LoadBalancer Service of the namespace has one of them',
      action:
        own.length > 0
          ? 'Make sure that the Service selects all pods that need the address.'
          : 'Give the pods a LoadBalancer Service with the address, and plan again; or migrate to EgressIPs.',
    });
  });
}

function prerequisites(served: readonly ServedGroup[]): readonly Finding[] {
  return prerequisite(served, {
    plugin,
    setting: 'a load balancer that announces an address from the node in status.host of its EgressService',
    without: 'answers do not come back to that node',
    action: 'Let it announce only from nodes with the label egress-service.k8s.ovn.org/NAMESPACE-NAME.',
  });
}
