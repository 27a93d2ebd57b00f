/** What changes while a procedure goes on, each as a line. Pure. */
import { compareText } from '../../model/values/names.ts';
import { pendingLabel } from '../run/switched.ts';
import type { Facts } from './facts.ts';
import type { Stand } from './stand.ts';

/** What is told of a cluster while it is watched: a text for each thing, by its name. */
export type Signs = ReadonlyMap<string, string>;

/** Collects the signs; none before the first look. */
export function signsOf(look: { readonly facts: Facts; readonly stand: Stand } | undefined): Signs {
  if (look === undefined) return new Map();
  const { facts, stand } = look;
  const { config, pools, nodes } = facts;
  return new Map([
    ...(config.kind !== 'known'
      ? []
      : [
          ['status.networkType', config.value.type] as const,
          ...config.value.conditions
            .filter(({ type }) => type.startsWith('NetworkTypeMigration'))
            .map(({ type, status, reason }) => [`condition ${type}`, text(status, reason)] as const),
        ]),
    ...(pools.kind !== 'known'
      ? []
      : pools.value.map((pool) => [`MachineConfigPool ${pool.name}`, poolText(pool)] as const)),
    ...(nodes.kind !== 'known'
      ? []
      : nodes.value.map(({ name, labels, ready }) => {
          const state = ready === undefined || ready === 'True' ? 'ready' : 'not ready';
          return [
            `Node ${name}`,
            labels[pendingLabel] === undefined ? state : `${state}, still to be switched`,
          ] as const;
        })),
    ['stage', stand.next === undefined ? (stand.unclear[0] ?? 'all is done') : stageText(stand)],
  ]);
}

function stageText({ stages, next }: Stand): string {
  const [reason = ''] = stages.find(({ stage }) => stage === next?.stage)?.reasons ?? [];
  return text(next?.stage ?? '', reason);
}

function text(value: string, more: string): string {
  return more === '' ? value : `${value} (${more})`;
}

function poolText({
  isPaused,
  updatedMachines,
  machines,
  conditions,
}: {
  readonly isPaused: boolean;
  readonly updatedMachines: number;
  readonly machines: number;
  readonly conditions: readonly { readonly type: string; readonly status: string }[];
}): string {
  const on = ['Updating', 'Degraded'].filter((type) =>
    conditions.some((one) => one.type === type && one.status === 'True'),
  );
  return [`${updatedMachines} of ${machines} nodes done`, ...on, ...(isPaused ? ['paused'] : [])].join(', ');
}

/** A line for each sign that is new, other or gone. At the first look Nodes are not worth one. */
export function changesOf(before: Signs, now: Signs): readonly string[] {
  if (before.size === 0)
    return [...now].filter(([name]) => !name.startsWith('Node ')).map(([name, is]) => `${name}: ${is}`);
  const changed = [...now].filter(([name, is]) => before.get(name) !== is).map(([name, is]) => `${name}: ${is}`);
  const gone = [...before.keys()].filter((name) => !now.has(name)).sort(compareText);
  return [...changed, ...gone.map((name) => `${name}: gone`)];
}
