/** Parses what a plan's folder holds: values in, a plan's parts out, or the first field that is wrong. */
import type { FieldProblem } from '../../model/objects/fields.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { isJsonObject, isRecord, type JsonObject, jsonOf } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { type Finding } from '../findings/finding.ts';
import { type Loss, spanNames } from '../findings/loss.ts';
import { findingCodes } from '../findings/rows.ts';
import { type ObjectRef, refKey, refText } from '../ref.ts';
import type { Target } from '../target.ts';
import { kindOf, targetNamed, targets } from '../targets.ts';
import { type Change, type ClearingPatch, type Placement, refOf, type StepName } from '../translation.ts';
import { type Plan, type PlanStep } from './plan.ts';

type Parsed<T> = Result<T, FieldProblem>;

/** Ends a parse; caught where it began. */
class Wrong extends Error {
  readonly problem: FieldProblem;

  constructor(field: string, reason: string) {
    super(reason);
    this.problem = { field, reason };
  }
}

function parsing<T>(parse: () => T): Parsed<T> {
  try {
    return ok(parse());
  } catch (error) {
    if (error instanceof Wrong) return err(error.problem);
    throw error;
  }
}

function show(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

function record(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  throw new Wrong(field, `${show(value)} is no mapping`);
}

function text(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Wrong(field, `${show(value)} is no text`);
}

function list<T>(value: unknown, field: string, parse: (item: unknown, field: string) => T): readonly T[] {
  if (!Array.isArray(value)) throw new Wrong(field, `${show(value)} is no list`);
  return value.map((item: unknown, index) => parse(item, `${field}[${index}]`));
}

function oneOf<T extends string>(value: unknown, of: readonly T[], field: string): T {
  const found = of.find((one) => one === value);
  if (found !== undefined) return found;
  throw new Wrong(field, `${show(value)} is none of ${of.join(', ')}`);
}

function knownOnly(value: Readonly<Record<string, unknown>>, known: readonly string[], field: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Wrong(field === '' ? unknown : `${field}.${unknown}`, 'there is no such field');
}

function json(value: unknown, field: string): JsonObject {
  const found = jsonOf(record(value, field));
  return isJsonObject(found) ? found : {};
}

function ref(value: unknown, field: string): ObjectRef {
  const given = record(value, field);
  knownOnly(given, ['apiVersion', 'kind', 'namespace', 'name'], field);
  const namespace =
    given['namespace'] === undefined ? {} : { namespace: text(given['namespace'], `${field}.namespace`) };
  return {
    apiVersion: text(given['apiVersion'], `${field}.apiVersion`),
    kind: text(given['kind'], `${field}.kind`),
    ...namespace,
    name: text(given['name'], `${field}.name`),
  };
}

interface PlanContext {
  readonly target: Target;
  /** By the names that plan.yaml has for their files. */
  readonly objects: ReadonlyMap<string, KubeObject>;
}

interface StepContext extends Pick<PlanContext, 'objects'> {
  readonly step: StepName;
}

function change(value: unknown, field: string, context: StepContext): Change {
  const found = parsedChange(value, field, context);
  const object = refOf(found);
  if (kindOf(object) === undefined)
    throw new Wrong(field, `${object.kind} (${object.apiVersion}) is no kind that a plan may touch`);
  return found;
}

function parsedChange(value: unknown, field: string, { step, objects }: StepContext): Change {
  const given = record(value, field);
  const action = oneOf(given['action'], ['apply', 'delete', 'clear'], `${field}.action`);
  if (action === 'apply') {
    knownOnly(given, ['action', 'file', 'from'], field);
    const file = text(given['file'], `${field}.file`);
    const object = objects.get(file);
    if (object === undefined) throw new Wrong(`${field}.file`, `there is no ${JSON.stringify(file)} in the folder`);
    return { action, step, object, from: list(given['from'], `${field}.from`, ref) };
  }
  const object = ref(given['object'], `${field}.object`);
  if (action === 'delete') {
    knownOnly(given, ['action', 'object', 'from'], field);
    return { action, step, object, from: list(given['from'], `${field}.from`, ref) };
  }
  knownOnly(given, ['action', 'object', 'patch'], field);
  if (step !== 'finalize') throw new Wrong(`${field}.action`, `"clear" is for the step finalize, not for ${step}`);
  return { action, step, object, patch: clearingPatch(given['patch'], `${field}.patch`) };
}

function clearingPatch(value: unknown, field: string): ClearingPatch {
  const { metadata, ...fields } = json(value, field);
  if (metadata === undefined) return fields;
  const given = record(metadata, `${field}.metadata`);
  knownOnly(given, ['labels', 'annotations'], `${field}.metadata`);
  return { ...fields, metadata: { ...cleared(given, 'labels', field), ...cleared(given, 'annotations', field) } };
}

function cleared(
  metadata: Readonly<Record<string, unknown>>,
  part: 'labels' | 'annotations',
  field: string,
): { readonly [part in 'labels' | 'annotations']?: Readonly<Record<string, null>> } {
  if (metadata[part] === undefined) return {};
  const at = `${field}.metadata.${part}`;
  const keys = Object.entries(record(metadata[part], at)).map(([key, value]) => {
    if (value !== null) throw new Wrong(`${at}[${JSON.stringify(key)}]`, 'must be null, which removes it');
    return [key, value] as const;
  });
  return { [part]: Object.fromEntries(keys) };
}

function planStep(value: unknown, field: string, { target, objects }: PlanContext): PlanStep {
  const given = record(value, field);
  knownOnly(given, ['name', 'description', 'changes'], field);
  const step = oneOf(
    given['name'],
    target.steps.map(({ name }) => name),
    `${field}.name`,
  );
  const changes = list(given['changes'], `${field}.changes`, (item, at) => change(item, at, { step, objects }));
  if (step === 'switch' && changes.length > 0)
    throw new Wrong(`${field}.changes`, 'the switch is yours: it has no changes');
  return { name: step, description: text(given['description'], `${field}.description`), changes };
}

function inOrder(steps: readonly PlanStep[], target: Target): void {
  const stepNames = target.steps.map(({ name }) => name);
  for (const [index, { name }] of steps.entries()) {
    const before = steps[index - 1]?.name;
    if (before !== undefined && stepNames.indexOf(name) <= stepNames.indexOf(before)) {
      throw new Wrong(`steps[${index}].name`, `${name} may not come after ${before}`);
    }
  }
  if (!steps.some(({ name }) => name === 'switch')) throw new Wrong('steps', 'the step switch is missing');
  const seen = new Map<string, { readonly where: string; readonly action: Change['action'] }>();
  for (const [index, { name, changes }] of steps.entries()) {
    for (const [at, one] of changes.entries()) {
      const key = `${name === 'finalize' ? 'finalize' : ''} ${refKey(refOf(one))}`;
      const where = `steps[${index}].changes[${at}]`;
      const other = seen.get(key);
      // what was deleted may be made anew
      if (other !== undefined && !(other.action === 'delete' && one.action === 'apply'))
        throw new Wrong(where, `${refText(refOf(one))} is changed by ${other.where} already`);
      seen.set(key, { where, action: one.action });
    }
  }
}

/** Parses plan.yaml and fills in its objects. `objects` are by the names that plan.yaml has for their files. */
export function parsePlan(
  value: unknown,
  objects: ReadonlyMap<string, KubeObject>,
): Parsed<Omit<Plan, 'backup' | 'seen' | 'findings' | 'placement'>> {
  return parsing(() => {
    const given = record(value, '');
    knownOnly(
      given,
      ['formatVersion', 'id', 'cluster', 'tool', 'target', 'options', 'strict', 'incomplete', 'gone', 'steps'],
      '',
    );
    if (typeof given['strict'] !== 'boolean')
      throw new Wrong('strict', `${show(given['strict'])} is neither true nor false`);
    const target = targetNamed(
      oneOf(
        given['target'],
        targets.map(({ name }) => name),
        'target',
      ),
    );
    const steps = list(given['steps'], 'steps', (item, field) => planStep(item, field, { target, objects }));
    inOrder(steps, target);
    return {
      id: given['formatVersion'] === 1 ? '' : planId(given['id']),
      cluster: given['cluster'] === undefined ? undefined : text(given['cluster'], 'cluster'),
      tool: text(given['tool'], 'tool'),
      target: target.name,
      options: json(given['options'], 'options'),
      strict: given['strict'],
      incomplete: given['incomplete'] === undefined ? [] : list(given['incomplete'], 'incomplete', text),
      ...(given['gone'] === undefined ? {} : { gone: new Set(list(given['gone'], 'gone', text)) }),
      steps,
    };
  });
}

/** A plan's id becomes part of a field manager. */
function planId(value: unknown): string {
  const id = text(value, 'id');
  if (/^[0-9a-f]{10}$/.test(id)) return id;
  throw new Wrong('id', `${show(value)} is no id of a plan: ten hexadecimal digits`);
}

function finding(value: unknown, field: string): Finding {
  const given = record(value, field);
  const at = (name: string): string => text(given[name], `${field}.${name}`);
  return {
    severity: oneOf(given['severity'], ['blocker', 'warning', 'info'], `${field}.severity`),
    code: oneOf(given['code'], findingCodes, `${field}.code`),
    kind: at('kind'),
    ...(given['namespace'] === undefined ? {} : { namespace: at('namespace') }),
    name: at('name'),
    today: at('today'),
    tomorrow: at('tomorrow'),
    action: at('action'),
    ...(given['lost'] === undefined ? {} : { lost: loss(given['lost'], `${field}.lost`) }),
  };
}

function loss(value: unknown, field: string): Loss {
  const given = record(value, field);
  return { what: text(given['what'], `${field}.what`), span: span(given['span'], `${field}.span`) };
}

/** Plans made by earlier versions have another word for `until-fixed`. */
function span(value: unknown, field: string): Loss['span'] {
  return value === 'until-mended' ? 'until-fixed' : oneOf(value, spanNames, field);
}

/** Parses findings.json. */
export function parseFindings(value: unknown): Parsed<readonly Finding[]> {
  return parsing(() => list(value, '', finding));
}

/** Parses placement.json. */
export function parsePlacement(value: unknown): Parsed<ReadonlyMap<string, Placement>> {
  return parsing(() => {
    const entries = Object.entries(record(value, ''));
    return new Map(
      entries.map(([ip, placement]) => {
        const given = record(placement, ip);
        const today = list(given['today'], `${ip}.today`, text);
        const allowed = list(given['allowed'], `${ip}.allowed`, text);
        const expected = given['expected'];
        return [
          ip,
          expected === undefined ? { today, allowed } : { today, allowed, expected: text(expected, `${ip}.expected`) },
        ];
      }),
    );
  });
}
