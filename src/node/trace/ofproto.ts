/** `ofproto/trace` of Open vSwitch: what it is asked, and what it says a packet would do on br0. */
import { type Flow, type Group, hex } from '../ovs/flow.ts';
import { bridge, markMacPrefix, port } from '../ovs/pipeline.ts';
import type { Packet } from './packet.ts';
import { type End, followed } from './walk.ts';

/** A flow, by what tells it apart in its table for us. */
export interface Passed {
  readonly table: number;
  readonly priority: number;
}

/** What a packet does on a bridge. */
export interface Path {
  readonly taken: readonly Passed[];
  /** By what it leaves br0; `nothing`: it is dropped. */
  readonly out: 'vxlan0' | 'tun0' | 'a pod' | 'nothing';
  /** The node to which it goes by VXLAN. */
  readonly tunnelTo: string | undefined;
  /** With which VNID it goes into the tunnel, or with which mark to the node; undefined if that is not known. */
  readonly carries?: number | undefined;
  /** The VNID of its sender, which a bucket may carry on. */
  readonly sender?: number | undefined;
  /** The group of which it takes a bucket, which ofproto/trace does not choose. */
  readonly group?: number;
}

/** How many times a packet may ask conntrack in our flows. */
const mostLooks = 4;

/** What a port that nobody named is taken to be. */
const anyPort = 40_000;

export interface Asked {
  readonly packet: Packet;
  /** MACs that the packet has there. */
  readonly macs: { readonly from: string; readonly to: string };
}

/** The arguments of `ovs-appctl` for a packet that opens a connection. */
export function ofprotoArgs({ packet, macs }: Asked): readonly string[] {
  const { proto, in_port: from, nw_src, nw_dst, tp_dst, tun_id, tun_src } = packet;
  const hasPorts = proto === 'tcp' || proto === 'udp' || proto === 'sctp';
  const ports = [
    [`${proto}_src`, anyPort],
    [`${proto}_dst`, tp_dst ?? anyPort],
  ] as const;
  const fields: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ['in_port', from],
    ['tun_id', tun_id],
    ['tun_src', tun_src],
    ['dl_src', macs.from],
    ['dl_dst', macs.to],
    ['nw_src', nw_src],
    ['nw_dst', nw_dst],
    ['nw_ttl', 64],
    ...(hasPorts ? ports : []),
  ];
  const known = fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const states = Array.from({ length: mostLooks }, () => ['--ct-next', 'trk,new']);
  return ['ofproto/trace', bridge, [proto, ...known].join(','), ...states.flat()];
}

/** What was read of the bridge, and the packet that comes to it. */
export interface Live {
  readonly flows: readonly Flow[];
  readonly packet: Packet;
}

const flowLine = /^ *(\d+)\. (?:.*, )?(?:priority (\d+)(?:, cookie .*)?|No match\.)$/;
const outputLine = /^ *(?:output:(\d+)|-> output port is (\d+))$/;

/** The lines that are about br0, in order: a trace goes on through the bridges behind it. */
function linesOfBridge(text: string): readonly string[] {
  let isOurs = false;
  return text.split('\n').filter((line) => {
    const [, name] = /^bridge\("(.*)"\)$/.exec(line) ?? [];
    if (name !== undefined) isOurs = name === bridge;
    else if (/^(Final flow|={5})/.test(line)) isOurs = false;
    return isOurs;
  });
}

function outOf(number: number | undefined): Path['out'] {
  if (number === undefined) return 'nothing';
  if (number === port.vxlan0) return 'vxlan0';
  return number === port.tun0 ? 'tun0' : 'a pod';
}

/** The number in the last line that has the pattern. */
function lastNumber(lines: readonly string[], pattern: RegExp): number | undefined {
  const found = lines.flatMap((line) => pattern.exec(line)?.[1] ?? []).at(-1);
  return found === undefined ? undefined : Number(found);
}

/** The mark in a source MAC, which has it on the userspace datapath; undefined if that MAC has none. */
function markIn(mac: string): number | undefined {
  if (!mac.startsWith(`${markMacPrefix}:`)) return undefined;
  const bytes = mac.slice(markMacPrefix.length + 1).split(':');
  return Number(`0x${bytes.reverse().join('')}`);
}

function markOf(lines: readonly string[]): number | undefined {
  const [mac = ''] = lines.flatMap((line) => /set_field:([0-9a-f:]+)->eth_src/.exec(line)?.[1] ?? []).slice(-1);
  return lastNumber(lines, /set_field:(\w+)->pkt_mark/) ?? markIn(mac);
}

/** What a packet carries out there. */
function carried(out: Path['out'], vnid: number | undefined, mark: number | undefined): number | undefined {
  if (out === 'vxlan0') return vnid;
  return out === 'tun0' ? (mark ?? 0) : undefined;
}

