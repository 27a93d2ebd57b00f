/** The recorded scenarios: operations, and the state after each. */
import { readFileSync } from 'node:fs';
import { type EgressInput,egressState } from '../../src/model/egress/state.ts';
import { type HostSubnet,parseHostSubnet } from '../../src/model/objects/hostsubnet.ts';
import { type NetNamespace,parseNetNamespace } from '../../src/model/objects/netnamespace.ts';
import type { Ip } from '../../src/model/values/address.ts';
import { ip, rawHostSubnet, rawNetNamespace, valid } from '../model/parsed.ts';

export interface RecordedState {
  readonly assigned: Record<string, string>;
  readonly namespaces: Record<string, { kind: 'dropped' } | { kind: 'via'; hops: { egressIP: string; nodeIP: string }[] }>;
}

export type Step = { readonly state: RecordedState } & (
  | { op: 'hostsubnet'; name: string; host: string; hostIP: string; subnet: string; egressIPs: string[]; egressCIDRs: string[] }
  | { op: 'deleteHostsubnet'; name: string }
  | { op: 'netnamespace'; name: string; netid: number; egressIPs: string[] }
  | { op: 'deleteNetnamespace'; netid: number }
  | { op: 'nodeOffline'; nodeIP: string; offline: boolean }
  | { op: 'reallocate'; reference: Record<string, string[]> }
);

export interface Scenario {
  readonly name: string;
  readonly describes?: string;
  readonly steps: readonly Step[];
}

function lines(file: string): unknown[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as unknown);
}

export const scenarios = lines('egress-state.ndjson') as Scenario[];

export interface AllocationProblem {
  readonly name: string;
  readonly nodes: readonly { name: string; cidrs: string[] }[];
  readonly namespaces: readonly { name: string; ips: string[] }[];
  readonly maximum: number;
  readonly bestImbalanceAtMaximum: number;
}

export const assignmentProblems = lines('alloc-problems.ndjson') as AllocationProblem[];

/** The objects as the steps leave them. */
export class World {
  readonly hostSubnets = new Map<string, HostSubnet>();
  readonly netNamespaces = new Map<string, NetNamespace>();
  readonly offline = new Set<Ip>();

  take(step: Step): void {
    switch (step.op) {
      case 'hostsubnet': {
        const { name, host, hostIP, subnet, egressIPs, egressCIDRs } = step;
        const parsed = parseHostSubnet(rawHostSubnet(name, { host, hostIP, subnet, egressIPs, egressCIDRs }));
        if (parsed.ok) this.hostSubnets.set(name, parsed.value);
        else this.hostSubnets.delete(name);
        return;
      }
      case 'deleteHostsubnet':
        this.hostSubnets.delete(step.name);
        return;
      case 'netnamespace':
        this.netNamespaces.set(step.name, valid(parseNetNamespace(rawNetNamespace(step.name, step.netid, step.egressIPs))));
        return;
      case 'deleteNetnamespace':
        for (const [name, { vnid }] of this.netNamespaces) if (vnid === step.netid) this.netNamespaces.delete(name);
        return;
      case 'nodeOffline':
        if (step.offline) this.offline.add(ip(step.nodeIP));
        else this.offline.delete(ip(step.nodeIP));
        return;
      case 'reallocate':
        for (const [name, ips] of Object.entries(step.reference)) this.write(name, ips);
    }
  }

  write(name: string, ips: readonly string[]): void {
    const before = this.hostSubnets.get(name);
    if (before !== undefined) this.hostSubnets.set(name, { ...before, egressIPs: ips.map(ip) });
  }

  input(): EgressInput {
    return { hostSubnets: [...this.hostSubnets.values()], netNamespaces: [...this.netNamespaces.values()], offline: this.offline };
  }

  state(): RecordedState {
    return recorded(egressState(this.input()));
  }
}

/** The state in the recorded shape. */
export function recorded(state: ReturnType<typeof egressState>): RecordedState {
  const namespaces: RecordedState['namespaces'] = {};
  for (const [vnid, one] of state.vnids) {
    if (one.kind === 'dropped') namespaces[String(vnid)] = { kind: 'dropped' };
    if (one.kind === 'via') namespaces[String(vnid)] = { kind: 'via', hops: one.hops.map(({ egressIP, nodeIP }) => ({ egressIP, nodeIP })) };
  }
  return { assigned: Object.fromEntries([...state.assigned].map(([egressIP, { nodeIP }]) => [egressIP, nodeIP])), namespaces };
}
