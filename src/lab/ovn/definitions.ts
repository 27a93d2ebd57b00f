/** The kinds that OVN-Kubernetes brings, as it defines them: EgressIP without a status subresource, EgressFirewall with. */
import { egressFirewalls, egressIPs, type Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../model/objects/raw.ts';

/** A schema that takes anything. */
export const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const text = { type: 'string' };
const texts = { type: 'array', items: text };

/** What a definition has besides the schema of spec. */
export interface DefinitionOptions {
  /** The fields that must be there; spec by default. */
  readonly required?: readonly string[];
  readonly status?: object;
  readonly hasStatusSubresource?: boolean;
  readonly shortNames?: readonly string[];
  /** JSON paths by title of a column. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** A CustomResourceDefinition with this schema of spec. */
export function definitionOf(
  { group, version, kind, plural, namespaced }: Kind,
  spec: object,
  {
    required = ['spec'],
    status = open,
    hasStatusSubresource = false,
    shortNames,
    columns = {},
  }: DefinitionOptions = {},
): KubeObject & { readonly spec: object } {
  const additionalPrinterColumns = Object.entries(columns).map(([name, jsonPath]) => ({
    name,
    type: 'string',
    jsonPath,
  }));
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(shortNames === undefined ? {} : { shortNames }),
      },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(hasStatusSubresource ? { subresources: { status: {} } } : {}),
          ...(additionalPrinterColumns.length === 0 ? {} : { additionalPrinterColumns }),
          schema: {
            openAPIV3Schema: { type: 'object', required, properties: { metadata: { type: 'object' }, spec, status } },
          },
        },
      ],
    },
  };
}

const selector = { ...open, 'x-kubernetes-map-type': 'atomic' };

const egressIPOptions: DefinitionOptions = {
  status: {
    type: 'object',
    required: ['items'],
    properties: {
      items: {
        type: 'array',
        items: { type: 'object', required: ['egressIP', 'node'], properties: { egressIP: text, node: text } },
      },
    },
  },
  shortNames: ['eip'],
  columns: {
    EgressIPs: '.spec.egressIPs[*]',
    'Assigned Node': '.status.items[*].node',
    'Assigned EgressIPs': '.status.items[*].egressIP',
  },
};

const egressIPFields = { egressIPs: texts, namespaceSelector: selector, podSelector: selector };
const egressIPRequired = ['egressIPs', 'namespaceSelector'];

/** EgressIP, as all releases to 4.22 have it. */
export const egressIPDefinition = definitionOf(
  egressIPs,
  { type: 'object', required: egressIPRequired, properties: egressIPFields },
  egressIPOptions,
);

/** The EgressIP of OVN-Kubernetes's enhancement 6800, which can name nodes. */
export const egressIPNamingNodes = definitionOf(
  egressIPs,
  {
    type: 'object',
    required: egressIPRequired,
    properties: {
      ...egressIPFields,
      egressNodeSelector: {
        type: 'object',
        properties: { matchLabels: open, matchExpressions: { type: 'array', items: open } },
      },
    },
  },
  egressIPOptions,
);

const port = {
  type: 'object',
  required: ['port', 'protocol'],
  properties: { port: { type: 'integer', format: 'int32', minimum: 1, maximum: 65535 }, protocol: text },
};

const egressRule = {
  type: 'object',
  required: ['to', 'type'],
  properties: {
    type: { type: 'string', pattern: '^Allow|Deny$' },
    ports: { type: 'array', items: port },
    to: {
      type: 'object',
      minProperties: 1,
      maxProperties: 1,
      properties: { cidrSelector: text, dnsName: text, nodeSelector: selector },
    },
  },
};

/** EgressFirewall. That a range in `cidrSelector` can be read is not checked here. */
export const egressFirewallDefinition = definitionOf(
  egressFirewalls,
  { type: 'object', required: ['egress'], properties: { egress: { type: 'array', items: egressRule } } },
  {
    status: {
      type: 'object',
      properties: { status: text, messages: { ...texts, 'x-kubernetes-list-type': 'set' } },
    },
    hasStatusSubresource: true,
    columns: { 'EgressFirewall Status': '.status.status' },
  },
);

/** Both kinds. */
export const ovnDefinitions: readonly KubeObject[] = [egressIPDefinition, egressFirewallDefinition];
