/** The flows for another node. */
import { flowKey, renderActions } from '../../../src/node/ovs/render.ts';
import { remoteNodeFlows } from '../../../src/node/plan/remotes.ts';
import { cidr, ip, vnid } from '../states.ts';

test('VXLAN from the node is accepted, and its subnet is reached through it with the VNID of the sender', () => {
  const flows = remoteNodeFlows({ name: 'worker1', nodeIP: ip('192.168.7.12'), subnet: cidr('10.254.1.0/24') });
  const tunnel = 'move:NXM_NX_REG0[]->NXM_NX_TUN_ID[0..31],set_field:192.168.7.12->tun_dst,output:1';
  expect(flows.map((flow) => `${flowKey(flow)} ${renderActions(flow.actions)}`)).toEqual([
    'table=10,priority=100,tun_src=192.168.7.12 goto_table:30',
    `table=50,priority=100,arp,arp_tpa=10.254.1.0/24 ${tunnel}`,
    `table=90,priority=100,ip,nw_dst=10.254.1.0/24 ${tunnel}`,
  ]);
});

test('packets to a host outside have the VNID that its HostSubnet fixes', () => {
  const host = { name: 'balancer', nodeIP: ip('192.168.7.240'), subnet: cidr('10.254.9.0/24'), fixedVnid: vnid(0) };
  expect(remoteNodeFlows(host).map(({ actions }) => renderActions(actions))).toEqual([
    'goto_table:30',
    'set_field:0->tun_id,set_field:192.168.7.240->tun_dst,output:1',
    'set_field:0->tun_id,set_field:192.168.7.240->tun_dst,output:1',
  ]);
});
