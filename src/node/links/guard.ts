/**
 * The routing guard: packets from tun0 without the bits that our nft table sets reach only pods, Services and nodes. So
 * losing the tables closes the node instead of opening it.
 */
import { type Exec, must } from '../../io/programs/exec.ts';
import type { Ip } from '../../model/values/address.ts';
import { asText } from '../../model/values/json.ts';
import { hex } from '../ovs/flow.ts';
import { guard, seenBit, tunDevice } from '../ovs/pipeline.ts';
import type { Networks } from '../values/facts.ts';
import { ipBatch, recordsOf } from './ip.ts';

const { rulePriority, routeTable, protocol } = guard;

/**
 * The rules by priority. `not` in an ip rule inverts its whole selector, the interface included, so packets that may
 * pass jump over the blocking rule instead.
 */
const rules: readonly (readonly [number, string])[] = [
  [rulePriority + 2, 'nop'],
  [
    rulePriority,
    `iif ${tunDevice} fwmark ${hex(seenBit.set)}/${hex(seenBit.set | seenBit.clear)} goto ${rulePriority + 2}`,
  ],
  [rulePriority + 1, `iif ${tunDevice} lookup ${routeTable}`],
];

/**
 * The `ip -batch` lines that turn the guard table's routes, as `ip -j route show` prints them, into the wanted ones.
 */
export function guardRouteLines(shown: string, networks: Networks, nodes: Iterable<Ip>): string[] {
  const reached = [...networks.cluster, networks.service].map(({ text }) => text);
  const wanted = new Set([
    ...[...reached, ...nodes].map((to) => `throw ${to.replace(/\/32$/, '')}`),
    'unreachable default',
  ]);
  const present = new Set(routesOf(shown));
  const change = (verb: string, route: string): string =>
    `route ${verb} ${route} table ${routeTable} proto ${protocol}`;
  return [
    ...[...wanted].filter((route) => !present.has(route)).map((route) => change('replace', route)),
    ...[...present].filter((route) => !wanted.has(route)).map((route) => change('del', route)),
  ];
}

function routesOf(shown: string): string[] {
  return recordsOf(shown).map((route) => `${asText(route['type'])} ${asText(route['dst'])}`);
}

/** Makes the guard let through exactly pods, Services and these nodes. Idempotent; writes only the difference. */
export async function configureGuardRoutes(run: Exec, networks: Networks, nodes: Iterable<Ip>): Promise<void> {
  const shown = await run('ip', ['-j', 'route', 'show', 'table', String(routeTable)]); // fails if the table has no route
  await ipBatch(run, guardRouteLines(shown.status === 0 ? shown.stdout : '', networks, nodes));
}

/** Adds the rules that lead to the guard's table where they are missing. */
export async function configureGuardRules(run: Exec): Promise<void> {
  const present = new Set(prioritiesOf(await must(run, 'ip', ['-j', 'rule', 'show'])));
  await ipBatch(
    run,
    rules
      .filter(([priority]) => !present.has(priority))
      .map(([priority, rule]) => `rule add pref ${priority} ${rule} protocol ${protocol}`),
  );
}

function prioritiesOf(json: string): number[] {
  return recordsOf(json).map((rule) => Number(rule['priority']));
}
