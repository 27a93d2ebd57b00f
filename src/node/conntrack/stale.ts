/** Decides which connections must end: a function of the table and of what their owners may use now. */
import { type Cidr, contains, type Ip, parseIp } from '../../model/address.ts';
import { isOwner, noneAsked } from '../ovs/owner.ts';
import { ctMark } from '../ovs/pipeline.ts';
import type { Connection } from './connection.ts';

/** A pod of this node whose VNID requests egress IPs. */
export interface RestrictedPod {
  readonly owner: number;
  /** The egress IP of its VNID on this node, if any. */
  readonly source: Ip | undefined;
}

/** Which sources owners may use at one moment. */
export interface Ownership {
  readonly podNetworks: readonly Cidr[];
  /** Pod and Service networks. */
  readonly inside: readonly Cidr[];
  /** The pod subnet of this node. */
  readonly subnet: Cidr;
  /** The source of each owner that has an egress IP here. */
  readonly snat: ReadonlyMap<number, Ip>;
  readonly hosted: ReadonlySet<Ip>;
  readonly restricted: ReadonlyMap<Ip, RestrictedPod>;
  /** All addresses of this host. */
  readonly own: ReadonlySet<Ip>;
}

const isIn = (networks: readonly Cidr[], ip: Ip): boolean => networks.some((network) => contains(network, ip));

/**
 * A connection without source NAT. On the kernel's datapath it may be one that was given a hop elsewhere: Open vSwitch
 * recorded it in the conntrack table that it shares with the node. Such a connection cannot get source NAT here any
 * more.
 */
function isStaleUntranslated(source: Ip, { subnet, restricted }: Ownership): boolean {
  if (!contains(subnet, source)) return false;
  const pod = restricted.get(source);
  return pod === undefined || pod.source !== undefined;
}

/** A connection owned by a VNID. */
function isStaleOwned({ source, translated, mark }: Connection, { snat, subnet, restricted }: Ownership): boolean {
  if (snat.get(mark) !== translated) return true;
  return contains(subnet, source) && restricted.get(source)?.owner !== mark;
}

/** A connection of a pod whose VNID requests nothing, or without a recorded owner. */
function isStaleUnowned(connection: Connection, { hosted, subnet, restricted, own }: Ownership): boolean {
  const { source, translated, rewritten, mark } = connection;
  const pod = restricted.get(source);
  if (hosted.has(translated)) {
    const mayBeItsOwn = mark !== noneAsked && (pod?.source === translated || !contains(subnet, source));
    return !mayBeItsOwn;
  }
  if (pod !== undefined && !rewritten) return true;
  return !own.has(translated);
}

/** Whether a connection to the outside must end. */
function isStaleOutside(connection: Connection, ownership: Ownership): boolean {
  const { source, translated, mark } = connection;
  if (!isIn(ownership.podNetworks, source)) return false;
  if (translated === source) return isStaleUntranslated(source, ownership);
  return isOwner(mark) && mark !== noneAsked
    ? isStaleOwned(connection, ownership)
    : isStaleUnowned(connection, ownership);
}

/**
 * Returns the judge of connections. Those inside the cluster and those that a Service rewrote stay. The outside
 * destination does not matter, so a table costs as much as it has kinds of connections, plus a lookup for each.
 */
export function judge(ownership: Ownership): (connection: Connection) => boolean {
  const kinds = new Map<string, boolean>();
  const isStaleKind = (connection: Connection): boolean => {
    const { source, translated, mark, rewritten } = connection;
    const kind = `${source} ${translated} ${mark} ${rewritten ? 1 : 0}`;
    const known = kinds.get(kind);
    if (known !== undefined) return known;
    const verdict = isStaleOutside(connection, ownership);
    kinds.set(kind, verdict);
    return verdict;
  };
  return (connection) => {
    if (connection.mark === ctMark.ended) return true;
    if (!isStaleKind(connection)) return false;
    const destination = parseIp(connection.destination);
    return !destination.ok || !isIn(ownership.inside, destination.value);
  };
}
