/** Tables 27 and 80 of the NetworkPolicy mode: who may open connections to and from the pods of a namespace. */
import type { LabelSelectorObject } from '../../model/objects/raw.ts';
import { type Labels, matches, selectsAll } from '../../model/objects/selector.ts';
import { hostNetworkNamespace } from '../../model/objects/well-known.ts';
import { type NetworkPolicy, type Peer, type PolicyPort, type PolicyRule } from '../../model/policy/networkpolicy.ts';
import { contains, type Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { type Action, type Flow, goto, type Match, registerValue } from '../ovs/flow.ts';
import { priority, table } from '../ovs/pipeline.ts';
import type { LocalPod } from '../values/facts.ts';
import { memoized } from '../values/memo.ts';
import { blockMatch, type NamedPort, portMatches } from './policy-matches.ts';

/** A pod anywhere in the cluster, as policies see it. */
export interface PolicyPod {
  readonly namespace: string;
  readonly name: string;
  /** Undefined until the API reports an IPv4 address. */
  readonly ip: Ip | undefined;
  readonly labels: Labels;
  readonly ports: readonly NamedPort[];
}

type Reachable = PolicyPod & { readonly ip: Ip };

function hasAddress(pod: PolicyPod): pod is Reachable {
  return pod.ip !== undefined;
}

export interface PolicyNamespace {
  readonly name: string;
  readonly labels: Labels;
  readonly vnid: Vnid;
}

/** A NetworkPolicy rule that allows nothing because it is invalid. */
export interface PolicyProblem {
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
}

/** Everything in the cluster that selectors of policies may select. */
export interface PolicyWorld {
  readonly policies: readonly NetworkPolicy[];
  readonly namespaces: readonly PolicyNamespace[];
  readonly pods: readonly PolicyPod[];
  readonly problems: readonly PolicyProblem[];
}

type Direction = 'ingress' | 'egress';

type AddressField = 'nw_src' | 'nw_dst';

interface Side {
  readonly table: number;
  /** The register that holds this namespace's VNID. */
  readonly own: 'reg0' | 'reg1';
  readonly ownAddress: AddressField;
  readonly peerAddress: AddressField;
  readonly pass: Action;
}

const sides: Readonly<Record<Direction, Side>> = {
  ingress: {
    table: table.isolation,
    own: 'reg1',
    ownAddress: 'nw_dst',
    peerAddress: 'nw_src',
    pass: goto(table.deliver),
  },
  egress: {
    table: table.policyEgress,
    own: 'reg0',
    ownAddress: 'nw_src',
    peerAddress: 'nw_dst',
    pass: goto(table.commit),
  },
};

/** A part of a match, and the pod it stands for, on which named ports are looked up. */
interface Alternative {
  readonly match: Match;
  readonly pod?: PolicyPod;
}

function addressMatch(field: AddressField, ip: Ip): Match {
  return { proto: 'ip', [field]: ip };
}

/** The pod by its address. */
function podMatch(field: AddressField, pod: Reachable): Alternative {
  return { match: addressMatch(field, pod.ip), pod };
}

/**
 * The pods of this node with their addresses, which are known here before the API reports them, and the addresses of
 * pods without a known Pod object.
 */
function knownPods(
  local: readonly LocalPod[],
  all: readonly PolicyPod[],
): { readonly known: readonly Reachable[]; readonly unknown: readonly Ip[] } {
  const byName = new Map(all.map((pod) => [pod.name, pod]));
  const known: Reachable[] = [];
  const unknown: Ip[] = [];
  for (const { ip, name } of local) {
    const pod = byName.get(name) ?? all.find((one) => one.ip === ip);
    if (pod === undefined) unknown.push(ip);
    else known.push({ ...pod, ip });
  }
  return { known, unknown };
}

/** The namespaces of each VNID. One VNID has one namespace, unless somebody gave several the same. */
type Sharing = ReadonlyMap<Vnid, readonly PolicyNamespace[]>;

/** Whether pods can be in it that have a network of their own. */
function hasPods({ name }: PolicyNamespace): boolean {
  return name !== hostNetworkNamespace;
}

/** Whether it stands for the nodes too, whose packets have VNID 0: then VNID 0 is what is meant. */
function isNodes({ name, vnid }: PolicyNamespace): boolean {
  return vnid === 0 && (name === hostNetworkNamespace || name === 'default');
}

interface IndexedWorld {
  readonly world: PolicyWorld;
  readonly byNamespace: ReadonlyMap<string, readonly PolicyPod[]>;
  readonly sharing: Sharing;
}

class NamespacePlanner {
  readonly #world: PolicyWorld;
  readonly #namespace: PolicyNamespace;
  readonly #sharing: Sharing;
  /** Whether other namespaces have its VNID: then its pods are matched one by one, so that no rule holds for theirs. */
  readonly #isShared: boolean;
  readonly #localPods: readonly Reachable[];
  /** Addresses of pods here with unknown labels: a policy that selects only some pods may apply to them. */
  readonly #unknown: readonly Ip[];
  readonly #byNamespace: ReadonlyMap<string, readonly PolicyPod[]>;

  constructor({ world, byNamespace, sharing }: IndexedWorld, namespace: PolicyNamespace, local: readonly LocalPod[]) {
    this.#world = world;
    this.#namespace = namespace;
    this.#sharing = sharing;
    this.#isShared = (sharing.get(namespace.vnid) ?? []).length > 1;
    this.#byNamespace = byNamespace;
    const { known, unknown } = knownPods(local, byNamespace.get(namespace.name) ?? []);
    this.#localPods = known;
    this.#unknown = unknown;
  }

  flows(direction: Direction): Flow[] {
    const side = sides[direction];
    const policies = this.#world.policies.filter(
      (policy) => policy.namespace === this.#namespace.name && policy[direction] !== undefined,
    );
    const flows = policies.flatMap((policy) => {
      const selected = this.#selected(policy, side);
      const allowed = (policy[direction] ?? []).flatMap((rule) => this.#ruleFlows(rule, direction, selected));
      const denied = selected
        .filter(({ pod }) => pod !== undefined)
        .map(({ match }) => this.#flow(side, priority.policy.selected, match, []));
      return [...allowed, ...denied];
    });
    // what no rule allows is dropped in any case: a flow of its own counts it for this namespace
    if (policies.some(({ pods }) => selectsAll(pods)))
      return [...flows, ...this.#all(side).map(({ match }) => this.#flow(side, priority.policy.unselected, match, []))];
    const denied =
      policies.length === 0
        ? []
        : this.#unknown.map((ip) => this.#flow(side, priority.policy.selected, addressMatch(side.ownAddress, ip), []));
    return [
      ...flows,
      ...denied,
      ...this.#all(side).map(({ match }) => this.#flow(side, priority.policy.unselected, match, [side.pass])),
    ];
  }

  /** All pods of the namespace: by its VNID, or each local one if others have that VNID too. */
  #all(side: Side): Alternative[] {
    if (!this.#isShared) return [{ match: {} }];
    const { ownAddress } = side;
    return [
      ...this.#localPods.map((pod) => podMatch(ownAddress, pod)),
      ...this.#unknown.map((ip) => ({ match: addressMatch(ownAddress, ip) })),
    ];
  }

  #flow(side: Side, at: number, match: Match, actions: readonly Action[]): Flow {
    return {
      table: side.table,
      priority: at,
      match: { ...match, [side.own]: registerValue(this.#namespace.vnid) },
      actions,
    };
  }

  /** The local pods that a policy selects. */
  #selected(policy: NetworkPolicy, side: Side): Alternative[] {
    if (selectsAll(policy.pods)) return this.#all(side);
    return this.#localPods
      .filter(({ labels }) => matches(policy.pods, labels))
      .map((pod) => podMatch(side.ownAddress, pod));
  }

  #ruleFlows(rule: PolicyRule, direction: Direction, selected: readonly Alternative[]): Flow[] {
    const named = rule.ports?.filter(({ kind }) => kind === 'named') ?? [];
    const plain = rule.ports?.filter(({ kind }) => kind !== 'named');
    const peers =
      rule.peers === undefined ? [{ match: {} }] : rule.peers.flatMap((peer) => this.#peer(peer, direction));
    const byNumber = plain?.length === 0 && named.length > 0 ? [] : this.#pairs(direction, selected, peers, plain);
    if (named.length === 0) return byNumber;
    // A named port belongs to the pod that listens: our own for ingress, the peer for egress.
    if (direction === 'ingress')
      return [...byNumber, ...this.#pairs(direction, this.#eachPod(selected, sides.ingress), peers, named)];
    return [...byNumber, ...this.#pairs(direction, selected, this.#peerPods(rule.peers), named)];
  }

  /** One flow for each selected pod, peer and port. */
  #pairs(
    direction: Direction,
    owns: readonly Alternative[],
    peers: readonly Alternative[],
    ports: readonly PolicyPort[] | undefined,
  ): Flow[] {
    const side = sides[direction];
    return owns.flatMap((own) =>
      peers.flatMap((peer) =>
        portMatches(ports, (direction === 'ingress' ? own.pod : peer.pod)?.ports).map((port) =>
          this.#flow(side, priority.policy.allow, { ...own.match, ...peer.match, ...port }, [side.pass]),
        ),
      ),
    );
  }

  #eachPod(selected: readonly Alternative[], side: Side): readonly Alternative[] {
    if (selected.some(({ pod }) => pod !== undefined)) return selected;
    return selected.length === 0 ? [] : this.#localPods.map((pod) => podMatch(side.ownAddress, pod));
  }

  /** The pods among the peers of an egress rule, each by its address; all pods if it names no peers. */
  #peerPods(peers: readonly Peer[] | undefined): Alternative[] {
    const pods = new Set(
      peers === undefined ? this.#world.pods.filter(hasAddress) : peers.flatMap((peer) => this.#podsOf(peer)),
    );
    return [...pods].map((pod) => podMatch(sides.egress.peerAddress, pod));
  }

  #podsOf(peer: Peer): readonly Reachable[] {
    if (peer.kind === 'block')
      return this.#world.pods.filter(hasAddress).filter(({ ip }) => peer.cidrs.some((cidr) => contains(cidr, ip)));
    return this.#podsIn(this.#namespaces(peer), peer.pods);
  }

  #podsIn(namespaces: readonly PolicyNamespace[], selector: LabelSelectorObject): readonly Reachable[] {
    return namespaces.flatMap(({ name }) =>
      (this.#byNamespace.get(name) ?? []).filter(hasAddress).filter(({ labels }) => matches(selector, labels)),
    );
  }

  #peer(peer: Peer, direction: Direction): Alternative[] {
    const { peerAddress } = sides[direction];
    if (peer.kind === 'block') return peer.cidrs.map((cidr) => ({ match: blockMatch(peerAddress, cidr) }));
    // Whole namespaces match by VNID, but only on the packet's source side, and if all that have it are meant.
    if (selectsAll(peer.pods) && direction === 'ingress') {
      const meant = new Set(this.#namespaces(peer));
      const isWhole = (one: PolicyNamespace): boolean =>
        isNodes(one) || (this.#sharing.get(one.vnid) ?? []).every((other) => meant.has(other));
      const whole = new Set([...meant].filter(isWhole).map(({ vnid }) => vnid));
      const others = [...meant].filter(({ vnid }) => !whole.has(vnid));
      return [
        ...[...whole].map((vnid) => ({ match: { reg0: registerValue(vnid) } })),
        ...this.#podsIn(others, peer.pods).map((pod) => podMatch(peerAddress, pod)),
      ];
    }
    return this.#podsOf(peer).map((pod) => podMatch(peerAddress, pod));
  }

  #namespaces(peer: Extract<Peer, { kind: 'pods' }>): readonly PolicyNamespace[] {
    const { namespaces } = peer;
    if (namespaces === undefined) return [this.#namespace];
    return this.#world.namespaces.filter(({ labels }) => matches(namespaces, labels));
  }
}

/** The pods of this node: their VNIDs, and the pods by namespace. */
export interface Local {
  readonly vnids: ReadonlySet<Vnid>;
  readonly pods: Readonly<Partial<Record<string, readonly LocalPod[]>>>;
}

/** The flows of both tables for the namespaces that have pods on this node. */
export const networkPolicyFlows = memoized((world: PolicyWorld) =>
  memoized((local: Local): readonly Flow[] => {
    const sharing = Map.groupBy(world.namespaces.filter(hasPods), ({ vnid }) => vnid);
    const indexed = { world, byNamespace: Map.groupBy(world.pods, ({ namespace }) => namespace), sharing };
    return world.namespaces
      .filter(({ vnid }) => local.vnids.has(vnid))
      .flatMap((namespace) => {
        const planner = new NamespacePlanner(indexed, namespace, local.pods[namespace.name] ?? []);
        return [...planner.flows('ingress'), ...planner.flows('egress')];
      });
  }),
);
