/** The meters of a switch: made, changed, deleted, and what becomes of those that it refuses. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Meters } from '../../../src/node/agent/meters.ts';
import { Bridge } from '../../../src/node/ovs/openflow/bridge.ts';
import { toBuffer, uint } from '../../../src/node/ovs/openflow/bytes.ts';
import { encodeMessage, messageType } from '../../../src/node/ovs/openflow/message.ts';
import { meterFor } from '../../../src/node/plan/meters.ts';
import { TestSwitch } from '../ovs/openflow/switch.ts';
import { vnid } from '../states.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-test-'));
let ovs: TestSwitch;
let bridge: Bridge;
let number = 0;
beforeEach(async () => {
  ovs = await TestSwitch.listen(join(folder, `${(number += 1)}.mgmt`));
  bridge = new Bridge({
    path: ovs.path,
    applied: () => Promise.resolve(),
    changed: () => undefined,
    lost: () => undefined,
    deaf: () => undefined,
  });
});
afterEach(async () => {
  bridge.close();
  await ovs.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const wanted = (limits: Readonly<Record<number, number>>) =>
  new Map(Object.entries(limits).map(([netid, rate]) => [vnid(Number(netid)), meterFor(vnid(Number(netid)), rate)]));
const changes = (): number => ovs.heard.filter(({ type }) => type === messageType.meterMod).length;
const ids = (): readonly number[] => [...(ovs.meters ?? new Map<number, string>()).keys()].sort((a, b) => a - b);

test('they are made once, changed in place, and deleted when they are not wanted', async () => {
  const meters = new Meters(bridge);
  const both = wanted({ 0: 1e6, 77: 10e6 });
  expect(await meters.make(both)).toEqual(new Map());
  expect(ids()).toEqual([1, 78]);
  await meters.make(both);
  await meters.keepOnly(both);
  expect(changes()).toBe(2);
  const less = wanted({ 77: 5e6 });
  expect(await meters.make(less)).toEqual(new Map());
  expect([changes(), ids()]).toEqual([3, [1, 78]]); // flows may still use the other one
  await meters.keepOnly(less);
  expect(ids()).toEqual([78]);
  expect(ovs.meters?.get(78)?.slice(10, 14)).toBe(uint(5_000, 4));
});

test('those of another agent and what others changed are read again', async () => {
  await new Meters(bridge).make(wanted({ 5: 1e6, 77: 10e6 }));
  const meters = new Meters(bridge);
  const one = wanted({ 77: 10e6 });
  await meters.make(one);
  await meters.keepOnly(one);
  expect([changes(), ids()]).toEqual([3, [78]]);
  ovs.meters?.clear();
  await meters.make(one);
  expect(ids()).toEqual([]);
  meters.forget();
  await meters.make(one);
  expect(ids()).toEqual([78]);
});

test('a switch without meters is no failure, and says so of each that is wanted', async () => {
  ovs.meters = undefined;
  const meters = new Meters(bridge);
  const limited = await meters.make(wanted({ 77: 1e6 }));
  expect([...limited]).toEqual([[77, expect.stringMatching(/no meters/)]]);
  await meters.keepOnly(new Map());
  expect(changes()).toBe(0);
});

test('one that is refused stops no other, and is tried again', async () => {
  let refuses = true;
  ovs.instead = ({ type, xid, body }, socket) => {
    if (!refuses || type !== messageType.meterMod || body.readUInt32BE(4) !== 78) return false;
    socket.write(toBuffer(encodeMessage(messageType.error, xid, uint(12, 2) + uint(10, 2))));
    return true;
  };
  const meters = new Meters(bridge);
  const both = wanted({ 5: 1e6, 77: 10e6 });
  expect([...(await meters.make(both))]).toEqual([
    [
      77,
      'Open vSwitch refused meter=78,kbps,burst,bands=type=drop,rate=10000,burst_size=1049: meter refused: out of meters',
    ],
  ]);
  expect(ids()).toEqual([6]);
  refuses = false;
  expect(await meters.make(both)).toEqual(new Map());
  expect(ids()).toEqual([6, 78]);
});

test('a connection that ends is a failure', async () => {
  ovs.instead = ({ type }, socket) => {
    if (type !== messageType.meterMod) return false;
    socket.destroy();
    return true;
  };
  await expect(new Meters(bridge).make(wanted({ 77: 1e6 }))).rejects.toThrow(
    'Open vSwitch ended the OpenFlow connection',
  );
});
