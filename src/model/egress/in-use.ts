/** What a node says of an egress IP that another machine has, and how others read it. */
import type { Ip } from '../values/address.ts';

const inUse = 'is in use by another machine';

/** Why a node refuses an egress IP for which another machine answers. */
export function inUseReason(ip: Ip, mac: string): string {
  return `egress IP ${ip} ${inUse}: ${mac} answers for it`;
}

/** Whether that is why a node refuses an egress IP: not that it cannot tell, nor anything else. */
function saysInUse(reason: string): boolean {
  return reason.includes(inUse);
}

/** The egress IPs that nodes refuse because another machine has them, by what each refuses, IP to reason. */
export function inUseElsewhere(refused: Iterable<ReadonlyMap<string, string>>): ReadonlySet<string> {
  const all = [...refused].flatMap((one) => [...one]);
  return new Set(all.filter(([, reason]) => saysInUse(reason)).map(([ip]) => ip));
}
