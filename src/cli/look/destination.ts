/** Where a traced packet goes, as a user writes it. */
import { parseIpv4 } from '../../model/objects/fields.ts';
import type { Ip } from '../../model/values/address.ts';
import { err, ok, type Result } from '../../model/values/result.ts';

type Proto = 'tcp' | 'udp' | 'sctp' | 'icmp';

export type Destination = {
  readonly proto: Proto;
  /** Undefined: a port that no rule names. */
  readonly port: number | undefined;
} & ({ readonly kind: 'ip'; readonly ip: Ip } | { readonly kind: 'pod'; readonly pod: string });

const example = 'give ADDRESS or NAMESPACE/POD, with :PORT and /tcp, /udp, /sctp or /icmp, such as 203.0.113.7:443/tcp';
const protos: readonly string[] = ['tcp', 'udp', 'sctp', 'icmp'] satisfies readonly Proto[];

const isProto = (text: string): text is Proto => protos.includes(text);

const pattern = /^(\d+(?:\.\d+){3}|[a-z0-9.-]+\/[a-z0-9.-]+?)(?::(\d+))?(?:\/([a-z]+))?$/;

/** Why no packet goes from a pod to one host with that address (RFC 6890); undefined if one may. */
function noPlace(ip: Ip): string | undefined {
  const first = Number(ip.split('.', 1)[0]);
  if (first === 127 || first === 0) return 'such a packet never leaves the pod';
  return first >= 224 ? 'trace follows a packet to one place, no multicast or broadcast' : undefined;
}

/** What is wrong with the port; undefined if nothing is. */
function badPort(port: number | undefined, proto: Proto): string | undefined {
  if (port === undefined) return undefined;
  if (proto === 'icmp') return 'ICMP has no ports';
  return port < 1 || port > 65_535 ? 'a port is 1 to 65535' : undefined;
}

/** Reads ADDRESS or NAMESPACE/POD, with `:PORT` and `/PROTOCOL` behind it; the protocol is TCP unless it is said. */
export function parseDestination(text: string): Result<Destination> {
  const [, base, digits, proto = 'tcp'] = pattern.exec(text) ?? [];
  const quoted = JSON.stringify(text);
  if (base === undefined) return err(`${quoted} is no destination: ${example}`);
  if (!isProto(proto)) return err(`${quoted}: ${proto} is no protocol: ${example}`);
  const port = digits === undefined ? undefined : Number(digits);
  const problem = badPort(port, proto);
  if (problem !== undefined) return err(`${quoted}: ${problem}`);
  if (base.includes('/')) return ok({ kind: 'pod', pod: base, proto, port });
  const ip = parseIpv4(base);
  if (!ip.ok) return err(`${quoted}: ${ip.error}`);
  const nowhere = noPlace(ip.value);
  if (nowhere !== undefined) return err(`${quoted}: ${nowhere}`);
  return ok({ kind: 'ip', ip: ip.value, proto, port });
}
