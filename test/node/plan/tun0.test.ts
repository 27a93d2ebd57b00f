/** How packets are handed to the node with the mark of their VNID. */
import fc from 'fast-check';
import { renderActions } from '../../../src/node/ovs/render.ts';
import { arpToTun0, markMac, packetToTun0 } from '../../../src/node/plan/tun0.ts';
import { nodeInput } from '../states.ts';

const { facts: netdev } = nodeInput({ datapath: 'netdev' });
const { facts: system } = nodeInput({ datapath: 'system' });

test('the MAC that carries a mark has its bytes least significant first, and each mark has its own', () => {
  expect(markMac(0)).toBe('0a:fe:00:00:00:00');
  expect(markMac(0xff000001)).toBe('0a:fe:01:00:00:ff');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (mark) => {
      const mac = markMac(mark);
      expect(mac).toMatch(/^0a:fe(:[0-9a-f]{2}){4}$/);
      const bytes = mac.split(':').slice(2).reverse().join('');
      expect(Number.parseInt(bytes, 16)).toBe(mark);
    }),
  );
});

test("the kernel's datapath carries the mark beside the packet, and 0 when there is none", () => {
  expect(renderActions(packetToTun0(system, 0x4d))).toBe('set_field:0x4d->pkt_mark,output:2');
  expect(renderActions(packetToTun0(system, 0x4d, { mark: 7, label: 8 }))).toBe('set_field:0x4d->pkt_mark,output:2');
  // what comes from the tunnel may have the mark of the packet that was around it
  expect(renderActions(packetToTun0(system, 0))).toBe('set_field:0->pkt_mark,output:2');
});

test('the userspace datapath commits the connection and always sets the source MAC', () => {
  expect(packetToTun0(netdev, 0x4d, { mark: 7, label: 8 })).toEqual([
    { kind: 'ct', commit: true, mark: 7, label: 8 },
    { kind: 'set', field: 'eth_src', value: markMac(0x4d) },
    { kind: 'output', port: 2 },
  ]);
  expect(packetToTun0(netdev, 0)).toEqual([
    { kind: 'ct', commit: true },
    { kind: 'set', field: 'eth_src', value: markMac(0) },
    { kind: 'output', port: 2 },
  ]);
});

test('ARP goes to tun0 without the mark of a VNID', () => {
  expect(renderActions(arpToTun0(system))).toBe('output:2');
  expect(arpToTun0(netdev)).toEqual([
    { kind: 'set', field: 'eth_src', value: markMac(0) },
    { kind: 'output', port: 2 },
  ]);
});
