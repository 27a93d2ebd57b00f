/** Addresses from texts that tests know to be right. */
import { type Ip, parseIp } from '../../src/model/values/address.ts';
import type { Result } from '../../src/model/values/result.ts';

function valueOf<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

export function ip(text: string): Ip {
  return valueOf(parseIp(text));
}
