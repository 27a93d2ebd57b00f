/** Allocates the nodes' subnets from the pod networks, in order. */
import type { PodNetwork } from '../objects/clusternetwork.ts';
import { type Cidr, ipFromNumber, lastOf, overlaps, parseCidr } from '../values/address.ts';
import { err, ok, type Result } from '../values/result.ts';

/** One pod network cut into equal subnets, numbered from 0. */
class Slots {
  readonly #network: PodNetwork;
  readonly #count: number;
  /** The number of holders of each slot; by mistake two nodes may hold the same subnet. */
  readonly #held = new Map<number, number>();
  /** Every slot below this one is held. */
  #lowest = 0;

  constructor(network: PodNetwork) {
    this.#network = network;
    this.#count = 2 ** (totalBits(network.cidr) - network.hostSubnetLength);
  }

  /** The slot equal to this subnet, or undefined. */
  slotOf(subnet: Cidr): number | undefined {
    const { cidr, hostSubnetLength } = this.#network;
    const isSlot =
      overlaps(cidr, subnet) &&
      subnet.length >= cidr.length &&
      lastOf(subnet) - subnet.first + 1n === 1n << BigInt(hostSubnetLength);
    return isSlot ? Number((subnet.first - cidr.first) >> BigInt(hostSubnetLength)) : undefined;
  }

  hold(slot: number): void {
    this.#held.set(slot, (this.#held.get(slot) ?? 0) + 1);
  }

  release(slot: number): void {
    const holders = this.#held.get(slot) ?? 0;
    if (holders > 1) this.#held.set(slot, holders - 1);
    else this.#held.delete(slot);
    if (holders === 1) this.#lowest = Math.min(this.#lowest, slot);
  }

  /** The lowest free subnet that overlaps none of `avoid`, or undefined. */
  free(avoid: Iterable<Cidr>): Cidr | undefined {
    while (this.#held.has(this.#lowest)) this.#lowest++;
    let slot = this.#lowest;
    while (slot < this.#count) {
      const subnet = this.subnetAt(slot);
      const blocking = [...avoid].find((other) => overlaps(other, subnet));
      if (blocking === undefined && !this.#held.has(slot)) return subnet;
      slot = blocking === undefined ? slot + 1 : this.#after(blocking);
    }
    return undefined;
  }

  subnetAt(slot: number): Cidr {
    const { cidr, hostSubnetLength } = this.#network;
    const first = cidr.first + (BigInt(slot) << BigInt(hostSubnetLength));
    const length = cidr.length + totalBits(cidr) - hostSubnetLength;
    const subnet = parseCidr(`${ipFromNumber(first, cidr.family)}/${length}`);
    if (!subnet.ok) throw new Error(subnet.error);
    return subnet.value;
  }

  #after(blocking: Cidr): number {
    return Number((lastOf(blocking) - this.#network.cidr.first) >> BigInt(this.#network.hostSubnetLength)) + 1;
  }
}

/** How many host bits the whole range has. */
function totalBits(cidr: Cidr): number {
  return (cidr.family === 4 ? 32 : 128) - cidr.length;
}

/**
 * Which subnets are held, and the next free one: the lowest of the first pod network that has one, as in OpenShift SDN.
 * For a first network 10.128.0.0/14 with 9 host bits these are 10.128.0.0/23, 10.128.2.0/23 and so on. A held subnet of
 * another size (from another hostSubnetLength) blocks whatever it overlaps.
 */
export class Subnets {
  readonly #networks: readonly Slots[];
  /** Held subnets that are not slots of a network, by text, with the number of holders. */
  readonly #odd = new Map<string, { readonly subnet: Cidr; readonly holders: number }>();

  constructor(networks: readonly PodNetwork[], held: Iterable<Cidr> = []) {
    this.#networks = networks.map((network) => new Slots(network));
    for (const subnet of held) this.hold(subnet);
  }

  /** Adds a holder of the subnet. */
  hold(subnet: Cidr): void {
    const found = this.#find(subnet);
    if (found === undefined)
      this.#odd.set(subnet.text, { subnet, holders: (this.#odd.get(subnet.text)?.holders ?? 0) + 1 });
    else found.slots.hold(found.slot);
  }

  /** Removes a holder of the subnet. */
  release(subnet: Cidr): void {
    const found = this.#find(subnet);
    if (found !== undefined) {
      found.slots.release(found.slot);
      return;
    }
    const holders = this.#odd.get(subnet.text)?.holders ?? 0;
    if (holders > 1) this.#odd.set(subnet.text, { subnet, holders: holders - 1 });
    else this.#odd.delete(subnet.text);
  }

  /** Holds and returns the next free subnet; fails when the pod networks are full. */
  allocate(): Result<Cidr> {
    const avoid = [...this.#odd.values()].map(({ subnet }) => subnet);
    for (const slots of this.#networks) {
      const subnet = slots.free(avoid);
      if (subnet === undefined) continue;
      this.hold(subnet);
      return ok(subnet);
    }
    return err('all subnets of the cluster networks are in use');
  }

  #find(subnet: Cidr): { readonly slots: Slots; readonly slot: number } | undefined {
    for (const slots of this.#networks) {
      const slot = slots.slotOf(subnet);
      if (slot !== undefined) return { slots, slot };
    }
    return undefined;
  }
}
