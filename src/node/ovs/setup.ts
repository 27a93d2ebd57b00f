/** br0 and its ports in Open vSwitch's database: what must be written there. */
import isEqual from 'lodash/isEqual.js';
import mapValues from 'lodash/mapValues.js';
import { asText, isRecord } from '../../model/values/json.ts';
import type { Datapath } from '../values/facts.ts';
import { asSet, type Operation, type Ovsdb, type Row, type Value } from './ovsdb.ts';
import { bridge, port, tunDevice, vxlanDevice } from './pipeline.ts';

export interface BridgeOptions {
  readonly datapath: Datapath;
  readonly vxlanPort: number;
  readonly mtu: number;
  /** MAC of tun0. */
  readonly mac: string;
}

/** The operations that add an interface and its port to br0. */
export function addPort(name: string, columns: Readonly<Record<string, unknown>>): Operation[] {
  const id = name.replaceAll(/[^A-Za-z0-9]/g, '_');
  return [
    { op: 'insert', table: 'Interface', 'uuid-name': `interface_${id}`, row: { name, ...columns } },
    {
      op: 'insert',
      table: 'Port',
      'uuid-name': `port_${id}`,
      row: { name, interfaces: ['named-uuid', `interface_${id}`] },
    },
    {
      op: 'mutate',
      table: 'Bridge',
      where: [['name', '==', bridge]],
      mutations: [['ports', 'insert', ['set', [['named-uuid', `port_${id}`]]]]],
    },
  ];
}

/** The operations that remove a port from br0; none if it is not there. */
export function removePort(ovsdb: Ovsdb, name: string): Operation[] {
  const found = ovsdb.find('Port', name);
  if (found === undefined) return [];
  const mutations = [['ports', 'delete', ['set', [['uuid', found.uuid]]]]];
  return [{ op: 'mutate', table: 'Bridge', where: [['name', '==', bridge]], mutations }];
}

const protocols = ['OpenFlow10', 'OpenFlow13'];

function bridgeOperations(ovsdb: Ovsdb, { datapath }: BridgeOptions): Operation[] {
  const row = { datapath_type: datapath, fail_mode: 'secure', protocols: ['set', protocols] };
  const present = ovsdb.find('Bridge', bridge)?.row;
  if (present !== undefined) {
    const actual = [present['datapath_type'], present['fail_mode'], [...asSet(present['protocols'])].sort()];
    return isEqual(actual, [datapath, 'secure', protocols])
      ? []
      : [{ op: 'update', table: 'Bridge', where: [['name', '==', bridge]], row }];
  }
  const mutations = [['bridges', 'insert', ['set', [['named-uuid', 'new_bridge']]]]];
  return [
    { op: 'insert', table: 'Bridge', 'uuid-name': 'new_bridge', row: { name: bridge, ...row } },
    { op: 'mutate', table: 'Open_vSwitch', where: [], mutations },
  ];
}

/**
 * The columns of our own interfaces. Open vSwitch sets the MTU requested here on an internal port, whatever the link
 * has.
 */
function ownInterfaces({
  vxlanPort,
  mtu,
  mac,
}: BridgeOptions): Readonly<Record<string, Readonly<Record<string, Value>>>> {
  return {
    [vxlanDevice]: {
      type: 'vxlan',
      ofport_request: port.vxlan0,
      options: { remote_ip: 'flow', key: 'flow', dst_port: String(vxlanPort) },
    },
    [tunDevice]: { type: 'internal', ofport_request: port.tun0, mtu_request: mtu, mac },
  };
}

function interfaceOperations(ovsdb: Ovsdb, name: string, columns: Readonly<Record<string, Value>>): Operation[] {
  const row = mapValues(columns, (value) => (isRecord(value) ? ['map', Object.entries(value)] : value));
  const present = ovsdb.find('Interface', name)?.row;
  if (present === undefined) return addPort(name, row);
  if (Object.entries(columns).every(([column, value]) => isEqual(present[column], value))) return [];
  return [{ op: 'update', table: 'Interface', where: [['name', '==', name]], row }];
}

/** The operations that create br0 with vxlan0 and tun0, or fix what differs; none if all is as it should be. */
export function missingOperations(ovsdb: Ovsdb, options: BridgeOptions): Operation[] {
  const own = Object.entries(ownInterfaces(options));
  return [
    ...bridgeOperations(ovsdb, options),
    ...own.flatMap(([name, columns]) => interfaceOperations(ovsdb, name, columns)),
  ];
}

/** Creates br0 with vxlan0 and tun0, or fixes what differs. Throws RpcError if it cannot. */
export async function ensureBridge(ovsdb: Ovsdb, options: BridgeOptions): Promise<void> {
  const operations = missingOperations(ovsdb, options);
  if (operations.length > 0) await ovsdb.configure(operations);
  const wanted = { [vxlanDevice]: port.vxlan0, [tunDevice]: port.tun0 };
  for (const [name, number] of Object.entries(wanted)) checkPort(ovsdb.find('Interface', name)?.row, name, number);
  await ovsdb.until(() => ovsdb.find('Interface', tunDevice)?.row['mac_in_use'] === options.mac, 5_000);
}

/** Throws with Open vSwitch's own reason if an interface does not have its port number. */
function checkPort(row: Row | undefined, name: string, number: number): void {
  const [actual] = asSet(row?.['ofport']);
  if (actual === number) return;
  const [reason] = asSet(row?.['error']);
  throw new Error(
    `Open vSwitch: ${name} has port number ${JSON.stringify(actual ?? null)} instead of ${number}: ${asText(reason)}`,
  );
}
