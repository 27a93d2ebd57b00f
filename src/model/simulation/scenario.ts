/** Scenarios in the format of the conformance data: a list of operations, and the state after each. */
import { Assigner } from '../assignment/round.ts';
import { rulesShown } from '../cluster/finer-rules.ts';
import { vnidState } from '../egress/state.ts';
import { EgressTracker } from '../egress/tracker.ts';
import { type FieldProblem, parseHostedIp } from '../objects/fields.ts';
import { emptied, type HostSubnet, parseHostSubnet } from '../objects/hostsubnet.ts';
import { parseNetNamespace } from '../objects/netnamespace.ts';
import type { Labels } from '../objects/selector.ts';
import { hostSubnetShape, netNamespaceShape, objectShape } from '../objects/shapes.ts';
import { compareIps, type Ip, parseIp } from '../values/address.ts';
import { isRecord } from '../values/json.ts';
import { err, ok, type Result } from '../values/result.ts';

type Fields = Readonly<Record<string, unknown>>;
/** A step as given, and what running it adds. */
type Ran = Readonly<Record<string, unknown>>;

/**
 * Runs a scenario: adds `state` to every step and `allocation` (what one round writes) to each `reallocate` step. After
 * such a step the lists are those of its `reference`, or else of `allocation`. A missing field or one of a wrong type
 * is returned as the problem, as `steps[3].egressIPs`.
 */
export function runScenario(scenario: unknown): Result<Ran, FieldProblem> {
  if (!isRecord(scenario)) return err({ field: '', reason: 'is not an object' });
  const { steps } = scenario;
  if (!isList(steps)) return err({ field: 'steps', reason: 'is not a list' });
  const run = new Run();
  const ran: Ran[] = [];
  for (const [index, step] of steps.entries()) {
    const result = isRecord(step) ? run.step(step) : err({ field: '', reason: 'is not an object' });
    if (!result.ok) {
      const { field, reason } = result.error;
      return err({ field: `steps[${index}]${field === '' ? '' : `.${field}`}`, reason });
    }
    ran.push(result.value);
  }
  return ok({ ...scenario, steps: ran });
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The objects after the steps so far. */
class Run {
  readonly #tracker = new EgressTracker();
  readonly #assigner = new Assigner();
  readonly #labels = new Map<string, Labels>();

  /** Runs one step and returns it with its result. */
  step(step: Fields): Result<Ran, FieldProblem> {
    const added = this.#apply(step);
    return added.ok ? ok({ ...step, ...added.value, state: this.#state() }) : added;
  }

  #apply(step: Fields): Result<Fields, FieldProblem> {
    switch (step['op']) {
      case 'hostsubnet':
        return this.#setHostSubnet(step);
      case 'deleteHostsubnet':
        return this.#deleteHostSubnet(step);
      case 'netnamespace':
        return this.#setNetNamespace(step);
      case 'deleteNetnamespace':
        return this.#deleteNetNamespaces(step);
      case 'nodeLabels':
        return this.#setLabels(step);
      case 'nodeOffline':
        return this.#setOffline(step);
      case 'reallocate':
        return this.#reallocate(step);
      default:
        return err({ field: 'op', reason: `${JSON.stringify(step['op'])} is no operation` });
    }
  }

  #setHostSubnet(step: Fields): Result<Fields, FieldProblem> {
    const name = textOf(step, 'name');
    if (!name.ok) return name;
    const shape = hostSubnetShape({ ...step, metadata: { name: name.value } });
    if (!shape.ok) return shape;
    const parsed = parseHostSubnet(shape.value);
    if (parsed.ok) this.#tracker.setHostSubnet(parsed.value);
    else this.#tracker.setAbsent(parsed.error);
    return ok({});
  }

  #deleteHostSubnet(step: Fields): Result<Fields, FieldProblem> {
    const name = textOf(step, 'name');
    if (!name.ok) return name;
    this.#tracker.deleteHostSubnet(name.value);
    return ok({});
  }

  #setNetNamespace(step: Fields): Result<Fields, FieldProblem> {
    const name = textOf(step, 'name');
    if (!name.ok) return name;
    const annotations = step['annotations'];
    const metadata = { name: name.value, ...(annotations === undefined ? {} : { annotations }) };
    const shape = netNamespaceShape({ ...step, metadata });
    if (!shape.ok) return shape;
    const parsed = parseNetNamespace(shape.value);
    if (!parsed.ok) return err(parsed.error.problems[0]);
    this.#tracker.setNetNamespace(parsed.value);
    return ok({});
  }

  #deleteNetNamespaces(step: Fields): Result<Fields, FieldProblem> {
    const { netid } = step;
    if (typeof netid !== 'number') return err({ field: 'netid', reason: 'is not a number' });
    const gone = this.#tracker.input().netNamespaces.filter(({ vnid }) => vnid === netid);
    for (const { name } of gone) this.#tracker.deleteNetNamespace(name);
    return ok({});
  }

  #setOffline(step: Fields): Result<Fields, FieldProblem> {
    const text = textOf(step, 'nodeIP');
    if (!text.ok) return text;
    const nodeIP = parseIp(text.value);
    if (!nodeIP.ok) return err({ field: 'nodeIP', reason: nodeIP.error });
    const { offline } = step;
    if (typeof offline !== 'boolean') return err({ field: 'offline', reason: 'is not true or false' });
    this.#tracker.setOffline(nodeIP.value, offline);
    return ok({});
  }

  #setLabels(step: Fields): Result<Fields, FieldProblem> {
    const name = textOf(step, 'name');
    if (!name.ok) return name;
    const shape = objectShape({ metadata: { name: name.value, labels: step['labels'] } });
    if (!shape.ok) return err({ field: 'labels', reason: shape.error.reason });
    this.#labels.set(name.value, shape.value.metadata.labels ?? {});
    return ok({});
  }

  #reallocate(step: Fields): Result<Fields, FieldProblem> {
    const { lists } = this.#assigner.round(this.#tracker, new Map(), new Map(this.#labels));
    const allocation = Object.fromEntries(lists);
    const next = referenceOf(step['reference'] ?? allocation);
    if (!next.ok) return next;
    for (const { hostSubnet } of [...this.#tracker.hosts()]) {
      const egressIPs = next.value.get(hostSubnet.name);
      if (egressIPs !== undefined) this.#tracker.setHostSubnet({ ...hostSubnet, egressIPs } satisfies HostSubnet);
    }
    for (const host of [...this.#tracker.absent()]) if (host.isToEmpty) this.#tracker.setAbsent(emptied(host));
    return ok({ allocation });
  }

  #state(): Fields {
    const state = this.#tracker.state();
    const assigned = [...state.assigned]
      .sort(([a], [b]) => compareIps(a, b))
      .map(([ip, { nodeIP }]) => [ip, nodeIP] as const);
    const namespaces = [...state.vnids.keys()].map((vnid) => [String(vnid), shown(vnidState(state, vnid))] as const);
    return { assigned: Object.fromEntries(assigned), namespaces: Object.fromEntries(namespaces) };
  }
}

