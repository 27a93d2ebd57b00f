/** The columns of `kubectl get`: for built-in kinds, and from a CRD's printer columns. */
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../model/values/json.ts';
import { objectAt, objectsAt, type StoredObject, textAt, textsAt } from '../store/object.ts';
import { parseJsonPath } from './jsonpath.ts';
import type { Column } from './resource.ts';
import { UnsupportedSchema } from './schema.ts';

interface Part {
  readonly size: number;
  readonly unit: string;
}
const day: Part = { size: 86_400, unit: 'd' };
const hour: Part = { size: 3600, unit: 'h' };
const minute: Part = { size: 60, unit: 'm' };
const second: Part = { size: 1, unit: 's' };

/** The units in which to show an age below each limit, as kubectl does. */
const ages: readonly { readonly below: number; readonly first: Part; readonly second?: Part }[] = [
  { below: 120, first: second },
  { below: 600, first: minute, second },
  { below: 3 * 3600, first: minute },
  { below: 8 * 3600, first: hour, second: minute },
  { below: 48 * 3600, first: hour },
  { below: 8 * 86_400, first: day, second: hour },
  { below: 730 * 86_400, first: day },
];

/** Formats an age as `kubectl get` does: `45s`, `3m12s`, `5h`, `12d`, `2y30d`. */
export function age(since: string | undefined, now: Date): string {
  const then = since === undefined ? NaN : Date.parse(since);
  if (Number.isNaN(then)) return '<unknown>';
  const seconds = Math.floor((now.getTime() - then) / 1000);
  if (seconds < 0) return seconds < -1 ? '<invalid>' : '0s';
  const scale = ages.find(({ below }) => seconds < below);
  if (scale === undefined) {
    const years = Math.floor(seconds / (365 * 86_400));
    const days = Math.floor(seconds / 86_400) % 365;
    return years < 8 && days > 0 ? `${String(years)}y${String(days)}d` : `${String(years)}y`;
  }
  const first = Math.floor(seconds / scale.first.size);
  const rest = scale.second === undefined ? 0 : Math.floor((seconds % scale.first.size) / scale.second.size);
  return `${String(first)}${scale.first.unit}${scale.second === undefined || rest === 0 ? '' : `${String(rest)}${scale.second.unit}`}`;
}

type Cell = Column['cell'];

function column(name: string, cell: Cell, options: Partial<Column> = {}): Column {
  return { name, type: 'string', format: '', description: '', priority: 0, ...options, cell };
}

export const nameColumn = column('Name', (object) => object.metadata.name, {
  format: 'name',
  description: 'The name of the object, unique within its namespace.',
});

export const ageColumn = column('Age', (object, now) => age(object.metadata.creationTimestamp, now), {
  description: 'How long ago the object was created.',
});

const wide = { priority: 1 };

function conditionIs(object: StoredObject, type: string): string | undefined {
  const found = objectsAt(objectAt(object, 'status'), 'conditions').find((condition) => condition['type'] === type);
  return found === undefined ? undefined : textAt(found, 'status');
}

export const namespaceColumns: readonly Column[] = [
  nameColumn,
  column('Status', (object) => textAt(objectAt(object, 'status'), 'phase') ?? ''),
  ageColumn,
];

