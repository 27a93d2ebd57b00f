/** Checks that a value from outside has the shape of an object: the fields we use, with the right types. */
import { isRecord } from '../values/json.ts';
import { err, ok, type Result } from '../values/result.ts';
import type { FieldProblem } from './fields.ts';
import type {
  ClusterNetworkObject,
  EgressPoolObject,
  HostSubnetObject,
  KubeObject,
  NetNamespaceObject,
} from './raw.ts';

type Check = 'text' | 'text?' | 'texts?' | 'number' | 'number?' | 'texts by key?' | 'pod networks';
type Checks = readonly (readonly [field: string, check: Check])[];

const metadata: Checks = [
  ['name', 'text'],
  ['uid', 'text?'],
  ['annotations', 'texts by key?'],
  ['labels', 'texts by key?'],
];
const hostSubnet: Checks = [
  ['host', 'text'],
  ['hostIP', 'text'],
  ['subnet', 'text?'],
  ['egressIPs', 'texts?'],
  ['egressCIDRs', 'texts?'],
];
const netNamespace: Checks = [
  ['netid', 'number'],
  ['egressIPs', 'texts?'],
];
const clusterNetwork: Checks = [
  ['clusterNetworks', 'pod networks'],
  ['network', 'text?'],
  ['hostsubnetlength', 'number?'],
  ['serviceNetwork', 'text'],
  ['pluginName', 'text?'],
  ['vxlanPort', 'number?'],
  ['mtu', 'number?'],
];
const egressPool: Checks = [
  ['ranges', 'texts?'],
  ['quota', 'number?'],
];
const grant: Checks = [
  ['address', 'text'],
  ['namespace', 'text'],
  ['uid', 'text?'],
];
const taken: Checks = [
  ['address', 'text'],
  ['since', 'text'],
];
const podNetwork: Checks = [
  ['CIDR', 'text'],
  ['hostSubnetLength', 'number'],
];

/** The value as a HostSubnet, or the first field with a wrong type. Does not check whether the values make sense. */
export function hostSubnetShape(value: unknown): Result<HostSubnetObject, FieldProblem> {
  return isHostSubnetObject(value) ? ok(value) : err(firstProblem(value, hostSubnet));
}

/** The value as a NetNamespace, or the first field with a wrong type. */
export function netNamespaceShape(value: unknown): Result<NetNamespaceObject, FieldProblem> {
  return isNetNamespaceObject(value) ? ok(value) : err(firstProblem(value, netNamespace));
}

/** The value as a ClusterNetwork, or the first field with a wrong type. */
export function clusterNetworkShape(value: unknown): Result<ClusterNetworkObject, FieldProblem> {
  return isClusterNetworkObject(value) ? ok(value) : err(firstProblem(value, clusterNetwork));
}

/** The value as an EgressPool, or the first field with a wrong type. */
export function egressPoolShape(value: unknown): Result<EgressPoolObject, FieldProblem> {
  return isEgressPoolObject(value) ? ok(value) : err(poolProblems(value)[0] ?? notAnObject);
}

/** The value as an object with metadata, or the first field with a wrong type. */
export function objectShape(value: unknown): Result<KubeObject, FieldProblem> {
  return isKubeObject(value) ? ok(value) : err(firstProblem(value, []));
}

function isHostSubnetObject(value: unknown): value is HostSubnetObject {
  return problemsOf(value, hostSubnet).length === 0;
}

function isNetNamespaceObject(value: unknown): value is NetNamespaceObject {
  return problemsOf(value, netNamespace).length === 0;
}

function isClusterNetworkObject(value: unknown): value is ClusterNetworkObject {
  return problemsOf(value, clusterNetwork).length === 0;
}

function isEgressPoolObject(value: unknown): value is EgressPoolObject {
  return poolProblems(value).length === 0;
}

function poolProblems(value: unknown): readonly FieldProblem[] {
  if (!isRecord(value)) return [notAnObject];
  const { spec, status } = value;
  const said = isRecord(status) ? status : {};
  return [
    ...problemsOf(value, []),
    ...(isRecord(spec) && spec['ranges'] !== undefined
      ? fieldProblems(spec, egressPool, 'spec.')
      : [{ field: 'spec.ranges', reason: 'is missing' }]),
    ...entriesProblems(said['granted'], grant, 'status.granted'),
    ...entriesProblems(said['inUse'], taken, 'status.inUse'),
  ];
}

function entriesProblems(value: unknown, checks: Checks, field: string): readonly FieldProblem[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [{ field, reason: 'is not a list' }];
  return value.flatMap((one: unknown, index) =>
    isRecord(one)
      ? fieldProblems(one, checks, `${field}[${index}].`)
      : [{ field: `${field}[${index}]`, reason: 'is not an object' }],
  );
}

const notAnObject: FieldProblem = { field: '', reason: 'is not an object' };

function isKubeObject(value: unknown): value is KubeObject {
  return problemsOf(value, []).length === 0;
}

function firstProblem(value: unknown, checks: Checks): FieldProblem {
  return problemsOf(value, checks)[0] ?? { field: '', reason: 'is not an object' };
}

function problemsOf(value: unknown, checks: Checks): readonly FieldProblem[] {
  if (!isRecord(value)) return [{ field: '', reason: 'is not an object' }];
  const meta = value['metadata'];
  if (!isRecord(meta)) return [{ field: 'metadata', reason: 'is not an object' }];
  return [...fieldProblems(meta, metadata, 'metadata.'), ...fieldProblems(value, checks, '')];
}

function fieldProblems(
  value: Readonly<Record<string, unknown>>,
  checks: Checks,
  prefix: string,
): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [name, check] of checks) problems.push(...fieldProblem(value[name], check, `${prefix}${name}`));
  return problems;
}

function fieldProblem(value: unknown, check: Check, field: string): readonly FieldProblem[] {
  if (value === undefined || value === null) return check.endsWith('?') ? [] : [{ field, reason: 'is missing' }];
  return presentProblem(value, check, field);
}

function presentProblem(value: unknown, check: Check, field: string): readonly FieldProblem[] {
  switch (check) {
    case 'text':
    case 'text?':
      return typedProblems(value, 'string', field);
    case 'number':
    case 'number?':
      return typedProblems(value, 'number', field);
    case 'texts?':
    case 'pod networks':
      if (!Array.isArray(value)) return [{ field, reason: 'is not a list' }];
      return check === 'texts?'
        ? listProblems(value, field)
        : value.flatMap((one, index) => entryProblems(one, `${field}[${index}]`));
    case 'texts by key?':
      return isRecord(value) ? keyProblems(value, field) : [{ field, reason: 'is not an object' }];
  }
}

function entryProblems(value: unknown, field: string): readonly FieldProblem[] {
  return isRecord(value) ? fieldProblems(value, podNetwork, `${field}.`) : [{ field, reason: 'is not an object' }];
}

function typedProblems(value: unknown, type: 'string' | 'number', field: string): readonly FieldProblem[] {
  return typeof value === type ? [] : [{ field, reason: type === 'string' ? 'is not a text' : 'is not a number' }];
}

function keyProblems(value: Readonly<Record<string, unknown>>, field: string): readonly FieldProblem[] {
  const wrong = Object.keys(value).find((key) => typeof value[key] !== 'string');
  return wrong === undefined ? [] : [{ field, reason: `${JSON.stringify(wrong)} is not a text` }];
}

function listProblems(list: readonly unknown[], field: string): readonly FieldProblem[] {
  const index = list.findIndex((item) => typeof item !== 'string');
  return index < 0 ? [] : [{ field: `${field}[${index}]`, reason: 'is not a text' }];
}
