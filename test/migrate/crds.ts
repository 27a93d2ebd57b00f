/** Small CRDs of the kinds that the migrator writes and this project's server does not have. Only what tests need. */
import {
  cloudPrivateIPConfigs,
  egressFirewalls,
  egressIPs,
  egressRouters,
  type Kind,
  networkConfigs,
  networkPolicies,
} from '../../api/kinds.ts';

/** A schema that takes anything. */
export const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const texts = { type: 'array', items: { type: 'string' } };

/** A CRD with this schema of spec. */
export function crd({ group, version, kind, plural, namespaced }: Kind, spec: object, required = ['spec']): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              required,
              properties: { metadata: { type: 'object' }, spec, status: open },
            },
          },
        },
      ],
    },
  };
}

const selector = { ...open, 'x-kubernetes-map-type': 'atomic' };

/** The EgressIP of OVN-Kubernetes's enhancement 6800, which can name nodes. */
export const egressIPNamingNodes = crd(egressIPs, {
  type: 'object',
  required: ['egressIPs', 'namespaceSelector'],
  properties: {
    egressIPs: texts,
    namespaceSelector: selector,
    podSelector: selector,
    egressNodeSelector: {
      type: 'object',
      properties: { matchLabels: open, matchExpressions: { type: 'array', items: open } },
    },
  },
});

/** What OVN-Kubernetes brings with it. */
export const ovnCRDs: readonly object[] = [
  crd(egressIPs, {
    type: 'object',
    required: ['egressIPs', 'namespaceSelector'],
    properties: { egressIPs: texts, namespaceSelector: selector, podSelector: selector },
  }),
  crd(egressFirewalls, {
    type: 'object',
    required: ['egress'],
    properties: { egress: { type: 'array', items: open } },
  }),
];

/** What is there under either plugin. */
export const clusterCRDs: readonly object[] = [
  crd(networkPolicies, open),
  crd(cloudPrivateIPConfigs, open),
  crd(egressRouters, open),
  crd(networkConfigs, open),
];
