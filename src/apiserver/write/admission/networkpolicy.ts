/**
 * What Kubernetes refuses in a NetworkPolicy besides what its schema says, and the defaults that it fills in. The
 * messages are Kubernetes', because clients print them.
 */
import { contains, parseIfaddr } from '../../../model/values/address.ts';
import type { JsonObject } from '../../../model/values/json.ts';
import { type FieldError, forbiddenField, invalidValue, requiredValue, unsupportedValue } from '../../refusal.ts';
import { objectAt, objectsAt, textAt, textsAt } from '../../store/object.ts';
import { labelErrors } from './metadata.ts';
import { numberErrors, portNameErrors, protocols } from './ports.ts';
import { qualifiedNameErrors } from './qualified.ts';

const directions = ['Egress', 'Ingress'];

/** The policy with the policyTypes that it has if it names none: Ingress, and Egress if it has such rules. */
export function withPolicyTypes(policy: JsonObject): JsonObject {
  const spec = objectAt(policy, 'spec');
  if (textsAt(spec, 'policyTypes').length > 0) return policy;
  const policyTypes = ['Ingress', ...(objectsAt(spec, 'egress').length > 0 ? ['Egress'] : [])];
  return { ...policy, spec: { ...spec, policyTypes } };
}

function expressionErrors(expression: JsonObject, path: string): readonly FieldError[] {
  const [key, operator] = [textAt(expression, 'key') ?? '', textAt(expression, 'operator') ?? ''];
  const values = textsAt(expression, 'values');
  const field = `${path}.values`;
  const ofOperator = (): readonly FieldError[] => {
    switch (operator) {
      case 'In':
      case 'NotIn':
        return values.length > 0 ? [] : [requiredValue(field, "must be specified when `operator` is 'In' or 'NotIn'")];
      case 'Exists':
      case 'DoesNotExist': {
        const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        return values.length === 0 ? [] : [forbiddenField(field, why)];
      }
      default:
        return [invalidValue(`${path}.operator`, operator, 'not a valid selector operator')];
    }
  };
  return [
    ...ofOperator(),
    ...qualifiedNameErrors(key).map((why) => invalidValue(`${path}.key`, key, why)),
    ...values.flatMap((value, index) => labelErrors({ labels: { key: value } }, `${field}[${index}]`)),
  ];
}

function selectorErrors(selector: JsonObject, path: string): readonly FieldError[] {
  const labels = objectAt(selector, 'matchLabels');
  return [
    ...Object.keys(labels).flatMap((key) =>
      qualifiedNameErrors(key).map((why) => invalidValue(`${path}.matchLabels`, key, why)),
    ),
    ...labelErrors({ labels }, `${path}.matchLabels`),
    ...objectsAt(selector, 'matchExpressions').flatMap((one, index) =>
      expressionErrors(one, `${path}.matchExpressions[${index}]`),
    ),
  ];
}

function portErrors(rulePort: JsonObject, path: string): readonly FieldError[] {
  const { port, endPort } = rulePort;
  const protocol = textAt(rulePort, 'protocol') ?? '';
  const [at, end] = [`${path}.port`, `${path}.endPort`];
  const ofNumbers = (): readonly FieldError[] => {
    if (typeof port === 'number') {
      if (typeof endPort !== 'number') return numberErrors(at, port);
      const order = endPort < port ? [invalidValue(end, endPort, 'must be greater than or equal to `port`')] : [];
      return [...numberErrors(at, port), ...order, ...numberErrors(end, endPort)];
    }
    const why = `may not be specified when \`port\` is ${typeof port === 'string' ? 'non-numeric' : 'not specified'}`;
    const names = typeof port === 'string' ? portNameErrors(port).map((one) => invalidValue(at, port, one)) : [];
    return [...(typeof endPort === 'number' ? [invalidValue(end, endPort, why)] : []), ...names];
  };
  return [
    ...(protocols.includes(protocol) ? [] : [unsupportedValue(`${path}.protocol`, protocol, protocols)]),
    ...ofNumbers(),
  ];
}

/** Reads a CIDR as Kubernetes does, which takes leading zeros for nothing. */
function cidrOf(text: string): ReturnType<typeof parseIfaddr> {
  return parseIfaddr(text.replace(/(^|[.:/])0+(?=[0-9a-f])/gi, '$1'));
}

function blockErrors(block: JsonObject, path: string): readonly FieldError[] {
  const text = textAt(block, 'cidr') ?? '';
  if (text === '') return [requiredValue(`${path}.cidr`)];
  const cidr = cidrOf(text);
  if (!cidr.ok) return [invalidValue(`${path}.cidr`, text, 'not a valid CIDR')];
  return textsAt(block, 'except').flatMap((part, index): readonly FieldError[] => {
    const field = `${path}.except[${index}]`;
    const except = cidrOf(part);
    if (!except.ok) return [invalidValue(field, part, 'not a valid CIDR')];
    const isInside = contains(cidr.value.network, except.value.ip);
    return isInside && cidr.value.network.length < except.value.network.length
      ? []
      : [invalidValue(field, part, 'must be a strict subset of `cidr`')];
  });
}

function peerErrors(peer: JsonObject, path: string): readonly FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const selectors = [podSelector, namespaceSelector].filter((one) => one !== undefined).length;
  const block = ipBlock === undefined ? [] : blockErrors(objectAt(peer, 'ipBlock'), `${path}.ipBlock`);
  const mixed =
    ipBlock === undefined || selectors === 0
      ? []
      : [forbiddenField(path, 'may not specify both ipBlock and another peer')];
  return [
    ...selectorErrors(objectAt(peer, 'podSelector'), `${path}.podSelector`),
    ...selectorErrors(objectAt(peer, 'namespaceSelector'), `${path}.namespaceSelector`),
    ...block,
    ...(selectors === 0 && ipBlock === undefined ? [requiredValue(path, 'must specify a peer')] : []),
    ...mixed,
  ];
}

function ruleErrors(rule: JsonObject, path: string, peers: 'from' | 'to'): readonly FieldError[] {
  return [
    ...objectsAt(rule, 'ports').flatMap((port, index) => portErrors(port, `${path}.ports[${index}]`)),
    ...objectsAt(rule, peers).flatMap((peer, index) => peerErrors(peer, `${path}.${peers}[${index}]`)),
  ];
}

function typeErrors(types: readonly string[]): readonly FieldError[] {
  const path = 'spec.policyTypes';
  if (types.length > 2) return [invalidValue(path, types, 'may not specify more than two policyTypes')];
  return types.flatMap((type, index) =>
    directions.includes(type) ? [] : [unsupportedValue(`${path}[${index}]`, type, directions)],
  );
}

/** Errors in a NetworkPolicy whose fields have the types of its schema. */
export function networkPolicyErrors(policy: JsonObject): readonly FieldError[] {
  const spec = objectAt(policy, 'spec');
  return [
    ...selectorErrors(objectAt(spec, 'podSelector'), 'spec.podSelector'),
    ...objectsAt(spec, 'ingress').flatMap((rule, index) => ruleErrors(rule, `spec.ingress[${index}]`, 'from')),
    ...objectsAt(spec, 'egress').flatMap((rule, index) => ruleErrors(rule, `spec.egress[${index}]`, 'to')),
    ...typeErrors(textsAt(spec, 'policyTypes')),
  ];
}
