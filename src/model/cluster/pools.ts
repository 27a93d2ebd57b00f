/** EgressPools, and the namespaces that ask them for addresses, for users. */
import { sizeOf } from '../objects/egresspool.ts';
import type { KnownPools } from '../pools/input.ts';
import { type Asking, freeAddresses, ledgerOf, type PoolNote, type PoolsInput, poolsPlan } from '../pools/plan.ts';
import { compareText } from '../values/names.ts';

export interface PoolRow {
  readonly pool: string;
  readonly ranges: readonly string[];
  /** How many addresses it has, by its spec. */
  readonly size: number;
  readonly granted: number;
  /** Those for which another machine answered. */
  readonly inUseElsewhere: number;
  /** Those that a namespace could get now. */
  readonly free: number;
  /** The most for one namespace; null: any number. */
  readonly quota: number | null;
  /** Why nothing is given of it; null if nothing speaks against that. */
  readonly problem: string | null;
}

export interface RequestRow {
  readonly namespace: string;
  /** How many it asks for; null if that cannot be read. */
  readonly asks: number | null;
  /** What pools gave it. */
  readonly granted: readonly string[];
  /** Why it has not got what it asks for; null if it has. */
  readonly reason: string | null;
}

export interface PoolsStatus {
  /** By name. */
  readonly pools: readonly PoolRow[];
  /** Of namespaces that ask, or have what they no longer ask for; by name. */
  readonly requests: readonly RequestRow[];
}

const notFollowed = 'the controllers follow no EgressPools where OVN-Kubernetes forwards';
const notYet = 'no controller has given it yet';

/** The pools and requests, as their objects say. Where OVN-Kubernetes forwards, nothing is given. */
export function poolsStatus({ input, problems }: KnownPools, isFollowed: boolean): PoolsStatus {
  return {
    pools: poolRows(input, problems, isFollowed),
    requests: requestRows(input, [...problems, ...poolsPlan(input).notes], isFollowed),
  };
}

function poolRows(input: PoolsInput, problems: readonly PoolNote[], isFollowed: boolean): readonly PoolRow[] {
  const free = freeAddresses(input);
  return input.pools.map((pool, index) => {
    const { granted, inUse } = ledgerOf(pool);
    const problem = problems.find(({ on, name }) => on === 'EgressPool' && name === pool.name)?.message;
    return {
      pool: pool.name,
      ranges: pool.ranges.map(({ text }) => text),
      size: sizeOf(pool),
      granted: granted.length,
      inUseElsewhere: inUse.length,
      free: free[index] ?? 0,
      quota: Number.isFinite(pool.quota) ? pool.quota : null,
      problem: problem ?? (isFollowed ? null : notFollowed),
    };
  });
}

function requestRows(input: PoolsInput, notes: readonly PoolNote[], isFollowed: boolean): readonly RequestRow[] {
  const granted = new Map<string, string[]>();
  for (const pool of input.pools)
    for (const { address, namespace } of ledgerOf(pool).granted)
      granted.set(namespace, [...(granted.get(namespace) ?? []), address]);
  const asking = [...input.namespaces.values()].filter(
    ({ name, count }) => count === undefined || count > 0 || granted.has(name),
  );
  return asking
    .toSorted((a, b) => compareText(a.name, b.name))
    .map((one) => {
      const has = granted.get(one.name) ?? [];
      const why = notes.find(({ on, name, type }) => on === 'Namespace' && type === 'Warning' && name === one.name);
      const reason = (isFollowed ? why?.message : undefined) ?? lacking(one, has.length, isFollowed);
      return { namespace: one.name, asks: one.count ?? null, granted: has, reason };
    });
}

function lacking({ count = 0 }: Asking, has: number, isFollowed: boolean): string | null {
  if (has >= count) return has > count ? `it no longer asks for ${has - count} of them` : null;
  return isFollowed ? notYet : notFollowed;
}
