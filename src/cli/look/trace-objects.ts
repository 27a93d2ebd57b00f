/** What a trace is made from. */
import type { NodeReports } from '../../model/cluster/node-status.ts';
import type { TraceObjects } from '../../node/trace/world.ts';

export type Objects = TraceObjects & { readonly reports: NodeReports };
