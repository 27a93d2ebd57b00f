/** The egress IPs that HostSubnets list, as they change. */
import { parseHostedIp } from '../objects/fields.ts';
import type { HostSubnetObject } from '../objects/raw.ts';
import type { Ip } from '../values/address.ts';

/** The egress IPs in the list of a HostSubnet; entries that are no addresses are left out. */
export function listedIPs(object: HostSubnetObject | undefined): readonly Ip[] {
  return (object?.egressIPs ?? []).flatMap((text) => {
    const ip = parseHostedIp(text);
    return ip.ok ? [ip.value] : [];
  });
}

export class ListedIps {
  /** How often each is listed. */
  readonly #counts = new Map<Ip, number>();

  /** A HostSubnet appeared, changed or went. */
  change(before: HostSubnetObject | undefined, after: HostSubnetObject | undefined): void {
    for (const ip of listedIPs(after)) this.#count(ip, 1);
    for (const ip of listedIPs(before)) this.#count(ip, -1);
  }

  /** Whether a HostSubnet lists the IP. */
  has(ip: Ip): boolean {
    return this.#counts.has(ip);
  }

  #count(ip: Ip, more: number): void {
    const count = (this.#counts.get(ip) ?? 0) + more;
    if (count > 0) this.#counts.set(ip, count);
    else this.#counts.delete(ip);
  }
}
