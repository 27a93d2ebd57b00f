/** What asks for a macvlan interface, and the variables that tell an egress router what to do. */
import { type Ip, parseIfaddr, parseIp } from '../../model/values/address.ts';
import { compareText } from '../../model/values/names.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { Variable, WorkloadItem } from '../kinds/workload.ts';
import type { Snapshot } from '../snapshot.ts';

/** The variables of a router by name; the value of some cannot be known, and why. */
export type Environment = ReadonlyMap<string, Result<string>>;

type Configured = Pick<Snapshot, 'configMaps'>;

/** All that request a macvlan interface, sorted by namespace, kind and name, without those that another one made. */
export function macvlanHolders({ workloads }: Snapshot): readonly WorkloadItem[] {
  const uids = new Set(workloads.map(({ object }) => object.metadata.uid));
  return (
    workloads
      // what has an owner and stands still is history: a ReplicaSet of a Deployment that is no router any more
      .filter(
        ({ hasMacvlan, owners, stopped }) =>
          hasMacvlan && !owners.some((uid) => uids.has(uid)) && !(stopped && owners.length > 0),
      )
      .toSorted(
        (a, b) => compareText(a.namespace, b.namespace) || compareText(a.kind, b.kind) || compareText(a.name, b.name),
      )
  );
}

/** Variables of the init containers, then of the others. ConfigMaps are looked up; an unknown value is an error. */
export function environmentOf(snapshot: Configured, { namespace, containers }: WorkloadItem): Environment {
  const found = new Map<string, Result<string>>();
  const add = (name: string, value: Result<string>): void => {
    if (!found.has(name)) found.set(name, value);
  };
  for (const { variables, sources } of containers) {
    for (const variable of variables) add(variable.name, valueOf(snapshot, namespace, variable));
    for (const { configMap, prefix } of sources) {
      for (const [key, value] of Object.entries(dataOf(snapshot, namespace, configMap) ?? {}))
        add(`${prefix}${key}`, ok(value));
    }
  }
  return found;
}

/** The address of the router's macvlan interface, with or without a prefix length. Errors begin with the variable's name. */
export function egressSource(env: Environment): Result<{ readonly ip: Ip; readonly prefixLength?: number }> {
  return variable<{ readonly ip: Ip; readonly prefixLength?: number }>(env, 'EGRESS_SOURCE', (text) => {
    const address = parseIfaddr(text);
    if (address.ok) return ok({ ip: address.value.ip, prefixLength: address.value.network.length });
    const ip = parseIp(text);
    return ip.ok ? ok({ ip: ip.value }) : ip;
  });
}

/** Whether these are the variables of an egress router. */
export function isRouter(env: Environment): boolean {
  return env.has('EGRESS_SOURCE');
}

/** The value of a variable as `parse` reads it; its text if there is none. Errors begin with the variable's name. */
export function variable(env: Environment, name: string): Result<string>;
export function variable<T>(env: Environment, name: string, parse: (text: string) => Result<T>): Result<T>;
export function variable(
  env: Environment,
  name: string,
  parse: (text: string) => Result<unknown> = ok,
): Result<unknown> {
  const value = env.get(name) ?? err('there is none');
  const parsed = value.ok ? parse(value.value.trim()) : value;
  return parsed.ok ? parsed : err(`${name}: ${parsed.error}`);
}

/** The lines of a destination variable: without comments, and without those that are empty then. */
export function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

/** A port from 1 to 65535. */
export function portOf(text: string): number | undefined {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65535 ? port : undefined;
}

function valueOf(snapshot: Configured, namespace: string, variable: Variable): Result<string> {
  switch (variable.kind) {
    case 'value':
      return ok(variable.value);
    case 'elsewhere':
      return err('its value is not in the template');
    case 'reference': {
      const { configMap, key } = variable;
      const value = dataOf(snapshot, namespace, configMap)?.[key];
      return value === undefined
        ? err(`key ${JSON.stringify(key)} of ConfigMap ${namespace}/${configMap} is not in the input`)
        : ok(value);
    }
  }
}

function dataOf(snapshot: Configured, namespace: string, name: string): Readonly<Record<string, string>> | undefined {
  return snapshot.configMaps.find((one) => one.namespace === namespace && one.name === name)?.data;
}
