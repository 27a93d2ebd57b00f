/** Multicast reaches every other node and the pods here of the same VNID. */
import type { Action } from '../../../src/node/ovs/flow.ts';
import { flowEntry } from '../../../src/node/ovs/openflow/entries.ts';
import { port, table } from '../../../src/node/ovs/pipeline.ts';
import { renderActions } from '../../../src/node/ovs/render.ts';
import { multicastFlows, multicastToNodes } from '../../../src/node/plan/multicast.ts';
import { cidr, ip, vnid } from '../states.ts';

const remote = (name: string, last: number) => ({
  name,
  nodeIP: ip(`192.168.7.${last}`),
  subnet: cidr(`10.254.${last}.0/24`),
});
const pod = (last: number, of: number, ofport: number) => ({
  ip: ip(`10.254.0.${last}`),
  ofport,
  vnid: vnid(of),
  namespace: `project-${of}`,
  name: `p${last}`,
  uid: `p${last}`,
});
const outputs = (actions: readonly Action[]): number[] =>
  actions.flatMap((action) => (action.kind === 'output' ? [action.port] : []));

test('a packet goes to each other node in order of name, with its VNID, and then to the pods here', () => {
  const [first] = multicastToNodes([remote('b', 12), remote('c', 11), remote('a', 13)]);
  const { actions, ...flow } = first!;
  expect(flow).toMatchObject({ table: table.multicastRemote, match: {} });
  expect(renderActions(actions)).toBe(
    'move:NXM_NX_REG0[]->NXM_NX_TUN_ID[0..31],set_field:192.168.7.13->tun_dst,output:1,' +
      'set_field:192.168.7.12->tun_dst,output:1,set_field:192.168.7.11->tun_dst,output:1,goto_table:120',
  );
});

test('without other nodes it goes to the pods here alone', () => {
  expect(renderActions(multicastToNodes([])[0]!.actions)).toBe('goto_table:120');
});

test('more nodes than one message of OpenFlow can name are in several flows, each once', () => {
  const many = Array.from({ length: 5_000 }, (_, index) => ({
    name: `node-${String(index).padStart(4, '0')}`,
    nodeIP: ip(`10.1.${index >> 8}.${index & 255}`),
    subnet: cidr(`10.${2 + (index >> 8)}.${index & 255}.0/24`),
  }));
  const flows = multicastToNodes(many);
  expect(flows.map(({ match }) => match.reg3)).toEqual(['0', '0x1', '0x2', '0x3']);
  expect(flows.map(({ actions }) => renderActions(actions.slice(-2)))).toEqual([
    ...['0x1', '0x2', '0x3'].map((next) => `set_field:${next}->reg3,resubmit(,111)`),
    'output:1,goto_table:120',
  ]);
  const nodes = flows
    .flatMap(({ actions }) => actions)
    .flatMap((one) => (one.kind === 'set' && one.field === 'tun_dst' ? one.value : []));
  expect(nodes).toEqual(many.map(({ nodeIP }) => nodeIP));
  for (const flow of flows) expect(flowEntry(flow).body.length).toBeLessThan(65_000);
  expect(multicastToNodes(many.slice(0, 1_500))).toHaveLength(1);
});

test('the pods of a VNID with multicast get it in order of their ports, those of other VNIDs do not', () => {
  const pods = [pod(2, 77, 10), pod(3, 78, 4), pod(4, 77, 9), pod(5, 79, 5)];
  const flows = multicastFlows(new Set([vnid(77), vnid(78), vnid(80)]), pods);
  const local = flows.filter((flow) => flow.table === table.multicastLocal);
  expect(local.map(({ match, actions }) => [match.reg0, outputs(actions)])).toEqual([
    ['0x4d', [9, 10]],
    ['0x4e', [4]],
  ]);
  const sent = flows.filter((flow) => flow.table === table.multicast);
  expect(sent.map(({ match, actions }) => [match.reg0, renderActions(actions)])).toEqual([
    ['0x4d', 'goto_table:111'],
    ['0x4e', 'goto_table:111'],
  ]);
  expect(outputs(flows.flatMap(({ actions }) => actions))).not.toContain(port.tun0);
});
