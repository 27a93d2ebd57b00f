/** Parsers of object fields. Each reports which field is wrong and why. Also the list rules of egress IPs. */
import { type Cidr, familyOf, type Ip, parseCidr, parseIp } from '../values/address.ts';
import { err, type Result } from '../values/result.ts';

/** An invalid field of an object. `field` is a path like `egressIPs[0]`. */
export interface FieldProblem {
  readonly field: string;
  readonly reason: string;
}

/** An entry of an egressIPs list that is not an address. */
export interface InvalidEgressIP {
  readonly text: string;
  readonly reason: string;
}

/** Parses an IPv4 address. The only place that limits egress IPs to IPv4; everything else handles both families. */
export function parseIpv4(text: string): Result<Ip> {
  const ip = parseIp(text);
  if (!ip.ok || familyOf(ip.value) === 4) return ip;
  return err(`${JSON.stringify(text)} is not an IPv4 address`);
}

/** Parses an IPv4 range; rejects set host bits. */
export function parseCidrv4(text: string): Result<Cidr> {
  const cidr = parseCidr(text);
  if (!cidr.ok || cidr.value.family === 4) return cidr;
  return err(`${JSON.stringify(text)} is not an IPv4 CIDR`);
}

/** Parses an item of a HostSubnet's egressIPs: an IPv4 address; a prefix length (0 to 32), if any, is dropped. */
export function parseHostedIp(text: string): Result<Ip> {
  const slash = text.indexOf('/');
  if (slash < 0) return parseIpv4(text);
  const ip = parseIpv4(text.slice(0, slash));
  return ip.ok && /^(3[0-2]|[12]?[0-9])$/.test(text.slice(slash + 1))
    ? ip
    : err(`${JSON.stringify(text)} is not an IP address`);
}

/** Parses each text; problems are reported under `field[INDEX]`. Of repetitions (by `key`) only the first counts. */
export function parseList<T>(
  texts: readonly string[] | null | undefined,
  field: string,
  parse: (text: string) => Result<T>,
  key: (value: T) => string,
): { readonly values: readonly T[]; readonly problems: readonly FieldProblem[] } {
  const values = new Map<string, T>();
  const problems: FieldProblem[] = [];
  for (const [index, text] of (texts ?? []).entries()) {
    const parsed = parse(text);
    if (!parsed.ok) problems.push({ field: `${field}[${index}]`, reason: parsed.error });
    else if (!values.has(key(parsed.value))) values.set(key(parsed.value), parsed.value);
  }
  return { values: [...values.values()], problems };
}

/** The value of a parse result, or undefined after adding its error to `problems`. */
export function take<T>(parsed: Result<T>, field: string, problems: FieldProblem[]): T | undefined {
  if (parsed.ok) return parsed.value;
  problems.push({ field, reason: parsed.error });
  return undefined;
}
