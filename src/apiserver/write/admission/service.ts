/** What the server fills in and refuses in Services and EndpointSlices, in Kubernetes' words. */
import { parseIp } from '../../../model/values/address.ts';
import { jsonEqual, type JsonObject } from '../../../model/values/json.ts';
import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../../refusal.ts';
import { objectAt, objectsAt, textAt, textsAt, without } from '../../store/object.ts';
import { numberErrors, portNameErrors, protocols } from './ports.ts';

const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const policies = ['Cluster', 'Local'];
const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const affinities = ['ClientIP', 'None'];
/** Three hours: how long a client keeps its endpoint. */
const affinitySeconds = 10_800;
/** A day. */
const mostAffinitySeconds = 86_400;

/** Whether a Service of this type has ports on the nodes. */
export function hasNodePorts(spec: JsonObject): boolean {
  return spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer';
}

function typeDefaults(spec: JsonObject): JsonObject {
  if (spec['type'] === 'ExternalName') return {};
  return {
    internalTrafficPolicy: 'Cluster',
    ...(hasNodePorts(spec) ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(spec['type'] === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ...(spec['sessionAffinity'] === 'ClientIP'
      ? { sessionAffinityConfig: { clientIP: { timeoutSeconds: affinitySeconds } } }
      : {}),
  };
}

/** The Service with what Kubernetes fills in, except for what `allocate` chooses. */
export function withServiceDefaults(service: JsonObject): JsonObject {
  const given = objectAt(service, 'spec');
  const spec = given['sessionAffinity'] === 'None' ? without(given, 'sessionAffinityConfig') : given;
  const ports = objectsAt(spec, 'ports').map((port) => ({ targetPort: port['port'] ?? 0, ...port }));
  return { ...service, spec: { ...typeDefaults(spec), ...spec, ...(ports.length === 0 ? {} : { ports }) } };
}

/** An update without the addresses and ports that the server chose keeps them; a Service without node ports loses them. */
export function keptService(old: JsonObject, service: JsonObject): JsonObject {
  const [spec, before] = [objectAt(service, 'spec'), objectAt(old, 'spec')];
  const { clusterIP, clusterIPs } = before;
  const kept = clusterIP === undefined ? {} : { clusterIP, ...(clusterIPs === undefined ? {} : { clusterIPs }) };
  const portsBefore = objectsAt(before, 'ports');
  const ports = objectsAt(spec, 'ports').map((port) => {
    if (!hasNodePorts(spec)) return without(port, 'nodePort');
    const same = portsBefore.find((one) => one['port'] === port['port'] && one['protocol'] === port['protocol']);
    return same?.['nodePort'] === undefined ? port : { nodePort: same['nodePort'], ...port };
  });
  const gone = hasNodePorts(spec) ? [] : ['externalTrafficPolicy'];
  const listed = ports.length === 0 ? {} : { ports };
  if (spec['type'] === 'ExternalName')
    return { ...service, spec: { ...without(spec, ...gone, 'clusterIP', 'clusterIPs'), ...listed } };
  const given = (textAt(spec, 'clusterIP') ?? '') === '' ? without(spec, 'clusterIP', 'clusterIPs') : spec;
  return { ...service, spec: { ...kept, ...without(given, ...gone), ...listed } };
}

function oneOf(spec: JsonObject, field: string, values: readonly string[]): readonly FieldError[] {
  const value = textAt(spec, field);
  return value === undefined || values.includes(value) ? [] : [unsupportedValue(`spec.${field}`, value, values)];
}

/** A port's number, protocol and name, which Services and EndpointSlices share. */
function portErrors(port: JsonObject, path: string): readonly FieldError[] {
  const { port: number, targetPort } = port;
  const [name = '', protocol = 'TCP'] = [textAt(port, 'name'), textAt(port, 'protocol')];
  return [
    ...(typeof number === 'number' ? numberErrors(`${path}.port`, number) : []),
    ...(typeof targetPort === 'number' ? numberErrors(`${path}.targetPort`, targetPort) : []),
    ...(typeof targetPort === 'string'
      ? portNameErrors(targetPort).map((why) => invalidValue(`${path}.targetPort`, targetPort, why))
      : []),
    ...(name === '' ? [] : portNameErrors(name).map((why) => invalidValue(`${path}.name`, name, why))),
    ...(protocols.includes(protocol) ? [] : [unsupportedValue(`${path}.protocol`, protocol, protocols)]),
  ];
}

/** What Kubernetes prints of a port that a Service has twice. */
function portText(port: JsonObject): string {
  const protocol = textAt(port, 'protocol') ?? 'TCP';
  const target = 'intstr.IntOrString{Type:0, IntVal:0, StrVal:""}';
  return `core.ServicePort{Name:"", Protocol:"${protocol}", AppProtocol:(*string)(nil), Port:${JSON.stringify(port['port'])}, TargetPort:${target}, NodePort:0}`;
}

function portsErrors(spec: JsonObject): readonly FieldError[] {
  const ports = objectsAt(spec, 'ports');
  const isHeadless = spec['clusterIP'] === 'None' || spec['type'] === 'ExternalName';
  if (ports.length === 0) return isHeadless ? [] : [requiredValue('spec.ports')];
  const names = ports.map((port) => textAt(port, 'name') ?? '');
  const texts = ports.map(portText);
  return ports.flatMap((port, index) => {
    const path = `spec.ports[${index}]`;
    const [name = '', text = ''] = [names[index], texts[index]];
    const { nodePort } = port;
    return [
      ...(ports.length > 1 && name === '' ? [requiredValue(`${path}.name`)] : []),
      ...(name !== '' && names.indexOf(name) < index ? [duplicateValue(`${path}.name`, JSON.stringify(name))] : []),
      ...(texts.indexOf(text) < index ? [duplicateValue(path, text)] : []),
      ...portErrors(port, path),
      ...(typeof nodePort === 'number' && nodePort !== 0 && !hasNodePorts(spec)
        ? [forbiddenField(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'")]
        : []),
    ];
  });
}

function addressErrors(spec: JsonObject): readonly FieldError[] {
  const clusterIP = textAt(spec, 'clusterIP') ?? '';
  const why = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
  return [
    ...(clusterIP === '' || clusterIP === 'None' || parseIp(clusterIP).ok
      ? []
      : [invalidValue('spec.clusterIPs[0]', [clusterIP], why)]),
    ...textsAt(spec, 'externalIPs').flatMap((ip, index) =>
      parseIp(ip).ok ? [] : [invalidValue(`spec.externalIPs[${index}]`, ip, why)],
    ),
  ];
}

function affinityErrors(spec: JsonObject): readonly FieldError[] {
  const seconds = objectAt(objectAt(spec, 'sessionAffinityConfig'), 'clientIP')['timeoutSeconds'];
  if (typeof seconds !== 'number' || (seconds > 0 && seconds <= mostAffinitySeconds)) return [];
  const why = `must be greater than 0 and less than ${mostAffinitySeconds}`;
  return [invalidValue('spec.sessionAffinityConfig.clientIP.timeoutSeconds', seconds, why)];
}

/** Errors in a Service, and in how it differs from what it was. */
export function serviceErrors(service: JsonObject, old: JsonObject | undefined): readonly FieldError[] {
  const spec = objectAt(service, 'spec');
  const before = old === undefined ? undefined : textAt(objectAt(old, 'spec'), 'clusterIP');
  const isMoved = before !== undefined && spec['type'] !== 'ExternalName' && spec['clusterIP'] !== before;
  return [
    ...oneOf(spec, 'type', serviceTypes),
    ...oneOf(spec, 'sessionAffinity', affinities),
    ...oneOf(spec, 'externalTrafficPolicy', policies),
    ...oneOf(spec, 'internalTrafficPolicy', policies),
    ...portsErrors(spec),
    ...addressErrors(spec),
    ...affinityErrors(spec),
    ...(isMoved
      ? [invalidValue('spec.clusterIPs[0]', [textAt(spec, 'clusterIP') ?? ''], 'may not change once set')]
      : []),
  ];
}

/** Errors in an EndpointSlice, and in how it differs from what it was. */
export function endpointSliceErrors(slice: JsonObject, old: JsonObject | undefined): readonly FieldError[] {
  const type = textAt(slice, 'addressType') ?? '';
  const isChanged = old !== undefined && !jsonEqual(old['addressType'], slice['addressType']);
  const endpoints = objectsAt(slice, 'endpoints').flatMap((endpoint, index) => {
    const path = `endpoints[${index}].addresses`;
    const addresses = textsAt(endpoint, 'addresses');
    if (addresses.length === 0) return [requiredValue(path, 'must contain at least 1 item')];
    return type !== 'IPv4' ? [] : addresses.flatMap((ip, at) => ipv4Errors(ip, `${path}[${at}]`));
  });
  return [
    ...(addressTypes.includes(type) ? [] : [unsupportedValue('addressType', type, addressTypes)]),
    ...(isChanged ? [invalidValue('addressType', type, 'field is immutable')] : []),
    ...endpoints,
    ...objectsAt(slice, 'ports').flatMap((port, index) => portErrors(port, `ports[${index}]`)),
  ];
}

/** An endpoint is neither the machine itself nor a group of machines. */
function ipv4Errors(text: string, field: string): readonly FieldError[] {
  const ip = parseIp(text);
  if (!ip.ok) return [invalidValue(field, text, 'must be a valid IPv4 address')];
  if (text.startsWith('127.'))
    return [invalidValue(field, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')];
  if (text.startsWith('169.254.'))
    return [invalidValue(field, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)')];
  return [];
}
