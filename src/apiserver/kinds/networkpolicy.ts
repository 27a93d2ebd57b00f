/** The schema of NetworkPolicy (networking.k8s.io/v1). What a schema cannot say is in admission/networkpolicy.ts. */
import type { JsonObject } from '../../model/values/json.ts';

const text = { type: 'string' } as const;

function object(description: string, properties: JsonObject): JsonObject {
  return { type: 'object', description, properties };
}

function list(description: string, items: JsonObject): JsonObject {
  return { type: 'array', description, items };
}

const selector = object('Selects objects by their labels; an empty selector selects all.', {
  matchLabels: { type: 'object', description: 'Labels that must be there.', additionalProperties: text },
  matchExpressions: list('Conditions that must all hold.', {
    type: 'object',
    description: 'A condition on one label.',
    required: ['key', 'operator'],
    properties: {
      key: { ...text, description: 'The key of the label.', default: '' },
      operator: { ...text, description: 'In, NotIn, Exists or DoesNotExist.', default: '' },
      values: list('What In and NotIn compare with.', text),
    },
  }),
});

const ports = list('The ports of this rule; all of them if the list is empty.', {
  ...object('A port, or a range of ports.', {
    protocol: { ...text, description: 'TCP, UDP or SCTP.', default: 'TCP' },
    port: { 'x-kubernetes-int-or-string': true, description: 'Number of the port, or its name in the pods.' },
    endPort: { type: 'integer', format: 'int32', description: 'The last port of a range that begins with port.' },
  }),
});

const peers = list(
  'Who is meant by this rule; everybody if the list is empty.',
  object('Pods by their labels and those of their namespaces, or a range of addresses.', {
    podSelector: selector,
    namespaceSelector: selector,
    ipBlock: object('A range of addresses without some parts of it.', {
      cidr: { ...text, description: 'The range.', default: '' },
      except: list('The parts of it that are not meant.', text),
    }),
  }),
);

/** NetworkPolicy, with all fields that Kubernetes 1.26 knows; others are dropped. */
export const networkPolicySchema: JsonObject = {
  description: 'Who may open connections to and from pods.',
  type: 'object',
  properties: {
    apiVersion: { ...text, description: 'Version of the schema this object is written in, as group/version.' },
    kind: { ...text, description: 'The kind of this object.' },
    metadata: { type: 'object' },
    spec: {
      ...object('Which pods, and what is allowed.', {
        podSelector: { ...selector, default: {} },
        policyTypes: list('The directions that the policy is about: Ingress, Egress or both.', text),
        ingress: list('What may come in.', object('Who may open connections, to which ports.', { from: peers, ports })),
        egress: list(
          'What may go out.',
          object('To whom connections may be opened, on which ports.', { to: peers, ports }),
        ),
      }),
      default: {},
    },
  },
};
