/** The pods attached to br0, as OVSDB remembers them: the only record, so a restarted agent forgets none. */
import { addressAt, type Cidr, contains, type Ip, ipNumber, lastOf, parseIp } from '../../model/address.ts';
import { asList, isRecord } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Vnid } from '../../model/vnid.ts';
import { addPort } from '../ovs/bridge.ts';
import { asMap, asSet, type Operation, type Ovsdb } from '../ovs/ovsdb.ts';
import type { LocalPod } from '../values/facts.ts';

/** A pod's interface on br0. */
export interface AttachedPod {
  /** Name of the interface in the node's namespace. */
  readonly device: string;
  /** The container runtime's id of the pod sandbox. */
  readonly sandbox: string;
  readonly namespace: string;
  readonly name: string;
  readonly ip: Ip;
  /** 0 until ovs-vswitchd has given it a port number. */
  readonly ofport: number;
}

/** The operations that put a pod's interface on the bridge, with what it is for in external_ids. */
export function addPodPort(device: string, pod: Omit<AttachedPod, 'device' | 'ofport'>): Operation[] {
  const ids = { sandbox: pod.sandbox, ip: pod.ip, 'pod-namespace': pod.namespace, 'pod-name': pod.name };
  return addPort(device, { external_ids: ['map', Object.entries(ids)] });
}

const qosOwner = 'sdn-compat';

/**
 * The operations that limit what a pod gets, in bits per second. Open vSwitch removes any queueing of a port that it
 * does not know of, so the limit is its own; the row outlives a lost bridge, and is found again by the sandbox.
 */
export function limitPort(device: string, sandbox: string, rate: number): Operation[] {
  const id = `limit_${device}`;
  const external = [
    'map',
    [
      ['sandbox', sandbox],
      ['owner', qosOwner],
    ],
  ];
  const row = { type: 'linux-htb', other_config: ['map', [['max-rate', String(rate)]]], external_ids: external };
  return [
    { op: 'insert', table: 'QoS', 'uuid-name': id, row },
    { op: 'update', table: 'Port', where: [['name', '==', device]], row: { qos: ['named-uuid', id] } },
  ];
}

/** The operations that give a pod's port the limit again that the pod had on a bridge now lost. */
export async function keptLimit(ovsdb: Ovsdb, device: string, sandbox: string): Promise<Operation[]> {
  const [answer] = await ovsdb.transact([
    { op: 'select', table: 'QoS', where: limitsOf('sandbox', sandbox), columns: ['_uuid'] },
  ]);
  const [found] = isRecord(answer) ? asList(answer['rows']).filter(isRecord) : [];
  return found === undefined
    ? []
    : [{ op: 'update', table: 'Port', where: [['name', '==', device]], row: { qos: found['_uuid'] } }];
}

/** The operations that take a pod's limit away. A row that a port still refers to cannot be deleted, gone or not. */
export function removeLimit(device: string, sandbox: string): Operation[] {
  return [
    { op: 'update', table: 'Port', where: [['name', '==', device]], row: { qos: ['set', []] } },
    { op: 'delete', table: 'QoS', where: limitsOf('sandbox', sandbox) },
  ];
}

/** The operation that removes every limit of ours, when the bridge is gone. */
export const removeAllLimits: Operation = { op: 'delete', table: 'QoS', where: limitsOf('owner', qosOwner) };

function limitsOf(key: string, value: string): readonly unknown[] {
  return [['external_ids', 'includes', ['map', [[key, value]]]]];
}

/** The pods attached to the bridge; interfaces that are no pod's are left out. */
export function attachedPods(ovsdb: Ovsdb): AttachedPod[] {
  return ovsdb.rows('Interface').flatMap((row): AttachedPod[] => {
    const ids = asMap(row['external_ids']);
    const ip = parseIp(ids['ip'] ?? '');
    const { sandbox } = ids;
    const device = row['name'];
    if (sandbox === undefined || !ip.ok || typeof device !== 'string') return [];
    const [number] = asSet(row['ofport']);
    const ofport = typeof number === 'number' && number > 0 ? number : 0;
    return [
      { device, sandbox, namespace: ids['pod-namespace'] ?? '', name: ids['pod-name'] ?? '', ip: ip.value, ofport },
    ];
  });
}

/** The first index of a subnet that a pod gets; 0 is the network, 1 the gateway. */
const firstPodIndex = 2;

/**
 * The next address for a pod: the one after `last`, round the subnet, that is in use by nobody; so an address given
 * up is used again as late as possible. Neither the network's, the gateway's nor the broadcast address. A `last`
 * outside the subnet, as when the node was given another one, is the same as none.
 */
export function nextAddress(subnet: Cidr, used: ReadonlySet<Ip>, last: Ip | undefined): Result<Ip> {
  const count = Number(lastOf(subnet) - subnet.first) - firstPodIndex;
  const index = last !== undefined && contains(subnet, last) ? Number(ipNumber(last) - subnet.first) : 0;
  const start = Math.max(0, index + 1 - firstPodIndex);
  for (let step = 0; step < count; step += 1) {
    const ip = addressAt(subnet, firstPodIndex + ((start + step) % count));
    if (!used.has(ip)) return ok(ip);
  }
  return err(`no address is free in ${subnet.text}: ${used.size} pods have one`);
}

/** The pods whose port and VNID are known. */
export function localPods(attached: readonly AttachedPod[], vnids: ReadonlyMap<string, Vnid>): LocalPod[] {
  return attached.flatMap(({ ip, ofport, namespace, name }): LocalPod[] => {
    const vnid = vnids.get(namespace);
    return vnid === undefined || ofport === 0 ? [] : [{ ip, ofport, vnid, namespace, name }];
  });
}

/** The pods whose namespace has a VNID, with it. */
export function withVnids(
  pods: readonly Pick<AttachedPod, 'ip' | 'namespace'>[],
  vnids: ReadonlyMap<string, Vnid>,
): Pick<LocalPod, 'ip' | 'vnid'>[] {
  return pods.flatMap(({ ip, namespace }) => {
    const vnid = vnids.get(namespace);
    return vnid === undefined ? [] : [{ ip, vnid }];
  });
}
