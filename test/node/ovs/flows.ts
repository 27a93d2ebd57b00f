/** Any flows and groups that we may write, for tests. */
import fc from 'fast-check';
import { type Action, type Flow, type Group, hex, type Match, protocols } from '../../../src/node/ovs/flow.ts';

const number = fc.nat(0xffffff);
const address = fc.tuple(fc.nat(255), fc.nat(255)).map(([one, other]) => `10.${one}.${other}.0/24`);
const mac = fc.nat(255).map((byte) => `0a:58:0a:00:00:${byte.toString(16).padStart(2, '0')}`);

const anyMatch: fc.Arbitrary<Match> = fc.record(
  {
    ct_state: fc.constantFrom('+trk', '+est-rpl+trk', '-new+trk'),
    ct_mark: number.map(hex),
    ct_label: number.map(hex),
    proto: fc.constantFrom(...protocols),
    reg0: number.map(hex),
    reg1: number.map(hex),
    tun_src: fc.constant('192.168.7.12'),
    in_port: fc.nat(0xfeff),
    dl_src: mac,
    dl_dst: mac,
    nw_src: address,
    nw_dst: address,
    nw_frag: fc.constant('later' as const),
    arp_spa: address,
    arp_tpa: address,
    arp_sha: mac,
    tp_src: fc.nat(0xffff).map(String),
    tp_dst: fc.constantFrom('80', '0x1f80/0xffe0'),
  },
  { requiredKeys: [] },
);

/** Without keys that are undefined: what is not there is not read back. */
const tidy = (flow: Flow): Flow => ({
  ...flow,
  match: Object.fromEntries(Object.entries(flow.match).filter(([, value]) => value !== undefined)),
});

const noted = fc.oneof(
  fc.constant({}),
  fc.record({ mark: number, vnid: fc.constant(true), label: number }, { requiredKeys: ['mark'] }),
);
const tracking: fc.Arbitrary<Action> = fc
  .tuple(fc.record({ table: fc.nat(253), nat: fc.constant(true) }, { requiredKeys: [] }), fc.boolean(), noted)
  .map(([more, commit, notes]) => ({ kind: 'ct', commit, ...more, ...notes }) as const)
  .filter(({ commit, ...rest }) => commit || Object.keys(rest).length > 1); // ct() would do nothing
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  fc.nat(0xfeff).map((port): Action => ({ kind: 'output', port })),
  fc.constant<Action>({ kind: 'outputRegister', register: 'NXM_NX_REG2[]' }),
  fc.nat(253).map((table): Action => ({ kind: 'goto', table })),
  number.map((id): Action => ({ kind: 'group', id })),
  number.map((mark): Action => ({ kind: 'set', field: 'pkt_mark', value: hex(mark) })),
  mac.map((value): Action => ({ kind: 'set', field: 'eth_src', value })),
  fc.constant<Action>({ kind: 'move', from: 'NXM_NX_REG0[]', to: 'NXM_NX_TUN_ID[0..31]' }),
  tracking,
  fc.constant<Action>({ kind: 'note', bytes: '01.02.00.00.00.00' }),
);

export const anyFlow: fc.Arbitrary<Flow> = fc
  .record({
    table: fc.nat(253),
    priority: fc.nat(0xffff),
    match: anyMatch,
    actions: fc.array(anyAction, { maxLength: 4 }),
  })
  .map(tidy);

export const anyGroup: fc.Arbitrary<Group> = fc.record({
  id: number,
  buckets: fc.array(fc.array(anyAction, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
});
