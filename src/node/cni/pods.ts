/** The pods attached to br0. OVSDB is the only record, so a restarted agent forgets none. */
import { addressAt, type Cidr, contains, type Ip, ipNumber, lastOf, parseIp } from '../../model/values/address.ts';
import { asList, isRecord } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { asMap, asSet, type Operation, type Ovsdb, type Row } from '../ovs/ovsdb.ts';
import { bridge } from '../ovs/pipeline.ts';
import { addPort } from '../ovs/setup.ts';
import type { LocalPod } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';

/** A pod's interface on br0. */
export interface AttachedPod {
  /** Name of the interface in the node's namespace. */
  readonly device: string;
  /** The container runtime's ID of the pod sandbox. */
  readonly sandbox: string;
  /** The name of the runtime's network that it is attached to; '' if an older version attached it. */
  readonly network: string;
  readonly namespace: string;
  readonly name: string;
  /** The uid of its Pod object; '' if the runtime did not tell it, or an older version attached it. */
  readonly uid: string;
  readonly ip: Ip;
  /** 0 until ovs-vswitchd has assigned a port number. */
  readonly ofport: number;
}

/** The operations that add a pod's interface to the bridge, with the pod's data in external_ids. */
export function addPodPort(device: string, pod: Omit<AttachedPod, 'device' | 'ofport'>): Operation[] {
  const { sandbox, network, ip, namespace, name, uid } = pod;
  const ids = { sandbox, network, ip, 'pod-namespace': namespace, 'pod-name': name, 'pod-uid': uid };
  return addPort(device, { external_ids: ['map', Object.entries(ids)] });
}

const qosOwner = 'sdn-compat';

/** The highest rate in bits per second that Open vSwitch 3.1 hands to the kernel whole: 32 bits of bytes. */
const mostLimited = (2 ** 32 - 1) * 8;

/**
 * The operations that limit what a pod receives, in bits per second. Open vSwitch removes any unknown queueing from a
 * port, so the limit is Open vSwitch's own; one beyond 34 Gbit/s, of which Open vSwitch would take the rest of a
 * division, counts as that. The row survives a lost bridge, and is found again by the sandbox.
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
  const row = {
    type: 'linux-htb',
    other_config: ['map', [['max-rate', String(Math.min(rate, mostLimited))]]],
    external_ids: external,
  };
  return [
    { op: 'insert', table: 'QoS', 'uuid-name': id, row },
    { op: 'update', table: 'Port', where: [['name', '==', device]], row: { qos: ['named-uuid', id] } },
  ];
}

/** The operations that restore the limit of a pod's port after the bridge was lost. */
export async function keptLimit(ovsdb: Ovsdb, device: string, sandbox: string): Promise<Operation[]> {
  const [answer] = await ovsdb.transact([
    { op: 'select', table: 'QoS', where: limitsOf('sandbox', sandbox), columns: ['_uuid'] },
  ]);
  const [found] = isRecord(answer) ? asList(answer['rows']).filter(isRecord) : [];
  return found === undefined
    ? []
    : [{ op: 'update', table: 'Port', where: [['name', '==', device]], row: { qos: found['_uuid'] } }];
}

/**
 * The operations that remove a pod's limit. A row that a port still refers to cannot be deleted, whether the port is
 * gone or not.
 */
export function removeLimit(device: string, sandbox: string): Operation[] {
  return [
    { op: 'update', table: 'Port', where: [['name', '==', device]], row: { qos: ['set', []] } },
    { op: 'delete', table: 'QoS', where: limitsOf('sandbox', sandbox) },
  ];
}

/** The operation that removes all our limits, when the bridge is gone. */
export const removeAllLimits: Operation = { op: 'delete', table: 'QoS', where: limitsOf('owner', qosOwner) };

function limitsOf(key: string, value: string): readonly unknown[] {
  return [['external_ids', 'includes', ['map', [[key, value]]]]];
}

/** The pods attached to the bridge, without interfaces that are not a pod's. */
export function attachedPods(ovsdb: Ovsdb): AttachedPod[] {
  return ovsdb.rows('Interface').flatMap(podsOfRow);
}

/** The pod of a row of Interface, if it is one's. A row that changes is a new object. */
const podsOfRow = memoized((row: Row): readonly AttachedPod[] => {
  const ids = asMap(row['external_ids']);
  const ip = parseIp(ids['ip'] ?? '');
  const { sandbox } = ids;
  const device = row['name'];
  if (sandbox === undefined || !ip.ok || typeof device !== 'string') return [];
  const [number] = asSet(row['ofport']);
  const ofport = typeof number === 'number' && number > 0 ? number : 0;
  const { network = '', 'pod-namespace': namespace = '', 'pod-name': name = '', 'pod-uid': uid = '' } = ids;
  return [{ device, sandbox, network, namespace, name, uid, ip: ip.value, ofport }];
});

/** The first index of a subnet for a pod; 0 is the network, 1 the gateway. */
const firstPodIndex = 2;

/**
 * The next free address for a pod: the search starts after `last` and wraps around the subnet, so a released address is
 * reused as late as possible. Skips the network, gateway and broadcast addresses. A `last` outside the subnet, as after
 * the node got another one, is ignored.
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

const lastAddressKey = 'last-pod-address';

/** The operation that records, on the bridge, which address a pod got last. */
export function keepLastAddress(ip: Ip): Operation[] {
  const mutations = [
    ['external_ids', 'delete', ['set', [lastAddressKey]]],
    ['external_ids', 'insert', ['map', [[lastAddressKey, ip]]]],
  ];
  return [{ op: 'mutate', table: 'Bridge', where: [['name', '==', bridge]], mutations }];
}

/** The address that a pod got last, under this agent or an earlier one; undefined if the bridge is new. */
export function lastAddress(ovsdb: Ovsdb): Ip | undefined {
  const ip = parseIp(asMap(ovsdb.find('Bridge', bridge)?.row['external_ids'])[lastAddressKey] ?? '');
  return ip.ok ? ip.value : undefined;
}

/** The local pod that each attached one is with the VNID that it had last. */
const locals = new WeakMap<AttachedPod, LocalPod>();

/** The pods with a known port and VNID; for the same attached pod the same value while its VNID is. */
export function localPods(attached: readonly AttachedPod[], vnids: ReadonlyMap<string, Vnid>): LocalPod[] {
  return attached.flatMap((pod): LocalPod | readonly [] => {
    const { ip, ofport, namespace, name, uid } = pod;
    const vnid = vnids.get(namespace);
    if (vnid === undefined || ofport === 0) return [];
    const before = locals.get(pod);
    if (before?.vnid === vnid) return before;
    const local = { ip, ofport, vnid, namespace, name, uid };
    locals.set(pod, local);
    return local;
  });
}

/** The pods whose namespace has a VNID, each with it. */
export function withVnids(
  pods: readonly Pick<AttachedPod, 'ip' | 'namespace' | 'uid'>[],
  vnids: ReadonlyMap<string, Vnid>,
): Pick<LocalPod, 'ip' | 'vnid' | 'uid'>[] {
  return pods.flatMap(({ ip, namespace, uid }) => {
    const vnid = vnids.get(namespace);
    return vnid === undefined ? [] : [{ ip, vnid, uid }];
  });
}
