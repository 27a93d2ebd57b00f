/** The order of a change on a host whose ip, nft and Open vSwitch note what they are told. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exec } from '../../../src/io/programs/exec.ts';
import { Applier } from '../../../src/node/agent/apply.ts';
import { Announcer } from '../../../src/node/links/arp.ts';
import { PresentAddresses } from '../../../src/node/links/present.ts';
import { AddressRecord } from '../../../src/node/links/record.ts';
import { NftTable } from '../../../src/node/nft/table.ts';
import { Bridge } from '../../../src/node/ovs/openflow/bridge.ts';
import { messageType } from '../../../src/node/ovs/openflow/message.ts';
import { type NodePlan, planNode } from '../../../src/node/plan/node.ts';
import { logger } from '../../apiserver/started.ts';
import { TestSwitch } from '../ovs/openflow/switch.ts';
import { cidr, ip, nodeInput, type Scene } from '../states.ts';

let folder = '';
let ovs: TestSwitch;
/** Whether Open vSwitch refuses all bundles. */
let isBroken = false;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
  ovs = await TestSwitch.listen(join(folder, 'br0.mgmt'));
  ovs.instead = (message, socket) => {
    if (!isBroken || message.type !== messageType.experimenter) return false;
    socket.destroy();
    return true;
  };
});
afterAll(async () => {
  await ovs.close();
  await rm(folder, { recursive: true, force: true });
});

const nodeIP = ip('192.168.7.11');
const uplink = { device: 'br-ex', prefixLength: 24, network: cidr('192.168.7.0/24'), mtu: 1500 };
const chains = { text: 'chains\n', datapath: 'system' as const };
const context = { chains, drainTable: undefined, uplink, nodeIP };
const planOf = (scene: Scene): NodePlan => planNode(nodeInput({ mode: 'subnet', datapath: 'system', ...scene }));

interface World {
  readonly applier: Applier;
  /** What was done, in order: `address`, `nft add`, `nft delete`, `nft all`, `flows`, `arp`. */
  readonly addresses: PresentAddresses;
  /** What ip was told to do with addresses. */
  readonly commands: string[];
  readonly done: string[];
  readonly bridge: Bridge;
}
let open: World | undefined;
afterEach(() => open?.bridge.close());

function world(device = 'br-ex', present: readonly string[] = []): World {
  const done: string[] = [];
  const commands: string[] = [];
  const hosted = [...present];
  const label = device.length > 11 ? device : `${device}:eip`;
  const note = (what: string): void => {
    if (done.at(-1) !== what) done.push(what);
  };
  const shown = (): string =>
    JSON.stringify([
      {
        ifname: device,
        addr_info: [
          { family: 'inet', local: nodeIP, prefixlen: 24, label: device },
          ...hosted.map((local) => ({ family: 'inet', local, prefixlen: 24, label, secondary: true })),
        ],
      },
    ]);
  const exec: Exec = (program, args, { input = '' } = {}) => {
    if (program === 'ip' && args.includes('-batch')) {
      note('address');
      commands.push(...input.split('\n').filter((line) => line.startsWith('addr ')));
      hosted.push(...[...input.matchAll(/^addr add ([\d.]+)/gm)].map(([, address = '']) => address));
    }
    if (program === 'nft' && input.startsWith('chains')) note('nft all');
    else if (program === 'nft' && /^add element/m.test(input)) note('nft add');
    else if (program === 'nft' && /^delete element/m.test(input)) note('nft delete');
    if (program === 'arping') note('arp');
    const isMissing = program === 'nft' && args.includes('list');
    return Promise.resolve({ status: isMissing ? 1 : 0, stdout: program === 'ip' ? shown() : '', stderr: '' });
  };
  ovs.flows.clear();
  ovs.groups.clear();
  const bridge = new Bridge({
    path: ovs.path,
    applied: () => {
      note('flows');
      return Promise.resolve();
    },
    changed: () => undefined,
    lost: () => undefined,
    deaf: () => undefined,
  });
  const { signal } = new AbortController();
  const announcer = new Announcer({
    exec,
    logger,
    signal,
    wait: () => new Promise(() => undefined),
    onRival: () => undefined,
  });
  const addresses = new PresentAddresses(exec, new AddressRecord(join(folder, 'addresses.json')));
  const applier = new Applier({
    exec,
    bridge,
    nft: new NftTable(exec, logger),
    logger,
    addresses,
    announcer,
  });
  open = { applier, addresses, commands, done, bridge };
  return open;
}

