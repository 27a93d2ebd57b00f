/** br0 in Open vSwitch's database. */
import { addPort, ensureBridge, missingOperations, removePort } from '../../../src/node/ovs/setup.ts';
import { type Database, database, type Tables } from './database.ts';

const options = { datapath: 'system', vxlanPort: 4789, mtu: 1450, mac: 'c6:ac:2c:13:48:4b' } as const;
const map = (entries: Readonly<Record<string, string>>): unknown => ['map', Object.entries(entries)];
const whole = {
  Open_vSwitch: [{ name: 'only', cur_cfg: 0, next_cfg: 0 }],
  Bridge: [
    { name: 'br0', datapath_type: 'system', fail_mode: 'secure', protocols: ['set', ['OpenFlow13', 'OpenFlow10']] },
  ],
  Interface: [
    {
      name: 'vxlan0',
      type: 'vxlan',
      ofport: 1,
      ofport_request: 1,
      options: map({ remote_ip: 'flow', key: 'flow', dst_port: '4789' }),
    },
    {
      name: 'tun0',
      type: 'internal',
      ofport: 2,
      ofport_request: 2,
      mtu_request: 1450,
      mac: options.mac,
      mac_in_use: options.mac,
    },
  ],
} satisfies Tables;
const [vxlan, tun] = whole.Interface;

let open: Database | undefined;
const opened = async (tables: Tables, later?: () => Tables): Promise<Database> =>
  (open = await database(tables, later));
afterEach(async () => {
  await open?.close();
  open = undefined;
});
const missing = async (tables: Tables): Promise<string[]> =>
  missingOperations((await opened(tables)).ovsdb, options).map(
    ({ op, table, row }) => `${String(op)} ${String(table)} ${JSON.stringify(row ?? '')}`,
  );

it('wants nothing where all is as it should be', async () => {
  expect(await missing(whole)).toEqual([]);
});

it('makes the bridge with its two ports where there is none', async () => {
  const { ovsdb } = await opened({});
  const made = missingOperations(ovsdb, options);
  expect(made.map(({ op, table }) => `${String(op)} ${String(table)}`)).toEqual([
    'insert Bridge',
    'mutate Open_vSwitch',
    ...['vxlan0', 'tun0'].flatMap(() => ['insert Interface', 'insert Port', 'mutate Bridge']),
  ]);
  expect(made[0]).toMatchObject({
    row: {
      name: 'br0',
      datapath_type: 'system',
      fail_mode: 'secure',
      protocols: ['set', ['OpenFlow10', 'OpenFlow13']],
    },
  });
  expect(made[2]).toMatchObject({
    row: { name: 'vxlan0', options: map({ remote_ip: 'flow', key: 'flow', dst_port: '4789' }) },
  });
});

test.each<readonly [string, object]>([
  ['another datapath', { datapath_type: 'netdev' }],
  ['a bridge that goes on without us', { fail_mode: 'standalone' }],
  ['no fail mode', { fail_mode: ['set', []] }],
  ['too few protocols', { protocols: 'OpenFlow13' }],
  ['too many protocols', { protocols: ['set', ['OpenFlow10', 'OpenFlow13', 'OpenFlow15']] }],
])('fixes a bridge with %s', async (_what, change) => {
  expect(await missing({ ...whole, Bridge: [{ ...whole.Bridge[0], ...change }] })).toEqual([
    'update Bridge {"datapath_type":"system","fail_mode":"secure","protocols":["set",["OpenFlow10","OpenFlow13"]]}',
  ]);
});

test.each<readonly [string, Tables['Interface'] & object, readonly string[]]>([
  [
    'vxlan0 with another port',
    [{ ...vxlan, options: map({ remote_ip: 'flow', key: 'flow', dst_port: '4790' }) }, { ...tun }],
    [
      'update Interface {"type":"vxlan","ofport_request":1,"options":["map",[["remote_ip","flow"],["key","flow"],["dst_port","4789"]]]}',
    ],
  ],
  [
    'tun0 with another MTU',
    [{ ...vxlan }, { ...tun, mtu_request: 1400 }],
    ['update Interface {"type":"internal","ofport_request":2,"mtu_request":1450,"mac":"c6:ac:2c:13:48:4b"}'],
  ],
  [
    'tun0 with a MAC of its own',
    [{ ...vxlan }, { ...tun, mac: ['set', []] }],
    ['update Interface {"type":"internal","ofport_request":2,"mtu_request":1450,"mac":"c6:ac:2c:13:48:4b"}'],
  ],
])('fixes %s', async (_what, rows, lines) => {
  expect(await missing({ ...whole, Interface: rows })).toEqual(lines);
});

it('does nothing at all where nothing is missing', async () => {
  const { ovsdb, transactions } = await opened(whole);
  await ensureBridge(ovsdb, options);
  expect(transactions).toEqual([]);
});

it('waits until Open vSwitch has made what it asked for', async () => {
  const { ovsdb, transactions } = await opened({ Open_vSwitch: whole.Open_vSwitch }, () => whole);
  await ensureBridge(ovsdb, options);
  expect(transactions).toHaveLength(1);
  expect(ovsdb.find('Interface', 'tun0')?.row['mac_in_use']).toBe(options.mac);
});

test.each<readonly [string, Tables['Interface'] & object, string]>([
  [
    'gave another number',
    [{ ...vxlan, ofport: 5 }, { ...tun }],
    'Open vSwitch: vxlan0 has port number 5 instead of 1: ',
  ],
  [
    'could not make a port',
    [{ ...vxlan }, { ...tun, ofport: -1, error: 'could not open network device tun0 (File exists)' }],
    'Open vSwitch: tun0 has port number -1 instead of 2: could not open network device tun0 (File exists)',
  ],
  [
    'says nothing of a port',
    [{ ...vxlan, ofport: ['set', []] }, { ...tun }],
    'Open vSwitch: vxlan0 has port number null instead of 1: ',
  ],
])('says why when Open vSwitch %s', async (_what, rows, message) => {
  const { ovsdb } = await opened({ ...whole, Interface: rows });
  await expect(ensureBridge(ovsdb, options)).rejects.toThrow(message);
});

it('adds a port in names that the database accepts, and removes one only if it is there', async () => {
  const { ovsdb } = await opened({ ...whole, Port: [{ name: 'veth0123456789' }] });
  expect(addPort('a-b.c', { type: 'x' })).toEqual([
    { op: 'insert', table: 'Interface', 'uuid-name': 'interface_a_b_c', row: { name: 'a-b.c', type: 'x' } },
    {
      op: 'insert',
      table: 'Port',
      'uuid-name': 'port_a_b_c',
      row: { name: 'a-b.c', interfaces: ['named-uuid', 'interface_a_b_c'] },
    },
    {
      op: 'mutate',
      table: 'Bridge',
      where: [['name', '==', 'br0']],
      mutations: [['ports', 'insert', ['set', [['named-uuid', 'port_a_b_c']]]]],
    },
  ]);
  expect(removePort(ovsdb, 'veth9999999999')).toEqual([]);
  expect(removePort(ovsdb, 'veth0123456789')).toEqual([
    {
      op: 'mutate',
      table: 'Bridge',
      where: [['name', '==', 'br0']],
      mutations: [['ports', 'delete', ['set', [['uuid', 'Port-veth0123456789']]]]],
    },
  ]);
});
