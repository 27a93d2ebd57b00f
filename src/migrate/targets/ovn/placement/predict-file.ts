/** Parses clusters, one for each line of NDJSON, and predicts what OVN-Kubernetes will do in each. */
import type { FieldProblem } from '../../../../model/objects/fields.ts';
import { parseIfaddr } from '../../../../model/values/address.ts';
import { isRecord } from '../../../../model/values/json.ts';
import { err, ok, type Result } from '../../../../model/values/result.ts';
import { type Claim, type PlacementNode, predictPlacement } from './predict.ts';

export interface PredictedLine {
  readonly name: string;
  /** By egress IP: the nodes it may get, then null if it may stay unassigned. */
  readonly allowed: Readonly<Record<string, readonly (string | null)[]>>;
  /** How many may be assigned in all. */
  readonly assignedCount: readonly number[];
}

/** The prediction for a line's value, or the first field that is wrong. */
export function predictLine(value: unknown): Result<PredictedLine, FieldProblem> {
  if (!isRecord(value)) return err({ field: '', reason: 'is not an object' });
  const { name } = value;
  if (typeof name !== 'string') return err({ field: 'name', reason: 'is not a text' });
  const nodes = each(value['nodes'], 'nodes', nodeOf);
  if (!nodes.ok) return nodes;
  const claims = each(value['egressIPs'], 'egressIPs', claimOf);
  if (!claims.ok) return claims;
  const { allowed, assignedCount } = predictPlacement(nodes.value, claims.value);
  return ok({ name, allowed: Object.fromEntries(allowed), assignedCount });
}

function each<T>(
  value: unknown,
  field: string,
  parse: (item: unknown, field: string) => Result<T, FieldProblem>,
): Result<readonly T[], FieldProblem> {
  if (!Array.isArray(value)) return err({ field, reason: 'is not a list' });
  const values: T[] = [];
  for (const [index, item] of value.entries()) {
    const parsed = parse(item, `${field}[${index}]`);
    if (!parsed.ok) return parsed;
    values.push(parsed.value);
  }
  return ok(values);
}

function nodeOf(item: unknown, field: string): Result<PlacementNode, FieldProblem> {
  if (!isRecord(item)) return err({ field, reason: 'is not an object' });
  const { name, primaryIfAddr, assignable, ready } = item;
  if (typeof name !== 'string') return err({ field: `${field}.name`, reason: 'is not a text' });
  if (typeof primaryIfAddr !== 'string') return err({ field: `${field}.primaryIfAddr`, reason: 'is not a text' });
  if (typeof assignable !== 'boolean')
    return err({ field: `${field}.assignable`, reason: 'is neither true nor false' });
  if (typeof ready !== 'boolean') return err({ field: `${field}.ready`, reason: 'is neither true nor false' });
  const parsed = parseIfaddr(primaryIfAddr);
  if (!parsed.ok) return err({ field: `${field}.primaryIfAddr`, reason: parsed.error });
  return ok({ name, eligible: assignable && ready, networks: [parsed.value.network], addresses: [parsed.value.ip] });
}

function claimOf(item: unknown, field: string): Result<Claim, FieldProblem> {
  if (!isRecord(item)) return err({ field, reason: 'is not an object' });
  if (typeof item['name'] !== 'string') return err({ field: `${field}.name`, reason: 'is not a text' });
  const egressIPs = each(item['egressIPs'], `${field}.egressIPs`, textOf);
  return egressIPs.ok ? ok({ name: item['name'], egressIPs: egressIPs.value }) : egressIPs;
}

function textOf(item: unknown, field: string): Result<string, FieldProblem> {
  return typeof item === 'string' ? ok(item) : err({ field, reason: 'is not a text' });
}
