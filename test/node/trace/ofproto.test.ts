import { ctCommit, type Flow, hex, output, set, vnidToTunnel } from '../../../src/node/ovs/flow.ts';
import {
  bucketPaths,
  differenceOf,
  type Live,
  ofprotoArgs,
  parseOfproto,
  type Path,
  pathText,
} from '../../../src/node/trace/ofproto.ts';

/** As Open vSwitch 3.1 prints it, cut to what matters. */
const printed = (end: string): string => `Flow: tcp,in_port=3,nw_src=10.254.1.2,nw_dst=10.1.8.72,tp_dst=8080

bridge("br0")
-------------
 0. ct_state=-trk,ip, priority 1000, cookie 0x5d4c0001
    ct(table=0)
    drop
     -> A clone of the packet is forked to recirculate. The forked pipeline will be resumed at table 0.

Final flow: unchanged
Datapath actions: ct,recirc(0x5)

===============================================================================
recirc(0x5) - resume conntrack with ct_state=new|trk
===============================================================================

bridge("br0")
-------------
    thaw
        Resuming from table 0
 0. ip, priority 100, cookie 0x5d4c0001
    goto_table:101
${end}
Final flow: recirc_id=0x5,tcp
Datapath actions: 2
`;
const remote = `101. ip,reg0=0xb, priority 100, cookie 0x5d4c0001
    set_field:192.168.7.12->tun_dst
    output:1
     -> output to native tunnel

bridge("br-ex")
---------------
 0. priority 0
    NORMAL
     -> forwarding to learned port
`;
const before = [
  { table: 0, priority: 1000 },
  { table: 0, priority: 100 },
];
const path = (out: Path['out'], tunnelTo?: string, ...more: Path['taken']): Path => ({
  ...{ out, tunnelTo },
  taken: [...before, ...more],
});
const egress = { table: 101, priority: 100 };

test('the flows of br0 are read with how the packet leaves it, and nothing of other bridges', () => {
  expect(parseOfproto(printed(remote))).toMatchObject(path('vxlan0', '192.168.7.12', egress));
  expect(parseOfproto(printed('101. priority 0\n    drop\n'))).toEqual(
    path('nothing', undefined, { table: 101, priority: 0 }),
  );
  expect(parseOfproto(printed('80. No match.\n    drop\n'))).toEqual(path('nothing'));
  const delivered = '81. reg2=0x5, priority 100\n    output:NXM_NX_REG2[]\n     -> output port is 5\n';
  expect(parseOfproto(printed(delivered))).toMatchObject(path('a pod', undefined, { table: 81, priority: 100 }));
});

test('what is no trace says nothing', () => {
  expect(parseOfproto('Unknown bridge or datapath name\n')).toBeUndefined();
  expect(parseOfproto('')).toBeUndefined();
});

test('what it carries out must be as planned: the VNID in the tunnel, the mark to the node', () => {
  const end = (actions: string) => parseOfproto(printed(`101. ip,reg0=0xb, priority 100\n${actions}`));
  const tunnel = (id: string) => `    ${id}\n    set_field:192.168.7.12->tun_dst\n    output:1\n`;
  const moved = 'move:NXM_NX_REG0[]->NXM_NX_TUN_ID[0..31]\n     -> NXM_NX_TUN_ID[0..31] is now 0xb';
  const marked = (action: string) => `    ${action}\n    output:2\n`;
  const carries = [
    tunnel(moved),
    tunnel('set_field:0xc->tun_id'),
    marked('set_field:0x400c->pkt_mark'),
    marked('set_field:0a:fe:0b:40:00:01->eth_src'),
    marked('set_field:0a:58:0a:fe:01:02->eth_src'),
  ].map((text) => end(text)?.carries);
  expect(carries).toEqual([0xb, 0xc, 0x400c, 0x0100400b, 0]);
  const plan = (number: number): Path => ({ ...path('tun0', undefined, egress), carries: number });
  expect(differenceOf([plan(0xb)], [plan(0xb)])).toBeUndefined();
  expect(differenceOf([plan(0xb)], [plan(0xc)])).toBe(
    'by the plan it leaves by tun0 with mark 0xb, on br0 with mark 0xc',
  );
});

