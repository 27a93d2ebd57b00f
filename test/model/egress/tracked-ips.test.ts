/** Which IPs are tracked, for whom, and what a change to one of them affects. */
import { TrackedIps } from '../../../src/model/egress/tracked-ips.ts';
import type { Assignment } from '../../../src/model/egress/verdict.ts';
import type { Ip } from '../../../src/model/values/address.ts';
import type { NodeName } from '../../../src/model/values/names.ts';
import type { Vnid } from '../../../src/model/values/vnid.ts';
import { cidr, hostSubnet, ip, vnid } from '../parsed.ts';

const address = ip('192.168.7.11');
const other = ip('192.168.7.12');
const nameOf = (node: string): NodeName => hostSubnet(node).name;
const on = (node: string): Assignment => ({ node: nameOf(node), nodeIP: ip('192.168.7.2') });

/** The IPs or VNIDs that the change adds to the set that it is given. */
function added<T>(change: (set: Set<T>) => void): T[] {
  const set = new Set<T>();
  change(set);
  return [...set];
}

/** Whether the change makes another demand. */
function demands(ips: TrackedIps, change: () => void): boolean {
  const before = ips.demandVersion;
  change();
  return ips.demandVersion !== before;
}

test('an IP is tracked while somebody requests it or lists it, and no longer', () => {
  const ips = new TrackedIps();
  ips.request(address, vnid(7), new Set());
  ips.list(address, on('a'), new Set());
  ips.listAbsent(address);
  expect(ips.get(address)).toMatchObject({ requesters: [7], hosts: [on('a')], absentHosts: 1 });
  ips.unrequest(address, vnid(7), new Set());
  ips.unlist(address, nameOf('a'), new Set());
  expect(ips.get(address)).toMatchObject({ requesters: [], hosts: [], absentHosts: 1 });
  ips.unlistAbsent(address);
  expect(ips.get(address)).toBeUndefined();
});

test('an id that became free is given again, so that ids stay below the limit', () => {
  const ips = new TrackedIps();
  ips.listAbsent(address);
  ips.listAbsent(other);
  expect([ips.track(address).id, ips.track(other).id, ips.idLimit]).toEqual([0, 1, 2]);
  ips.unlistAbsent(address);
  expect([ips.track(ip('192.168.7.13')).id, ips.idLimit]).toEqual([0, 2]);
});

test('who begins or ends to request an IP affects the others that request it', () => {
  const ips = new TrackedIps();
  expect(added<Vnid>((dirty) => ips.request(address, vnid(7), dirty))).toEqual([]);
  expect(added<Vnid>((dirty) => ips.request(address, vnid(8), dirty))).toEqual([7]);
  expect(added<Vnid>((dirty) => ips.unrequest(address, vnid(7), dirty))).toEqual([8]);
  expect([...ips.requesters([address, other])]).toEqual([8]);
});

test('a node that lists an IP, or stops, touches it; only where an absent one lists it too does the demand change', () => {
  const ips = new TrackedIps();
  expect(demands(ips, () => expect(added<Ip>((set) => ips.list(address, on('a'), set))).toEqual([address]))).toBe(
    false,
  );
  expect(demands(ips, () => ips.listAbsent(address))).toBe(true);
  expect(demands(ips, () => ips.list(address, on('b'), new Set()))).toBe(true);
  expect(demands(ips, () => expect(added<Ip>((set) => ips.unlist(address, nameOf('a'), set))).toEqual([address]))).toBe(
    true,
  );
  expect(ips.get(address)?.hosts).toEqual([on('b')]);
  expect(demands(ips, () => ips.unlistAbsent(address))).toBe(true);
  expect(demands(ips, () => ips.unlist(address, nameOf('b'), new Set()))).toBe(false);
});

test('the address of a node cannot be an egress IP until the node is gone, and an IP that nobody names is not touched', () => {
  const ips = new TrackedIps();
  const node = { name: 'a', hostIP: address };
  expect(added<Ip>((touched) => ips.addNode(node, touched))).toEqual([]);
  expect(demands(ips, () => ips.removeNode(node, new Set()))).toBe(false);
  ips.request(address, vnid(7), new Set());
  expect(demands(ips, () => expect(added<Ip>((set) => ips.addNode(node, set))).toEqual([address]))).toBe(true);
  expect(ips.get(address)?.unusable).toEqual({ code: 'EgressIPIsNodeAddress', node: 'a' });
  expect([...ips.nodesAt(address)]).toEqual(['a']);
  expect(added<Ip>((touched) => ips.addNode(node, touched))).toEqual([]);
  expect(demands(ips, () => expect(added<Ip>((set) => ips.removeNode(node, set))).toEqual([address]))).toBe(true);
  expect(ips.get(address)?.unusable).toBeUndefined();
});

test('the networks of the cluster touch the IPs that they make unusable, or usable again', () => {
  const ips = new TrackedIps();
  const networks = [cidr('192.168.7.11/32')];
  for (const one of [address, other]) ips.request(one, vnid(7), new Set());
  expect(demands(ips, () => expect([...ips.setNetworks(networks)]).toEqual([address]))).toBe(true);
  expect(ips.networks).toBe(networks);
  expect([...ips.setNetworks(networks)]).toEqual([]);
  expect([...ips.setNetworks([])]).toEqual([address]);
});

test('what is requested by whom changes the demand when the owner of the VNIDs says so', () => {
  const ips = new TrackedIps();
  expect(demands(ips, () => ips.request(address, vnid(7), new Set()))).toBe(false);
  expect(demands(ips, () => ips.demandChanged())).toBe(true);
});
