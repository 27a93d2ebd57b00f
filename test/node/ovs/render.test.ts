/** Rules as text, exactly as ovs-ofctl prints them. */
import fc from 'fast-check';
import { type Action, ctCommit, type Flow, hex, registerValue } from '../../../src/node/ovs/flow.ts';
import { flowKey, renderActions, renderFlow, renderGroup, renderMatch } from '../../../src/node/ovs/render.ts';
import { rounds } from '../../rounds.ts';
import { anyFlow } from './flows.ts';

test.each<readonly [Action, string]>([
  [{ kind: 'output', port: 2 }, 'output:2'],
  [{ kind: 'outputRegister', register: 'NXM_NX_REG2[]' }, 'output:NXM_NX_REG2[]'],
  [{ kind: 'goto', table: 30 }, 'goto_table:30'],
  [{ kind: 'group', id: 77 }, 'group:77'],
  [{ kind: 'resubmit', table: 101 }, 'resubmit(,101)'],
  [{ kind: 'set', field: 'pkt_mark', value: '0x4d' }, 'set_field:0x4d->pkt_mark'],
  [{ kind: 'move', from: 'NXM_NX_REG0[]', to: 'NXM_NX_REG1[]' }, 'move:NXM_NX_REG0[]->NXM_NX_REG1[]'],
  [{ kind: 'note', bytes: '01.02' }, 'note:01.02'],
  [ctCommit, 'ct(commit)'],
  [{ kind: 'ct', commit: false, table: 30 }, 'ct(table=30)'],
  [{ kind: 'ct', commit: true, mark: 77 }, 'ct(commit,exec(set_field:0x4d->ct_mark))'],
  [
    { kind: 'ct', commit: true, table: 5, nat: true, mark: 77, vnid: true, label: 3 },
    'ct(commit,table=5,nat,exec(set_field:0x4d->ct_mark,move:NXM_NX_REG1[0..23]->NXM_NX_CT_MARK[0..23],set_field:0x3->ct_label))',
  ],
])('the action %j', (action, text) => {
  expect(renderActions([action])).toBe(text);
});

it('drops without actions, and does several in their order', () => {
  expect(renderActions([])).toBe('drop');
  expect(
    renderActions([
      { kind: 'set', field: 'tun_id', value: '0' },
      { kind: 'output', port: 1 },
    ]),
  ).toBe('set_field:0->tun_id,output:1');
});

it('has the fields of a match in the order of ovs-ofctl, whatever their order here', () => {
  const match = { tp_dst: '53', nw_dst: '10.0.0.1', proto: 'udp', in_port: 3, ct_state: '+trk', reg0: '0' } as const;
  expect(renderMatch(match)).toBe('ct_state=+trk,udp,reg0=0,in_port=3,nw_dst=10.0.0.1,tp_dst=53');
  expect(renderMatch({})).toBe('');
});

it('has our cookie unless the flow has its own', () => {
  const flow: Flow = { table: 0, priority: 100, match: { proto: 'ip' }, actions: [] };
  expect(renderFlow(flow)).toBe('cookie=0x5d4c0001,table=0,priority=100,ip,actions=drop');
  expect(renderFlow({ ...flow, cookie: 0, match: {} })).toBe('cookie=0x0,table=0,priority=100,actions=drop');
});

it('makes of a group one line with its buckets', () => {
  const buckets = [[{ kind: 'output', port: 1 }], []] as const;
  expect(renderGroup({ id: 7, buckets })).toBe('group_id=7,type=select,bucket=actions=output:1,bucket=actions=drop');
});

it('has one key for flows that differ in what they do alone', () => {
  fc.assert(
    fc.property(anyFlow, anyFlow, (one, other) => {
      expect(flowKey({ ...one, actions: other.actions, cookie: 5 })).toBe(flowKey(one));
      const isSame =
        one.table === other.table &&
        one.priority === other.priority &&
        renderMatch(one.match) === renderMatch(other.match);
      expect(flowKey(one) === flowKey(other)).toBe(isSame);
    }),
    { numRuns: rounds(1000) },
  );
});

it('prints numbers as ovs-ofctl does', () => {
  expect([hex(77), hex(0), registerValue(77), registerValue(0)]).toEqual(['0x4d', '0x0', '0x4d', '0']);
});
