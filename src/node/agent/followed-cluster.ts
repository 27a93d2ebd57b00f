/** What the agent follows of the cluster: its objects, the names in its policies, and the health of its nodes. */
import { dirname, join } from 'node:path';
import { tcpProbe } from '../../io/health/probe.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import type { Logger } from '../../io/log.ts';
import type { Ip } from '../../model/values/address.ts';
import { sameMembers } from '../../model/values/changed.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { NameTracker, resolverLookup } from '../cluster/dns.ts';
import { ClusterFeed, type ClusterView } from '../cluster/feed.ts';
import { PeerHealth } from '../cluster/peer-health.ts';
import { PolicyLog } from '../cluster/policy-log.ts';
import { dutyOf, watchedPeers } from '../cluster/watched-peers.ts';
import type { RemoteNode } from '../values/facts.ts';
import { memoizedPair } from '../values/memo.ts';

export interface FollowedClusterOptions {
  readonly nodeName: string;
  readonly cniSocket: string;
  /** Resolver for names in EgressNetworkPolicies, ADDRESS or ADDRESS:PORT; undefined means the host's resolver. */
  readonly resolver: string | undefined;
  /** Milliseconds between two probes of a node that hosts egress IPs; 0 disables probes. */
  readonly probeInterval: number;
  /** The most probes in any second. */
  readonly probeLimit: number;
}

type Peers = Pick<ClusterView, 'hosts' | 'remotes'>;

export interface FollowedClusterDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly changed: () => void;
}

/** The nodes that list an egress IP and those by which connections still leave, the same list if these are among them. */
function withThose(
  hosts: readonly RemoteNode[],
  remotes: readonly RemoteNode[],
  used: ReadonlySet<string>,
): readonly RemoteNode[] {
  const known = new Set(hosts.map(({ name }) => name));
  const more = remotes.filter(({ name }) => used.has(name) && !known.has(name));
  return more.length === 0 ? hosts : [...hosts, ...more];
}

export class FollowedCluster {
  readonly feed: ClusterFeed;
  readonly health: PeerHealth;
  readonly #names: NameTracker;
  readonly #egressPolicyLog: PolicyLog;
  readonly #networkPolicyLog: PolicyLog;
  readonly #nodeName: string;
  readonly #duty = memoizedPair((hosts: readonly RemoteNode[], remotes: readonly RemoteNode[]) =>
    dutyOf({ own: this.#nodeName, hosts, remotes }),
  );
  #watched: { readonly view: Peers; readonly used: ReadonlySet<string> } | undefined;

  constructor(options: FollowedClusterOptions, deps: FollowedClusterDeps) {
    const { nodeName, cniSocket, resolver, probeInterval, probeLimit } = options;
    const { client, logger, signal, changed } = deps;
    this.#nodeName = nodeName;
    this.#egressPolicyLog = new PolicyLog(logger, 'an EgressNetworkPolicy is not followed as it is written');
    this.#networkPolicyLog = new PolicyLog(logger, 'a rule of a NetworkPolicy allows nothing');
    // what a restarted agent must know is stored next to the CNI socket
    const file = (what: string): string => join(dirname(cniSocket), `${nodeName}.${what}.json`);
    const files = { networkFile: file('network'), drainsFile: file('drains') };
    this.feed = new ClusterFeed(client, nodeName, { logger, signal, ...files, changed });
    this.#names = new NameTracker({ lookup: resolverLookup(resolver), logger, file: file('names'), changed });
    this.health = new PeerHealth({
      logger,
      probe: tcpProbe(),
      interval: probeInterval,
      limit: probeLimit,
      setOffline: (nodeIP, isOffline) => this.feed.setOffline(nodeIP, isOffline),
    });
  }

  /** Resolves once the objects are known, and the names as of the last run. */
  async load(): Promise<void> {
    await Promise.all([this.#names.load(), this.feed.follow()]);
  }

  /** Follows the names of this view from now on, and logs what is wrong with its policies. */
  follow({ egressPolicies, world, notReady }: ClusterView): void {
    this.#names.follow(egressPolicies.names);
    this.#egressPolicyLog.log(egressPolicies.notes);
    if (world !== undefined) this.#networkPolicyLog.log(world.problems);
    this.health.setNotReady(notReady);
  }

  /**
   * Probes the nodes by which these VNIDs, which have pods here, may leave, those from which an egress IP of this node or
   * of these VNIDs drains, and this node's part of the others.
   */
  watchPeers({ hosts: listing, remotes }: Peers, vnids: Iterable<Vnid>): void {
    const used = this.feed.hostsFor(vnids);
    const before = this.#watched;
    if (before?.view.hosts === listing && before.view.remotes === remotes && sameMembers(before.used, used)) return;
    this.#watched = { view: { hosts: listing, remotes }, used };
    const around = { own: this.#nodeName, hosts: withThose(listing, remotes, used), remotes };
    this.health.watch(watchedPeers(around, used, this.#duty(listing, remotes)));
  }

  /** The addresses of a name in an EgressNetworkPolicy, as far as they are known. */
  addresses(name: string): readonly Ip[] {
    return this.#names.addresses(name);
  }
}
