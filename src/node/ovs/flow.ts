/** OpenFlow rules as values. Only render.ts makes text, and only parse.ts reads it. */

/** The fields a flow can match on; `proto` is one of ovs-ofctl's keywords. Values are text in ovs-ofctl's syntax. */
export interface Match {
  readonly ct_state?: string;
  readonly ct_mark?: string;
  readonly ct_label?: string;
  /** The destination of the packet that opened the connection, before any rewrite. */
  readonly ct_nw_dst?: string;
  readonly proto?: 'ip' | 'arp' | 'tcp' | 'udp' | 'sctp' | 'icmp';
  readonly reg0?: string;
  readonly reg1?: string;
  readonly reg3?: string;
  readonly tun_src?: string;
  readonly in_port?: number;
  readonly dl_src?: string;
  readonly dl_dst?: string;
  readonly nw_src?: string;
  readonly nw_dst?: string;
  readonly nw_frag?: 'later';
  readonly arp_spa?: string;
  readonly arp_tpa?: string;
  readonly arp_sha?: string;
  readonly tp_src?: string;
  readonly tp_dst?: string;
}

/** The order in which ovs-ofctl prints the fields. */
export const matchFields = [
  'ct_state',
  'ct_mark',
  'ct_label',
  'ct_nw_dst',
  'proto',
  'reg0',
  'reg1',
  'reg3',
  'tun_src',
  'in_port',
  'dl_src',
  'dl_dst',
  'nw_src',
  'nw_dst',
  'nw_frag',
  'arp_spa',
  'arp_tpa',
  'arp_sha',
  'tp_src',
  'tp_dst',
] as const satisfies readonly (keyof Match)[];

/** The keywords for an EtherType and protocol. */
export const protocols = ['ip', 'arp', 'tcp', 'udp', 'sctp', 'icmp'] as const;

/** An action of a flow. A flow without actions drops. */
export type Action =
  | { readonly kind: 'output'; readonly port: number }
  | { readonly kind: 'outputRegister'; readonly register: string }
  | { readonly kind: 'goto'; readonly table: number }
  /** Goes to a table, too; what a bucket can. */
  | { readonly kind: 'resubmit'; readonly table: number }
  | { readonly kind: 'group'; readonly id: number }
  | { readonly kind: 'set'; readonly field: string; readonly value: string }
  | { readonly kind: 'move'; readonly from: string; readonly to: string }
  | {
      readonly kind: 'ct';
      readonly commit: boolean;
      readonly table?: number;
      readonly nat?: boolean;
      /** Value for ct_mark. */
      readonly mark?: number;
      /** Whether ct_mark also gets the destination VNID, from reg1. */
      readonly vnid?: boolean;
      /** Value for ct_label. */
      readonly label?: number;
    }
  /** Only the first action of a flow may be this one. */
  | { readonly kind: 'meter'; readonly id: number }
  | { readonly kind: 'note'; readonly bytes: string };

export interface Flow {
  readonly table: number;
  readonly priority: number;
  readonly match: Match;
  readonly actions: readonly Action[];
  /** Absent in flows that we write (they have our cookie); in flows that were read, somebody else's cookie. */
  readonly cookie?: number;
}

/**
 * A group of type `select`, of which each connection takes one bucket. A bucket is an action set (OpenFlow 1.3.5, section
 * 5.10): of its output, resubmit and ct Open vSwitch carries out one, in this order.
 */
export interface Group {
  readonly id: number;
  readonly buckets: readonly (readonly Action[])[];
}

/** A limit that drops what is beyond it, for all flows together that name it. */
export interface Meter {
  readonly id: number;
  /** In kbit/s. */
  readonly rate: number;
  /** What may be beyond it at once, in kbit. */
  readonly burst: number;
}

/** A number as ovs-ofctl prints it: `0x4d`. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The value of a register or a mark, as ovs-ofctl prints it: zero without `0x`. */
export function registerValue(value: number): string {
  return value === 0 ? '0' : hex(value);
}

export const output = (port: number): Action => ({ kind: 'output', port });
export const goto = (table: number): Action => ({ kind: 'goto', table });
export const set = (field: string, value: string): Action => ({ kind: 'set', field, value });
export const outputReg2: Action = { kind: 'outputRegister', register: 'NXM_NX_REG2[]' };
export const vnidFromTunnel: Action = { kind: 'move', from: 'NXM_NX_TUN_ID[0..31]', to: 'NXM_NX_REG0[]' };
export const vnidToTunnel: Action = { kind: 'move', from: 'NXM_NX_REG0[]', to: 'NXM_NX_TUN_ID[0..31]' };
/** So that the source's VNID can be recorded in ct_mark. */
export const vnidOfSource: Action = { kind: 'move', from: 'NXM_NX_REG0[]', to: 'NXM_NX_REG1[]' };
export const ctCommit = { kind: 'ct', commit: true } as const satisfies Action;
/**
 * The ct_state of packets of a connection that conntrack has, and that was answered: recording it again changes nothing
 * but what it has recorded (ct_mark, ct_label).
 */
export const established = '+est';
