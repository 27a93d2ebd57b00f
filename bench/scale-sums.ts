/** What a big cluster costs by its numbers alone: probes, watches and bytes, before and now. */
import { spacingsFor, timingOf } from '../src/model/egress/health.ts';
import { watchedBy } from '../src/model/egress/witnesses.ts';
import { randomFrom } from './alarms.ts';

export interface Size {
  readonly nodes: number;
  readonly namespaces: number;
  readonly pods: number;
  readonly egressNodes: number;
  /** Egress IPs of a namespace, on different nodes. */
  readonly ipsEach: number;
}

/** The cluster of docs/scale.md. */
export const big: Size = { nodes: 5_000, namespaces: 10_000, pods: 100_000, egressNodes: 1_000, ipsEach: 2 };

export interface Probing {
  readonly used: number;
  readonly spare: number;
  /** Milliseconds between two probes of a node in use. */
  readonly spacing: number;
  /** Probes a second while all nodes answer. */
  readonly perSecond: number;
}

export const nameOf = (index: number): string => `worker-${index}.cluster.example.com`;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The nodes by which pods on one node leave, if pods and egress IPs are spread at random. */
function usedBy({ nodes, namespaces, pods, egressNodes, ipsEach }: Size, random: () => number): Set<string> {
  const here = Math.round(pods / nodes);
  const projects = numbers(here).map(() => Math.floor(random() * namespaces));
  const hostOf = (project: number, ip: number): number => (project * 31 + ip * 7_919) % egressNodes;
  return new Set(projects.flatMap((project) => numbers(ipsEach).map((ip) => nameOf(hostOf(project, ip)))));
}

/** What each of so many agents sends, with the default options. */
export function probing(size: Size, agents: number, limit = 50): Probing[] {
  const random = randomFrom(5);
  const names = numbers(size.nodes).map(nameOf);
  const hosts = names.slice(0, size.egressNodes).map((name) => ({ name }));
  return numbers(agents).map((index) => {
    const own = nameOf(Math.floor((index * size.nodes) / agents));
    const used = usedBy(size, random);
    used.delete(own);
    const spare = watchedBy(own, hosts, names).filter(({ name }) => !used.has(name)).length;
    const witnesses = used.size + spare === 0 ? 0 : Math.max(0, 4 - used.size - spare);
    const spacings = spacingsFor({ used: used.size, others: spare + witnesses, limit }, timingOf(1_000));
    const perSecond = (used.size * 1_000) / spacings.used + ((spare + witnesses) * 1_000) / spacings.others;
    return { used: used.size, spare, spacing: spacings.used, perSecond };
  });
}

/** Kinds that an agent watches in each mode; in the networkpolicy mode there are three more. */
export const watchesOf = { other: 5, networkpolicy: 8 } as const;

/** Bytes of objects as JSON; those of the first two are counted in bench/scale, the others of usual clusters. */
export interface Bytes {
  readonly hostSubnet: number;
  readonly netNamespace: number;
  readonly node: number;
  readonly pod: number;
}

export interface Load {
  /** Bytes of objects that one agent reads when it starts. */
  readonly start: number;
  /** Bytes a second that the API server sends to all agents while nothing happens but heartbeats and pods that come and go. */
  readonly rest: number;
  /** Bytes that it sends to all agents when so many nodes fail. */
  readonly failure: number;
}

/** Seconds between two reports of a kubelet if nothing changes (nodeStatusReportFrequency). */
const heartbeat = 300;
/** Changes of a pod from its creation to its end. */
const eventsOfPod = 8;

/** With pods of all nodes, or those of its own only. `churn` is how many pods come and go in a second in the cluster. */
export function loadOf(
  size: Size,
  bytes: Bytes,
  { allPods, churn, failed }: { allPods: boolean; churn: number; failed: number },
): Load {
  const { nodes, namespaces, pods, egressNodes, ipsEach } = size;
  const podShare = allPods ? 1 : 1 / nodes;
  const start = nodes * (bytes.hostSubnet + bytes.node) + namespaces * bytes.netNamespace + pods * podShare * bytes.pod;
  const rest = nodes * ((nodes / heartbeat) * bytes.node + churn * eventsOfPod * podShare * bytes.pod);
  // each IP of a failed node moves: its HostSubnet is written, and that of another node
  const failedHosts = (failed * egressNodes) / nodes;
  const moved = (failedHosts * namespaces * ipsEach) / egressNodes;
  const failure = nodes * ((failedHosts + moved) * bytes.hostSubnet + failed * bytes.node);
  return { start, rest, failure };
}
