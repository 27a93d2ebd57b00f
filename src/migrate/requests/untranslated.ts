/** Reports what targets but OVN-Kubernetes get nothing of: policies, multicast, isolation, macvlan interfaces. Pure. */
import { clusterNetworks, netNamespaces } from '../../../api/kinds.ts';
import { multicastAnnotation } from '../../model/objects/well-known.ts';
import type { Finding } from '../findings/finding.ts';
import { featureUntranslated } from '../findings/others.ts';
import { policyFindings } from './policies.ts';
import type { Requests } from './requests.ts';

/** One finding for each object. */
export function untranslatedFindings(requests: Requests, plugin: string): readonly Finding[] {
  const { wants, snapshot, chosen, network } = requests;
  const isIsolated = network?.mode === 'multitenant';
  return [
    ...(wants('firewall') ? policyFindings(requests, plugin) : []),
    ...(wants('multicast') ? withMulticast(requests) : []).map((name) =>
      featureUntranslated({
        plugin,
        kind: netNamespaces.kind,
        name,
        today: 'Its pods may use multicast among themselves.',
        action: 'See whether the target has multicast, and turn it on there.',
      }),
    ),
    ...(wants('isolation') && isIsolated
      ? [
          featureUntranslated({
            plugin,
            kind: clusterNetworks.kind,
            name: 'default',
            today: 'The multitenant plugin keeps namespaces with different VNIDs from one another.',
            action: 'Write NetworkPolicies that isolate them; `migrate plan --to ovn` shows such.',
          }),
        ]
      : []),
    ...(wants('router') ? snapshot.workloads.filter((one) => one.hasMacvlan && chosen(one.namespace)) : []).map(
      ({ kind, namespace, name }) =>
        featureUntranslated({
          plugin,
          kind,
          namespace,
          name,
          today: 'Its pods have a macvlan interface, as egress routers do.',
          action: 'Give them the interface by Multus, or run a proxy of your own behind an egress IP.',
        }),
    ),
  ];
}

function withMulticast({ snapshot, chosen }: Requests): readonly string[] {
  return snapshot.netNamespaces
    .filter(({ metadata }) => metadata.annotations?.[multicastAnnotation] === 'true')
    .map(({ metadata }) => metadata.name ?? '')
    .filter(chosen);
}
