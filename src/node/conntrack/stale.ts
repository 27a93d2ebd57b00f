/** Which connections must end: a function of the table and of what their owners may have now. */
import { type Cidr, contains, type Ip, parseIp } from '../../model/address.ts';
import { isOwner, noneAsked } from '../ovs/owner.ts';
import { ctMark } from '../ovs/pipeline.ts';
import type { Connection } from './connection.ts';

/** A pod of this node whose VNID requests egress IPs. */
export interface RestrictedPod {
  readonly owner: number;
  /** The egress IP of its VNID that is here. */
  readonly source: Ip | undefined;
}

/** Who may leave as what at one moment. */
export interface Ownership {
  readonly podNetworks: readonly Cidr[];
  /** Pod and Service networks. */
  readonly inside: readonly Cidr[];
  /** The pods of this node. */
  readonly subnet: Cidr;
  /** The source of each owner whose egress IP is here. */
  readonly snat: ReadonlyMap<number, Ip>;
  readonly hosted: ReadonlySet<Ip>;
  readonly restricted: ReadonlyMap<Ip, RestrictedPod>;
  /** All addresses of this machine. */
  readonly own: ReadonlySet<Ip>;
}

const isIn = (networks: readonly Cidr[], ip: Ip): boolean => networks.some((network) => contains(network, ip));

/**
 * A connection without source NAT: on the kernel's datapath one that was given a hop elsewhere, which Open vSwitch
 * noted in the conntrack that it shares with the node. Such a connection can get no source NAT here any more.
 */
function isStaleUntranslated(source: Ip, { subnet, restricted }: Ownership): boolean {
  if (!contains(subnet, source)) return false;
  const pod = restricted.get(source);
  return pod === undefined || pod.source !== undefined;
}

/** One whose owner is a VNID. */
function isStaleOwned({ source, translated, mark }: Connection, { snat, subnet, restricted }: Ownership): boolean {
  if (snat.get(mark) !== translated) return true;
  return contains(subnet, source) && restricted.get(source)?.owner !== mark;
}

/** One of a pod whose VNID asked for none, or whose owner nobody noted. */
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
 * Tells which connections must end. Connections inside the cluster and those that a Service rewrote go on. What they go to
 * outside makes no difference, so a table costs as much as it has kinds of connections, and a look-up for each.
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
