/**
 * Antrea's objects: for each namespace, or group of joined ones, an Egress, and a pool for its address. The pool is named
 * by the address, because Antrea lets no range of a pool change: another address is another pool. Pure.
 */
import { antreaEgresses, externalIPPools } from '../../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../../model/objects/raw.ts';
import type { Ip } from '../../../model/values/address.ts';
import type { Finding } from '../../findings/finding.ts';
import { targetRefuses } from '../../findings/others.ts';
import { selectorAt } from '../../kinds/item.ts';
import { nameOf } from '../../requests/findings.ts';
import { hasObject } from '../../requests/groups.ts';
import { selectorOfNodes } from '../../requests/node-labels.ts';
import { applying, selectorOfNamespaces, sourcesOf } from '../../requests/objects.ts';
import { rivalFindings } from '../../requests/present.ts';
import type { Requests } from '../../requests/requests.ts';
import { type Made, oneAddress, type ServedGroup } from '../../requests/served.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Change } from '../../translation.ts';
import { poolHolds } from './pool.ts';

export const plugin = 'Antrea';

/** Antrea's own limit of egress IPs on one node, unless it is configured with a lower one. */
const mostOnOneNode = 255;

export function antreaObjects(requests: Requests): Made {
  const served = requests.groups.filter(hasObject).flatMap((group): readonly ServedGroup[] => {
    const ip = oneAddress(requests, group);
    return ip === undefined
      ? []
      : [{ group, egressIPs: [ip], nodesOf: requests.nodesOf, object: `Egress ${group.name}` }];
  });
  const made = served.flatMap((one) => objectsFor(one, requests.options.prefix));
  return {
    served,
    changes: made,
    findings: [
      ...crowded(served),
      ...overlapping(requests, served),
      ...rivalFindings(requests, served, { plugin, kind: antreaEgresses, made, selectors }),
    ],
    named: served.flatMap(({ egressIPs, nodesOf }) => egressIPs.flatMap(nodesOf)),
  };
}

function objectsFor({ group, egressIPs, nodesOf }: ServedGroup, prefix: string): readonly Change[] {
  const from = sourcesOf(group);
  return egressIPs.flatMap((ip) => {
    const pool = poolName(prefix, ip);
    return [
      applying(externalIPPools, pool, {
        step: 'external-ip-pools',
        // a cidr of one address would be an empty pool
        spec: { ipRanges: [{ start: ip, end: ip }], nodeSelector: selectorOfNodes(nodesOf(ip)) },
        from,
      }),
      applying(antreaEgresses, group.name, {
        step: 'egresses',
        spec: {
          appliedTo: { namespaceSelector: selectorOfNamespaces(group.selected) },
          egressIP: ip,
          externalIPPool: pool,
        },
        from,
      }),
    ];
  });
}

function poolName(prefix: string, ip: Ip): string {
  return `${prefix}-${ip}`;
}

/** Without a selector of namespaces an Egress is for pods of all of them. */
function selectors(object: KubeObject): readonly LabelSelectorObject[] {
  return [selectorAt(object, 'spec', 'appliedTo', 'namespaceSelector') ?? {}];
}

/** More addresses on a node that may go nowhere else than it can have. */
function crowded(served: readonly ServedGroup[]): readonly Finding[] {
  const confined = served.flatMap(({ group, egressIPs, nodesOf }) =>
    egressIPs.flatMap((ip) => {
      const [only, ...others] = nodesOf(ip);
      return only === undefined || others.length > 0 ? [] : [{ group, node: only }];
    }),
  );
  return [...Map.groupBy(confined, ({ node }) => node)].flatMap(([node, all]) =>
    all.slice(mostOnOneNode).map(({ group }) =>
      targetRefuses({
        plugin,
        name: nameOf(group),
        object: `Egress ${group.name}`,
        reason: `node ${node} would have ${all.length} egress IPs, and may have ${mostOnOneNode}`,
        action: 'List some of them in HostSubnets of other nodes, or use egressCIDRs, and plan again.',
      }),
    ),
  );
}

/** Pools of others that hold an address of the plan: pools may not overlap. */
function overlapping({ snapshot, options }: Requests, served: readonly ServedGroup[]): readonly Finding[] {
  const pools = objectsOf(snapshot, externalIPPools);
  return served.flatMap(({ group, egressIPs }) =>
    egressIPs.flatMap((ip) =>
      pools
        .filter(({ metadata }) => metadata.name !== poolName(options.prefix, ip))
        .filter((pool) => poolHolds(pool, ip))
        .map(({ metadata }) =>
          targetRefuses({
            plugin,
            name: nameOf(group),
            object: `ExternalIPPool ${poolName(options.prefix, ip)}`,
            reason: `ExternalIPPool ${metadata.name ?? ''} holds ${ip} already, and pools may not overlap`,
            action: `Take ${ip} out of that pool by making it anew, and plan again.`,
          }),
        ),
    ),
  );
}
