/** Addresses derived from other addresses by OpenShift SDN's rules. */
import { addressAt, type Cidr, type Ip, ipNumber } from '../../model/values/address.ts';

/** The MAC of a pod: 0a:58 and the four bytes of its address. */
export function podMac(ip: Ip): string {
  return `0a:58:${bytesOf(ip)}`;
}

/** A match of every MAC that ends with the four bytes of the pod's address. */
export function podMacEnd(ip: Ip): string {
  return `00:00:${bytesOf(ip)}/00:00:ff:ff:ff:ff`;
}

function bytesOf(ip: Ip): string {
  return (ipNumber(ip).toString(16).padStart(8, '0').match(/../g) ?? []).join(':');
}

/** The gateway of a subnet, on tun0: its first address. */
export function gatewayOf(subnet: Cidr): Ip {
  return addressAt(subnet, 1);
}