function shown(state: ReturnType<typeof vnidState>): Fields {
  if (state.kind === 'normal') return { kind: state.kind };
  const rules = state.rules === undefined ? {} : { rules: rulesShown(state.rules) };
  if (state.kind === 'dropped') return { kind: state.kind, ...rules };
  return { ...rules, kind: 'via', hops: state.hops.map(({ egressIP, nodeIP }) => ({ egressIP, nodeIP })) };
}

function textOf(step: Fields, field: string): Result<string, FieldProblem> {
  const value = step[field];
  return typeof value === 'string' && value !== ''
    ? ok(value)
    : err({ field, reason: value === undefined ? 'is missing' : 'is not a text' });
}

function referenceOf(value: unknown): Result<ReadonlyMap<string, readonly Ip[]>, FieldProblem> {
  if (!isRecord(value)) return err({ field: 'reference', reason: 'is not an object' });
  const lists = new Map<string, readonly Ip[]>();
  for (const [name, list] of Object.entries(value)) {
    const field = `reference.${name}`;
    if (!isList(list)) return err({ field, reason: 'is not a list' });
    const ips: Ip[] = [];
    for (const [index, item] of list.entries()) {
      const ip = typeof item === 'string' ? parseHostedIp(item) : err('is not a text');
      if (!ip.ok) return err({ field: `${field}[${index}]`, reason: ip.error });
      ips.push(ip.value);
    }
    lists.set(name, ips);
  }
  return ok(lists);
}