function nodeStatus(object: StoredObject): string {
  const ready = conditionIs(object, 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady'];
  if (objectAt(object, 'spec')['unschedulable'] === true) words.push('SchedulingDisabled');
  return words.join(',');
}

function nodeRoles(object: StoredObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const labels = Object.keys(objectAt(object.metadata, 'labels')).filter(
    (key) => key.startsWith(prefix) && key !== prefix,
  );
  const roles = labels.map((key) => key.slice(prefix.length)).sort();
  return roles.length === 0 ? '<none>' : roles.join(',');
}

function nodeAddress(type: string): Cell {
  return (object) => {
    const found = objectsAt(objectAt(object, 'status'), 'addresses').find((address) => address['type'] === type);
    return (found === undefined ? undefined : textAt(found, 'address')) ?? '<none>';
  };
}

function nodeInfo(key: string): Cell {
  return (object) => textAt(objectAt(objectAt(object, 'status'), 'nodeInfo'), key) ?? '<unknown>';
}

export const nodeColumns: readonly Column[] = [
  nameColumn,
  column('Status', nodeStatus),
  column('Roles', nodeRoles),
  ageColumn,
  column('Version', (object) => textAt(objectAt(objectAt(object, 'status'), 'nodeInfo'), 'kubeletVersion') ?? ''),
  column('Internal-IP', nodeAddress('InternalIP'), wide),
  column('External-IP', nodeAddress('ExternalIP'), wide),
  column('OS-Image', nodeInfo('osImage'), wide),
  column('Kernel-Version', nodeInfo('kernelVersion'), wide),
  column('Container-Runtime', nodeInfo('containerRuntimeVersion'), wide),
];

function podReady(object: StoredObject): string {
  const ready = objectsAt(objectAt(object, 'status'), 'containerStatuses').filter(
    (status) => status['ready'] === true,
  ).length;
  return `${String(ready)}/${String(objectsAt(objectAt(object, 'spec'), 'containers').length)}`;
}

function podRestarts(object: StoredObject): string {
  const counts = objectsAt(objectAt(object, 'status'), 'containerStatuses').map(({ restartCount }) =>
    Number(restartCount ?? 0),
  );
  return String(counts.reduce((sum, count) => sum + count, 0));
}

function podStatus(object: StoredObject): string {
  if (object.metadata['deletionTimestamp'] !== undefined) return 'Terminating';
  const status = objectAt(object, 'status');
  for (const container of objectsAt(status, 'containerStatuses').toReversed()) {
    const state = objectAt(container, 'state');
    const reason = textAt(objectAt(state, 'waiting'), 'reason') ?? textAt(objectAt(state, 'terminated'), 'reason');
    if (reason !== undefined) return reason;
  }
  return textAt(status, 'reason') ?? textAt(status, 'phase') ?? '';
}

function podGates(object: StoredObject): string {
  const gates = objectsAt(objectAt(object, 'spec'), 'readinessGates').map(
    (gate) => textAt(gate, 'conditionType') ?? '',
  );
  if (gates.length === 0) return '<none>';
  return `${String(gates.filter((gate) => conditionIs(object, gate) === 'True').length)}/${String(gates.length)}`;
}

export const podColumns: readonly Column[] = [
  nameColumn,
  column('Ready', podReady),
  column('Status', podStatus),
  column('Restarts', podRestarts),
  ageColumn,
  column('IP', (object) => textAt(objectAt(object, 'status'), 'podIP') ?? '<none>', wide),
  column('Node', (object) => textAt(objectAt(object, 'spec'), 'nodeName') ?? '<none>', wide),
  column('Nominated Node', (object) => textAt(objectAt(object, 'status'), 'nominatedNodeName') ?? '<none>', wide),
  column('Readiness Gates', podGates, wide),
];

function labelSelectorText(selector: JsonObject): string {
  const wanted = objectAt(selector, 'matchLabels');
  const labels = Object.keys(wanted).map((key) => `${key}=${textAt(wanted, key) ?? ''}`);
  const conditions = objectsAt(selector, 'matchExpressions').map((one) => {
    const [key, operator] = [textAt(one, 'key') ?? '', (textAt(one, 'operator') ?? '').toLowerCase()];
    if (operator === 'exists') return key;
    return operator === 'doesnotexist' ? `!${key}` : `${key} ${operator} (${textsAt(one, 'values').join(',')})`;
  });
  return [...labels, ...conditions].sort().join(',') || '<none>';
}

export const networkPolicyColumns: readonly Column[] = [
  nameColumn,
  column('Pod-Selector', ({ spec }) => labelSelectorText(isJsonObject(spec) ? objectAt(spec, 'podSelector') : {})),
  ageColumn,
];

const portText = ({ port }: JsonObject): string => (typeof port === 'number' ? String(port) : '*');

function servicePort(port: JsonObject): string {
  const { nodePort } = port;
  const node = typeof nodePort === 'number' && nodePort > 0 ? `:${String(nodePort)}` : '';
  return `${portText(port)}${node}/${textAt(port, 'protocol') ?? ''}`;
}

const specOf = (object: StoredObject): JsonObject => objectAt(object, 'spec');
const listed = (texts: readonly string[]): string => (texts.length === 0 ? '<none>' : texts.join(','));

export const serviceColumns: readonly Column[] = [
  nameColumn,
  column('Type', (object) => textAt(specOf(object), 'type') ?? ''),
  column('Cluster-IP', (object) => textAt(specOf(object), 'clusterIP') ?? '<none>'),
  column('External-IP', (object) => listed([...textsAt(specOf(object), 'externalIPs'), ...externalName(object)])),
  column('Port(s)', (object) => listed(objectsAt(specOf(object), 'ports').map(servicePort))),
  ageColumn,
  column('Selector', (object) => labelSelectorText({ matchLabels: objectAt(specOf(object), 'selector') }), wide),
];

function externalName(object: StoredObject): readonly string[] {
  const { type, externalName: name } = specOf(object);
  return type === 'ExternalName' && typeof name === 'string' ? [name] : [];
}

export const endpointSliceColumns: readonly Column[] = [
  nameColumn,
  column('AddressType', (object) => textAt(object, 'addressType') ?? ''),
  column('Ports', (object) => listed(objectsAt(object, 'ports').map(portText))),
  column('Endpoints', (object) => listed(objectsAt(object, 'endpoints').flatMap((one) => textsAt(one, 'addresses')))),
  ageColumn,
];

function eventTime(object: StoredObject, key: string): string | undefined {
  return textAt(object, key) ?? textAt(object, 'eventTime') ?? object.metadata.creationTimestamp;
}

function eventObject(object: StoredObject): string {
  const involved = objectAt(object, 'involvedObject');
  return `${(textAt(involved, 'kind') ?? '').toLowerCase()}/${textAt(involved, 'name') ?? ''}`;
}

function eventSource(object: StoredObject): string {
  const source = objectAt(object, 'source');
  const parts = [textAt(source, 'component') ?? textAt(object, 'reportingComponent'), textAt(source, 'host')];
  return parts.filter((part) => part !== undefined && part !== '').join(', ');
}

export const eventColumns: readonly Column[] = [
  column('Last Seen', (object, now) => age(eventTime(object, 'lastTimestamp'), now)),
  column('Type', (object) => textAt(object, 'type') ?? ''),
  column('Reason', (object) => textAt(object, 'reason') ?? ''),
  column('Object', eventObject),
  column('Subobject', (object) => textAt(objectAt(object, 'involvedObject'), 'fieldPath') ?? '', wide),
  column('Source', eventSource, wide),
  column('Message', (object) => (textAt(object, 'message') ?? '').trim()),
  column('First Seen', (object, now) => age(eventTime(object, 'firstTimestamp'), now), wide),
  column('Count', (object) => (typeof object['count'] === 'number' ? object['count'] : 1), {
    ...wide,
    type: 'integer',
  }),
  column('Name', (object) => object.metadata.name, { ...wide, format: 'name' }),
];

export const leaseColumns: readonly Column[] = [
  nameColumn,
  column('Holder', (object) => textAt(objectAt(object, 'spec'), 'holderIdentity') ?? ''),
  ageColumn,
];

export const crdColumns: readonly Column[] = [
  nameColumn,
  column('Created At', (object) => object.metadata.creationTimestamp, { type: 'date' }),
];

function cellText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function joined(values: readonly Json[]): string {
  const [first] = values;
  return values.length === 1 && (isJsonArray(first) || isJsonObject(first))
    ? JSON.stringify(first)
    : values.map(cellText).join(',');
}

/** The cell of a printer column, formatted by its type; null if there is no value or it does not fit. */
function cellOf(type: string, values: readonly Json[], now: Date): Json {
  const [first] = values;
  if (first === undefined || first === null) return null;
  if (type === 'integer') return typeof first === 'number' ? Math.trunc(first) : null;
  if (type === 'number' || type === 'boolean') return typeof first === type ? first : null;
  if (type === 'date') return typeof first === 'string' ? age(first, now) : null;
  return joined(values);
}

function customColumn(definition: JsonObject, where: string): Column {
  const type = textAt(definition, 'type') ?? 'string';
  const pathText = textAt(definition, 'jsonPath') ?? '';
  try {
    const path = parseJsonPath(pathText);
    return column(textAt(definition, 'name') ?? '', (object, now) => cellOf(type, path(object), now), {
      type,
      format: textAt(definition, 'format') ?? '',
      description: textAt(definition, 'description') ?? '',
      priority: typeof definition['priority'] === 'number' ? definition['priority'] : 0,
    });
  } catch (error) {
    throw new UnsupportedSchema(`${where}: ${error instanceof Error ? error.message : ''}`);
  }
}

/** Of kinds with nothing else to show. */
export const plainColumns: readonly Column[] = [nameColumn, ageColumn];

/** The columns of a CRD version; name and age if it defines none. */
export function printerColumns(version: JsonObject): readonly Column[] {
  const own = objectsAt(version, 'additionalPrinterColumns');
  if (own.length === 0) return plainColumns;
  return [
    nameColumn,
    ...own.map((definition, index) => customColumn(definition, `additionalPrinterColumns[${String(index)}]`)),
  ];
}