test('a difference names the first flow that is another, or where the packet goes', () => {
  const plan = path('vxlan0', '192.168.7.12', egress);
  const other = path('tun0', undefined, { table: 101, priority: 200 });
  expect(differenceOf([plan], [plan])).toBeUndefined();
  expect(differenceOf([plan], [other])).toBe(
    'by the plan it takes the flow of priority 100 in table 101, on br0 the flow of priority 200 in table 101',
  );
  expect(differenceOf([plan], [path('nothing')])).toBe(
    'by the plan it takes the flow of priority 100 in table 101, on br0 no further flow',
  );
  expect(differenceOf([path('nothing')], [plan])).toBe('on br0 it goes on to the flow of priority 100 in table 101');
  expect(differenceOf([plan], [path('vxlan0', '192.168.7.13', egress)])).toBe(
    'by the plan it leaves by vxlan0 to 192.168.7.12, on br0 it leaves by vxlan0 to 192.168.7.13',
  );
});

describe('where a group lets each connection take one of several ways', () => {
  const group = parseOfproto(
    printed('    set_field:0xb->reg0\n101. ip,reg0=0xb, priority 100\n    group:11\n     -> no live bucket\n'),
  );
  if (group === undefined) throw new Error('it is a trace');
  const chosen = { table: 101, priority: 101 };
  const flows = [12, 13, 14].map((node): Flow => ({
    ...chosen,
    match: { proto: 'ip', reg0: '0xb', reg3: hex(node) },
    actions: [ctCommit, vnidToTunnel, set('tun_dst', `192.168.7.${node}`), output(1)],
  }));
  const live: Live = { flows, packet: { proto: 'tcp', in_port: 3 } };
  const to = (node: number) => [set('reg3', hex(node)), { kind: 'resubmit', table: 101 } as const];
  const planned = [12, 13].map((node) => ({
    ...path('vxlan0', `192.168.7.${node}`, egress, chosen),
    carries: 0xb,
  }));

  test('its buckets are the ways', () => {
    expect(group.group).toBe(11);
    const paths = bucketPaths(group, [to(13), to(12)], live);
    expect(differenceOf(planned, paths)).toBeUndefined();
    expect(pathText(paths)).toMatch(
      /: it leaves by vxlan0 to 192\.168\.7\.13, or it leaves by vxlan0 to 192\.168\.7\.12$/,
    );
  });

  test('one bucket more or less is a difference', () => {
    expect(differenceOf(planned, bucketPaths(group, [to(12)], live))).toContain('192.168.7.13');
    expect(differenceOf(planned, bucketPaths(group, [12, 13, 14].map(to), live))).toContain('192.168.7.14');
    expect(differenceOf([path('vxlan0', '192.168.7.12', egress)], bucketPaths(group, [[]], live))).toContain(
      'it is dropped',
    );
  });

  test('a bucket that leads to no flow any more is a difference', () => {
    const less = { ...live, flows: flows.slice(1) };
    expect(differenceOf(planned, bucketPaths(group, [to(12), to(13)], less))).toContain('no further flow');
  });
});

test('a question has ports only where the protocol has them', () => {
  const macs = { from: '0a:58:0a:fe:01:02', to: '0a:58:0a:fe:01:01' };
  const ask = (packet: Parameters<typeof ofprotoArgs>[0]['packet']): string => ofprotoArgs({ packet, macs })[2] ?? '';
  expect(ask({ proto: 'tcp', in_port: 3, nw_src: '10.254.1.2', nw_dst: '10.1.8.72', tp_dst: 443 })).toBe(
    'tcp,in_port=3,dl_src=0a:58:0a:fe:01:02,dl_dst=0a:58:0a:fe:01:01,nw_src=10.254.1.2,nw_dst=10.1.8.72,nw_ttl=64,tcp_src=40000,tcp_dst=443',
  );
  expect(ask({ proto: 'icmp', in_port: 1, tun_id: 11, tun_src: '192.168.7.11' })).toBe(
    'icmp,in_port=1,tun_id=11,tun_src=192.168.7.11,dl_src=0a:58:0a:fe:01:02,dl_dst=0a:58:0a:fe:01:01,nw_ttl=64',
  );
});
