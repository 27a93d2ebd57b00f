/** Addresses derived from other addresses by OpenShift SDN's rules. */
import { addressAt, type Cidr, type Ip, ipNumber } from '../../model/values/address.ts';

/** The MAC of a pod: 0a:58 and the four bytes of its address. */
export function podMac(ip: Ip): string {
  const bytes = ipNumber(ip).toString(16).padStart(8, '0').match(/../g) ?? [];
  return ['0a', '58', ...bytes].join(':');
}

/** The gateway of a subnet, on tun0: its first address. */
export function gatewayOf(subnet: Cidr): Ip {
  return addressAt(subnet, 1);
}
