/**
 * The routing guard: what comes from tun0 without the bits that our nft table sets goes nowhere but to pods, Services and
 * nodes. When the tables are lost the node is closed, not open.
 */
import { type Exec, must } from '../../io/exec.ts';
import type { Ip } from '../../model/address.ts';
import { asText } from '../../model/json.ts';
import { hex } from '../ovs/flow.ts';
import { guard, seenBit, tunDevice } from '../ovs/pipeline.ts';
import type { Networks } from '../values/facts.ts';
import { ipBatch, recordsOf } from './ip.ts';

const { rulePriority, routeTable, protocol } = guard;

/** What the rules are, by priority. `not` in an ip rule inverts its whole selector, the interface included, so the packets to let by jump over the rule instead. */
const rules: readonly (readonly [number, string])[] = [
  [rulePriority + 2, 'nop'],
  [
    rulePriority,
    `iif ${tunDevice} fwmark ${hex(seenBit.set)}/${hex(seenBit.set | seenBit.clear)} goto ${rulePriority + 2}`,
  ],
  [rulePriority + 1, `iif ${tunDevice} lookup ${routeTable}`],
];

/** The lines for `ip -batch` that turn the routes of the guard's table, as `ip -j route show` prints them, into those wanted. */
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

/** Makes the guard let by exactly pods, Services and these nodes. Idempotent; writes only what differs. */
export async function configureGuardRoutes(run: Exec, networks: Networks, nodes: Iterable<Ip>): Promise<void> {
  const shown = await run('ip', ['-j', 'route', 'show', 'table', String(routeTable)]); // fails while the table has no route
  await ipBatch(run, guardRouteLines(shown.status === 0 ? shown.stdout : '', networks, nodes));
}

/** Makes the rules that lead to the guard's table, where they are missing. */
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
