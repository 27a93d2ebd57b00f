/** What the page shows, as the command sends it: all of it once, then what changed. */
import type { Move } from '../model/cluster/moves.ts';
import type { NodeStatus } from '../model/cluster/node-status.ts';
import type { Standing } from '../model/cluster/standing.ts';
import type { Status, StatusRow } from '../model/cluster/summary.ts';

/** The state but its rows and nodes, which may be many. */
export interface PageFrame extends Pick<Status, 'notes' | 'controllers' | 'unread'>, Standing {
  /** The API server or the files. */
  readonly source: string;
  /** Whether it changes, and can be asked. */
  readonly isLive: boolean;
  readonly version: string;
  /** Why what is shown may be old; null if it is not. */
  readonly stale: string | null;
  /** The last moves, the newest first. */
  readonly moves: readonly Move[];
}

export interface PageState {
  readonly frame: PageFrame;
  readonly rows: readonly StatusRow[];
  readonly nodes: readonly NodeStatus[];
}

export interface Part<T> {
  readonly set: readonly T[];
  /** The keys of those that are gone. */
  readonly gone: readonly string[];
}

export interface PageChange {
  readonly frame: PageFrame;
  readonly rows: Part<StatusRow>;
  readonly nodes: Part<NodeStatus>;
}

/** What is the same row before and after a change: an egress IP of a VNID. */
export const rowKey = ({ vnid, egressIP }: StatusRow): string => `${vnid ?? ''} ${egressIP}`;
/** What is the same node before and after a change. */
export const nodeKey = ({ node }: NodeStatus): string => node;

function changedPart<T>(all: readonly T[], { set, gone }: Part<T>, key: (one: T) => string): readonly T[] {
  if (set.length + gone.length === 0) return all;
  const now = new Map(all.map((one) => [key(one), one]));
  for (const one of gone) now.delete(one);
  for (const one of set) now.set(key(one), one);
  return [...now.values()];
}

/** The state after a change. */
export function changedState({ rows, nodes }: PageState, change: PageChange): PageState {
  return {
    frame: change.frame,
    rows: changedPart(rows, change.rows, rowKey),
    nodes: changedPart(nodes, change.nodes, nodeKey),
  };
}