it('writes everything at first, and nothing when nothing has changed', async () => {
  const { applier, done } = world();
  const first = await applier.apply(planOf({}), context);
  expect(done).toEqual(['nft all', 'flows']);
  expect(first).toMatchObject({ isRewritten: true, hosted: [], released: [] });
  expect(first.changes).toBeGreaterThan(0);
  done.length = 0;
  expect(await applier.apply(planOf({}), context)).toEqual({
    changes: 0,
    isRewritten: false,
    hosted: [],
    released: [],
  });
  expect(done).toEqual([]);
});

it('hosts an egress IP in the order address, translation, flows, announcement', async () => {
  const { applier, done } = world();
  await applier.apply(planOf({ pods: { 2: 77 } }), context);
  done.length = 0;
  const hosting = planOf({ pods: { 2: 77 }, hosts: { 0: ['192.168.7.200'] }, requests: { 77: ['192.168.7.200'] } });
  expect(await applier.apply(hosting, context)).toMatchObject({ hosted: ['192.168.7.200'], isRewritten: false });
  expect(done).toEqual(['address', 'nft add', 'flows', 'arp']);
});

it('restricts a new pod in nft before its flows let it send', async () => {
  const { applier, done } = world();
  const scene = { hosts: { 1: ['192.168.7.200'] }, requests: { 77: ['192.168.7.200'] } };
  await applier.apply(planOf(scene), context);
  done.length = 0;
  await applier.apply(planOf({ ...scene, pods: { 2: 77 } }), context);
  expect(done).toEqual(['nft add', 'flows']);
});

it('takes what a pod was allowed only after its flows are gone', async () => {
  const { applier, done } = world();
  await applier.apply(planOf({ pods: { 2: 77 } }), context);
  done.length = 0;
  await applier.apply(planOf({}), context);
  expect(done).toEqual(['flows', 'nft delete']);
});

it('reads everything again after a step that failed', async () => {
  const { applier, done } = world();
  await applier.apply(planOf({}), context);
  isBroken = true;
  await expect(applier.apply(planOf({ pods: { 2: 77 } }), context)).rejects.toThrow(
    'Open vSwitch ended the OpenFlow connection',
  );
  isBroken = false;
  done.length = 0;
  const again = await applier.apply(planOf({ pods: { 2: 77 } }), context);
  expect(done).toEqual(['nft all', 'flows']);
  expect(again.isRewritten).toBe(true);
});

it('hosts an egress IP without label on an uplink whose name is too long for one, and finds it again', async () => {
  const { applier, commands } = world('enp134s0f0np0');
  const long = { ...context, uplink: { ...uplink, device: 'enp134s0f0np0' } };
  const hosting = planOf({ hosts: { 0: ['192.168.7.200'] }, requests: { 77: ['192.168.7.200'] } });
  await applier.apply({ ...hosting, addresses: new Set([ip('192.168.7.200')]) }, long);
  expect(commands).toEqual(['addr add 192.168.7.200/24 brd + dev enp134s0f0np0']);
  open?.bridge.close();
  const next = world('enp134s0f0np0', ['192.168.7.200']);
  await next.addresses.load(logger);
  expect((await next.addresses.list()).filter(({ isOurs }) => isOurs)).toMatchObject([{ ip: '192.168.7.200' }]);
});
