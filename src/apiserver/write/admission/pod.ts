/** What Kubernetes refuses in Pods and Nodes besides what their schemas say, in its words. */
import { isJsonObject, type Json, jsonEqual, type JsonObject } from '../../../model/values/json.ts';
import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../../refusal.ts';
import { objectAt, objectsAt, textAt, without } from '../../store/object.ts';
import { labelTextErrors } from './metadata.ts';
import { numberErrors, portNameErrors, protocols } from './ports.ts';

function containerPortErrors(port: JsonObject, path: string): readonly FieldError[] {
  const [name, protocol = 'TCP'] = [textAt(port, 'name'), textAt(port, 'protocol')];
  const { containerPort = 0, hostPort = 0 } = port;
  return [
    ...(name === undefined ? [] : portNameErrors(name).map((why) => invalidValue(`${path}.name`, name, why))),
    ...(containerPort === 0
      ? [requiredValue(`${path}.containerPort`)]
      : numberErrors(`${path}.containerPort`, Number(containerPort))),
    ...(hostPort === 0 ? [] : numberErrors(`${path}.hostPort`, Number(hostPort))),
    ...(protocols.includes(protocol) ? [] : [unsupportedValue(`${path}.protocol`, protocol, protocols)]),
  ];
}

function containerErrors(container: JsonObject, path: string): readonly FieldError[] {
  const [name = '', image = ''] = [textAt(container, 'name'), textAt(container, 'image')];
  return [
    ...(name === '' ? [] : labelTextErrors(name).map((why) => invalidValue(`${path}.name`, name, why))),
    ...(image === '' ? [requiredValue(`${path}.image`)] : []),
    ...(image === image.trim()
      ? []
      : [invalidValue(`${path}.image`, image, 'must not have leading or trailing whitespace')]),
    ...objectsAt(container, 'ports').flatMap((port, index) => containerPortErrors(port, `${path}.ports[${index}]`)),
  ];
}

const kindsOfContainers = ['initContainers', 'containers'] as const;
const unchangeable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** The spec of a pod without what may be changed; a pod without node may get one, for the scheduler that we are not. */
function fixedSpec(pod: JsonObject, isPlaced: boolean): JsonObject {
  const spec = objectAt(pod, 'spec');
  const free = ['activeDeadlineSeconds', 'tolerations', ...(isPlaced ? [] : ['nodeName'])];
  const imageless = (kind: string): JsonObject[] => objectsAt(spec, kind).map((one) => without(one, 'image'));
  return {
    ...without(spec, ...free),
    initContainers: imageless('initContainers'),
    containers: imageless('containers'),
  };
}

function hasLostToleration(old: JsonObject, pod: JsonObject): boolean {
  const now = objectsAt(objectAt(pod, 'spec'), 'tolerations');
  return objectsAt(objectAt(old, 'spec'), 'tolerations').some((one) => !now.some((other) => jsonEqual(one, other)));
}

/** Errors in a Pod, and in how it differs from what it was. */
export function podErrors(pod: JsonObject, old: JsonObject | undefined): readonly FieldError[] {
  const spec = objectAt(pod, 'spec');
  const errors = kindsOfContainers.flatMap((kind) =>
    objectsAt(spec, kind).flatMap((container, index) => containerErrors(container, `spec.${kind}[${index}]`)),
  );
  if (old === undefined) return errors;
  const isPlaced = (textAt(objectAt(old, 'spec'), 'nodeName') ?? '') !== '';
  const isSame = jsonEqual(fixedSpec(old, isPlaced), fixedSpec(pod, isPlaced)) && !hasLostToleration(old, pod);
  return isSame ? errors : [...errors, forbiddenField('spec', unchangeable)];
}

/** As Go prints an address of a Node. */
function goText({ type, address }: JsonObject): string {
  return `core.NodeAddress{Type:${JSON.stringify(type ?? '')}, Address:${JSON.stringify(address ?? '')}}`;
}

/** Errors in how a Node differs from what it was; a new one may be as it likes. */
export function nodeErrors(node: JsonObject, old: JsonObject | undefined): readonly FieldError[] {
  if (old === undefined) return [];
  const texts = objectsAt(objectAt(node, 'status'), 'addresses').map(goText);
  const [spec, before] = [objectAt(node, 'spec'), objectAt(old, 'spec')];
  const isChanged = (field: string): boolean => isGiven(before[field]) && !jsonEqual(before[field], spec[field]);
  const fixed = (field: string, name: string): readonly FieldError[] =>
    isChanged(field)
      ? [forbiddenField(`spec.${field}`, `node updates may not change ${name} except from "" to valid`)]
      : [];
  return [
    ...texts.flatMap((text, index) =>
      texts.indexOf(text) === index ? [] : [duplicateValue(`status.addresses[${index}]`, text)],
    ),
    ...fixed('podCIDRs', 'podCIDR'),
    ...fixed('providerID', 'providerID'),
  ];
}

function isGiven(value: Json | undefined): boolean {
  if (isJsonObject(value)) return true;
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '';
}
