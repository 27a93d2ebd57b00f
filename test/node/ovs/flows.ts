/** Any flows and groups that we may write, for tests. */
import fc from 'fast-check';
import {
  type Action,
  type Flow,
  type Group,
  type Match,
  type Meter,
  protocols,
  registerValue,
} from '../../../src/node/ovs/flow.ts';

const number = fc.nat(0xffffff);
const address = fc.tuple(fc.nat(255), fc.nat(255)).map(([one, other]) => `10.${one}.${other}.0/24`);
const mac = fc.nat(255).map((byte) => `0a:58:0a:00:00:${byte.toString(16).padStart(2, '0')}`);

const some = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;

/** What any packet has. */
const anyPacket = some({
  ct_state: fc.constantFrom('+trk', '+est-rpl+trk', '-new+trk', '+rpl'),
  ct_mark: fc.oneof(number.map(registerValue), fc.constant('0x2800004d/0xfeffffff')),
  ct_label: number.map(registerValue),
  reg0: number.map(registerValue),
  reg1: number.map(registerValue),
  reg3: number.map(registerValue),
  tun_src: fc.constant('192.168.7.12'),
  in_port: fc.nat(0xfeff),
  dl_src: fc.oneof(mac, fc.constant('00:00:0a:fe:00:02/00:00:ff:ff:ff:ff')),
  dl_dst: mac,
});
const ofIp = some({ nw_src: address, nw_dst: fc.oneof(address, fc.constant('203.0.113.7')) });
const ofReply = fc.option(
  address.map((ct_nw_dst): Match => ({ ct_state: '+rpl', ct_nw_dst })),
  { nil: {} },
);
const ofArp = some({ arp_spa: address, arp_tpa: address, arp_sha: mac });
const ofPorts = some({
  tp_src: fc.nat(0xffff).map(String),
  tp_dst: fc.constantFrom('80', '0x1f80/0xffe0'),
});

/** Matches that Open vSwitch takes: what a field needs is there. */
const anyMatch: fc.Arbitrary<Match> = fc
  .tuple(
    ...([anyPacket, fc.option(fc.constantFrom(...protocols), { nil: undefined }), ofIp, ofArp, ofPorts] as const),
    ...([fc.boolean(), ofReply] as const),
  )
  .map(([packet, proto, any, arp, ports, isLater, reply]): Match => {
    const ip = { ...any, ...reply };
    if (proto === undefined) return packet;
    if (proto === 'arp') return { ...packet, proto, ...arp };
    if (proto === 'ip' && isLater) return { ...packet, proto, ...ip, nw_frag: 'later' };
    return { ...packet, proto, ...ip, ...(proto === 'ip' || proto === 'icmp' ? {} : ports) };
  });

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
  // only what is committed has notes, and ct() would do nothing
  .map(([more, commit, notes]) => ({ kind: 'ct', commit, ...more, ...(commit ? notes : {}) }) as const)
  .filter(({ commit, ...rest }) => commit || Object.keys(rest).length > 1);
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  fc.nat(0xfeff).map((port): Action => ({ kind: 'output', port })),
  fc.constant<Action>({ kind: 'outputRegister', register: 'NXM_NX_REG2[]' }),
  number.map((id): Action => ({ kind: 'group', id })),
  fc.nat(253).map((table): Action => ({ kind: 'resubmit', table })),
  number.map((ip): Action => ({ kind: 'set', field: 'reg3', value: registerValue(ip) })),
  number.map((mark): Action => ({ kind: 'set', field: 'pkt_mark', value: registerValue(mark) })),
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
    actions: fc
      .tuple(
        fc.option(number, { nil: undefined, freq: 3 }),
        fc.array(anyAction, { maxLength: 4 }),
        fc.option(fc.nat(252), { nil: undefined }),
      )
      .map(([meter, actions, next]): Action[] => [
        ...(meter === undefined ? [] : [{ kind: 'meter', id: meter } as const]),
        ...actions,
        ...(next === undefined ? [] : [{ kind: 'goto', table: next } as const]),
      ]),
  })
  .map(tidy);

export const anyMeter: fc.Arbitrary<Meter> = fc.record({
  id: fc.integer({ min: 1, max: 0x1000000 }),
  rate: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  burst: fc.nat(2 ** 32 - 1),
});

export const anyGroup: fc.Arbitrary<Group> = fc.record({
  id: number,
  buckets: fc.array(fc.array(anyAction, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
});