/** Reads what it printed; undefined if that is no trace, as when the bridge is not there. */
export function parseOfproto(text: string): Path | undefined {
  const lines = linesOfBridge(text);
  const taken = lines.flatMap((line): readonly Passed[] => {
    const [, number, priority] = flowLine.exec(line) ?? [];
    return number === undefined || priority === undefined
      ? []
      : [{ table: Number(number), priority: Number(priority) }];
  });
  if (taken.length === 0) return undefined;
  const outputs = lines.flatMap((line) => {
    const [, direct, looked] = outputLine.exec(line) ?? [];
    return direct === undefined && looked === undefined ? [] : [Number(direct ?? looked)];
  });
  const [tunnelTo] = lines.flatMap((line) => /set_field:([\d.]+)->tun_dst/.exec(line)?.[1] ?? []).slice(-1);
  const [group] = lines.flatMap((line) => /^ *group:(\d+)$/.exec(line)?.[1] ?? []);
  const out = outOf(outputs.at(-1));
  const sender = lastNumber(lines, /(?:NXM_NX_REG0\[.*\] is now |set_field:(?=\w+->reg0))(\w+)/);
  const vnid = lastNumber(lines, /(?:NXM_NX_TUN_ID\[.*\] is now |set_field:(?=\w+->tun_id))(\w+)/);
  return {
    ...{ taken, out, tunnelTo, sender, carries: carried(out, vnid, markOf(lines)) },
    ...(group === undefined ? {} : { group: Number(group) }),
  };
}

/** The paths of the packet by the buckets of the path's group, and by the flows of the bridge to which they lead. */
export function bucketPaths({ taken, sender = 0 }: Path, buckets: Group['buckets'], live: Live): readonly Path[] {
  return buckets.flatMap((actions) =>
    followed({ flows: live.flows, groups: [] }, actions, { ...live.packet, reg0: sender }).map((end) => {
      const path = plannedPath(end);
      return { ...path, taken: [...taken, ...path.taken] };
    }),
  );
}

/** What the plan has a packet do. */
export function plannedPath({ port: number, packet: { tun_dst, tun_id, pkt_mark }, taken }: End): Path {
  const out = outOf(number);
  return {
    taken: taken.map(({ flow: { table, priority } }) => ({ table, priority })),
    ...{ out, tunnelTo: out === 'vxlan0' ? tun_dst : undefined, carries: carried(out, tun_id, pkt_mark) },
  };
}

const wordsOf = ({ table, priority }: Passed | undefined = { table: -1, priority: -1 }): string =>
  table < 0 ? 'no further flow' : `the flow of priority ${priority} in table ${table}`;
const outText = ({ out, tunnelTo }: Path): string =>
  out === 'nothing' ? 'it is dropped' : `it leaves by ${out}${tunnelTo === undefined ? '' : ` to ${tunnelTo}`}`;

function difference(planned: Path, live: Path): string | undefined {
  const at = planned.taken.findIndex((one, index) => {
    const other = live.taken[index];
    return other === undefined || one.table !== other.table || one.priority !== other.priority;
  });
  if (at >= 0) return `by the plan it takes ${wordsOf(planned.taken[at])}, on br0 ${wordsOf(live.taken[at])}`;
  if (live.taken.length > planned.taken.length)
    return `on br0 it goes on to ${wordsOf(live.taken[planned.taken.length])}`;
  const [wanted, is] = [outText(planned), outText(live)];
  if (wanted !== is) return `by the plan ${wanted}, on br0 ${is}`;
  if (planned.carries === undefined || planned.carries === live.carries) return undefined;
  const what = planned.out === 'tun0' ? 'mark' : 'VNID';
  const carries = live.carries === undefined ? `no ${what}` : `${what} ${hex(live.carries)}`;
  return `by the plan ${wanted} with ${what} ${hex(planned.carries)}, on br0 with ${carries}`;
}

/** How `one` differs from each of the others; undefined if it is one of them. */
function differenceFromAll(others: readonly Path[], differ: (other: Path) => string | undefined): string | undefined {
  const differences = others.map(differ);
  return differences.includes(undefined) ? undefined : differences[0];
}

/**
 * Where the bridge differs from what the plan lets the packet do. Undefined if it may do what is planned and nothing
 * else; there are several paths where a group lets each connection take one.
 */
export function differenceOf(planned: readonly Path[], live: readonly Path[]): string | undefined {
  const [other] = live.flatMap((one) => differenceFromAll(planned, (plan) => difference(plan, one)) ?? []);
  const [lacking] = planned.flatMap((plan) => differenceFromAll(live, (one) => difference(plan, one)) ?? []);
  return other ?? lacking;
}

/** Paths through the same flows in words. */
export function pathText(paths: readonly Path[]): string {
  const tables = (paths[0]?.taken ?? []).map(({ table, priority }) => `${table} (${priority})`);
  return `tables (and priorities) ${tables.join(', ')}: ${paths.map(outText).join(', or ')}`;
}
