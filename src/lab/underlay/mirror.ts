/**
 * Keeps the API server of the agents as OVN-Kubernetes would have the packets: copies of the cluster's own objects, and
 * NetNamespaces, HostSubnets and EgressNetworkPolicies by what OVN-Kubernetes assigned. It never reads those of the
 * cluster itself. Decisions are in `copies.ts` and `wanted.ts`.
 */
import isEqual from 'lodash/isEqual.js';
import {
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  nodes,
} from '../../../api/kinds.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isAlreadyExists } from '../../io/kube/error.ts';
import { type ObjectCache, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { ovnMulticast } from '../../migrate/targets/ovn/marks/annotations.ts';
import { internalIPs } from '../../model/objects/node.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject } from '../../model/objects/raw.ts';
import { multicastAnnotation } from '../../model/objects/well-known.ts';
import { fieldOf } from '../../model/values/json.ts';
import { subnetOf } from '../ovn/annotator.ts';
import type { Traffic } from '../ovn/traffic.ts';
import { type Copied, copied, copyStep } from './copies.ts';
import { EgressMirror, type Times } from './egress.ts';
import { policyFor } from './wanted.ts';

export interface MirrorDeps {
  /** The cluster that admins see. */
  readonly cluster: KubeClient;
  /** The API server of the agents. */
  readonly underlay: KubeClient;
  readonly traffic: Traffic;
  readonly logger: Logger;
  readonly times: Times;
}

type Cache = ObjectCache<KubeObject>;

const manager = { fieldManager: 'sdn-compat-lab-underlay' } as const;

class Mirror {
  readonly #deps: MirrorDeps;
  readonly #signal: AbortSignal;
  readonly #queue: WorkQueue;
  readonly #copies: ReadonlyMap<string, { readonly type: Copied; readonly from: Cache; readonly to: Cache }>;
  readonly #firewalls: Cache;
  readonly #policies: Cache;
  readonly #netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly #hostSubnets: ObjectCache<HostSubnetObject>;
  readonly #egress: EgressMirror;
  /** VNIDs that are being given out. */
  readonly #giving = new Set<number>();

  constructor(deps: MirrorDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    const { cluster, underlay, logger } = deps;
    const from = (kind: Kind): Cache => watchKind(cluster, kind, { logger }, signal);
    const to = (kind: Kind): Cache => watchKind(underlay, kind, { logger }, signal);
    this.#queue = createQueue({ logger, concurrency: 8, baseDelay: 20, maxDelay: 1_000, isRace: isAlreadyExists });
    this.#copies = new Map(
      copied.map((type) => [type.kind.plural, { type, from: from(type.kind), to: to(type.kind) }]),
    );
    this.#firewalls = from(egressFirewalls);
    this.#policies = to(egressNetworkPolicies);
    this.#netNamespaces = watchKind<NetNamespaceObject>(underlay, netNamespaces, { logger }, signal);
    this.#hostSubnets = watchKind<HostSubnetObject>(underlay, hostSubnets, { logger }, signal);
    this.#egress = new EgressMirror(
      {
        ...{ underlay, logger, traffic: deps.traffic, times: deps.times },
        ...{ netNamespaces: this.#netNamespaces, hostSubnets: this.#hostSubnets },
        egressIPs: from(egressIPs),
        podsIn: (namespace) => this.#listOf('pods').filter(({ metadata }) => metadata.namespace === namespace).length,
      },
      signal,
    );
  }

  #listOf(plural: string): readonly KubeObject[] {
    return this.#copies.get(plural)?.from.list() ?? [];
  }

  async run(): Promise<void> {
    const all = [...this.#copies.values()].flatMap(({ from, to }) => [from, to]);
    const others = [this.#firewalls, this.#policies, this.#netNamespaces, this.#hostSubnets];
    await Promise.all([...all, ...others].map(({ synced }) => synced));
    for (const [plural, { from, to }] of this.#copies)
      for (const cache of [from, to]) cache.subscribe(({ key }) => this.#changed(plural, key));
    for (const cache of [this.#firewalls, this.#policies])
      cache.subscribe(({ key }) => this.#queue.addAfter(`policy/${key}`, this.#deps.times.lag));
    this.#netNamespaces.subscribe(({ key }) => this.#queue.add(`netnamespace/${key}`));
    this.#hostSubnets.subscribe(({ key }) => this.#queue.add(`hostsubnet/${key}`));
    await Promise.all([this.#queue.process((key) => this.#work(key), this.#signal), this.#egress.run()]);
  }

  #changed(plural: string, key: string): void {
    this.#queue.add(`copy/${plural}/${key}`);
    if (plural === namespaces.plural) {
      this.#queue.add(`netnamespace/${key}`);
      this.#queue.add(`policy/${key}/default`);
    }
    if (plural !== nodes.plural) return;
    this.#queue.add(`hostsubnet/${key}`);
    // rules that name nodes follow their labels and addresses
    for (const { metadata } of this.#firewalls.list()) this.#queue.add(`policy/${metadata.namespace ?? ''}/default`);
  }

  async #work(key: string): Promise<void> {
    const [what, first = '', ...rest] = key.split('/');
    if (what === 'copy') await this.#copy(first, rest.join('/'));
    else if (what === 'policy') await this.#policy(first);
    else if (what === 'netnamespace') await this.#netNamespace(first);
    else await this.#hostSubnet(first);
  }

  async #copy(plural: string, key: string): Promise<void> {
    const found = this.#copies.get(plural);
    if (found === undefined) return;
    const { type, from, to } = found;
    const step = copyStep(type, from.get(key), to.get(key));
    const { underlay } = this.#deps;
    const [name = '', namespace] = key.split('/').reverse();
    const ref = namespace === undefined ? { name } : { name, namespace };
    if (step.do === 'create') await underlay.create(type.kind, step.object, manager);
    else if (step.do === 'delete') await underlay.delete(type.kind, ref, { gracePeriodSeconds: 0 });
    else if (step.do === 'patch')
      await underlay.patch(type.kind, ref, step.steps, {
        type: 'json',
        ...(step.isStatus ? { subresource: 'status' } : {}),
        ...manager,
      });
  }

  async #policy(namespace: string): Promise<void> {
    const firewall = this.#firewalls.get(`${namespace}/default`);
    const wanted = firewall === undefined ? undefined : policyFor(firewall, this.#listOf(nodes.plural));
    const present = this.#policies.get(`${namespace}/default`);
    await this.#bring(egressNetworkPolicies, wanted, present, 'spec');
  }

  /** Makes the object as wanted, as far as these fields go. */
  async #bring(
    kind: Kind,
    wanted: KubeObject | undefined,
    present: KubeObject | undefined,
    ...fields: readonly string[]
  ): Promise<void> {
    const { underlay } = this.#deps;
    const { name = '', namespace } = (wanted ?? present)?.metadata ?? {};
    const ref = namespace === undefined ? { name } : { name, namespace };
    if (wanted === undefined) {
      if (present !== undefined) await underlay.delete(kind, ref);
      return;
    }
    if (present === undefined) {
      await underlay.create(kind, wanted, manager);
      return;
    }
    const changed = fields.filter((field) => !isEqual(fieldOf(present, field), fieldOf(wanted, field)));
    if (changed.length === 0) return;
    const steps = changed.map((field) => ({ op: 'add', path: `/${field}`, value: fieldOf(wanted, field) }));
    await underlay.patch(kind, ref, steps, { type: 'json', ...manager });
  }

  async #netNamespace(name: string): Promise<void> {
    const source = this.#copies.get(namespaces.plural)?.from.get(name);
    const present = this.#netNamespaces.get(name);
    if (source === undefined) return this.#bring(netNamespaces, undefined, present);
    const isMulticast = source.metadata.annotations?.[ovnMulticast] === 'true';
    const annotations: Readonly<Record<string, string>> = isMulticast ? { [multicastAnnotation]: 'true' } : {};
    if (present === undefined) {
      const netid = name === 'default' ? 0 : this.#freeNetid();
      this.#giving.add(netid);
      const wanted: NetNamespaceObject = {
        apiVersion: 'network.openshift.io/v1',
        kind: 'NetNamespace',
        metadata: { name, annotations },
        netname: name,
        netid,
      };
      await this.#bring(netNamespaces, wanted, undefined).catch((error: unknown) => {
        this.#giving.delete(netid);
        throw error;
      });
    } else if ((present.metadata.annotations?.[multicastAnnotation] === 'true') !== isMulticast) {
      const body = { metadata: { annotations: { [multicastAnnotation]: isMulticast ? 'true' : null } } };
      await this.#deps.underlay.patch(netNamespaces, { name }, body, { type: 'merge', ...manager });
    }
    this.#egress.look();
  }

  #freeNetid(): number {
    const taken = new Set([...this.#netNamespaces.list().map(({ netid }) => netid), ...this.#giving]);
    let netid = 1_000;
    while (taken.has(netid)) netid += 1;
    return netid;
  }

  async #hostSubnet(name: string): Promise<void> {
    const node = this.#copies.get(nodes.plural)?.from.get(name);
    const [hostIP] = node === undefined ? [] : internalIPs(node);
    const subnet = node === undefined ? undefined : subnetOf(node);
    const present = this.#hostSubnets.get(name);
    const wanted: HostSubnetObject | undefined =
      hostIP === undefined || subnet === undefined
        ? undefined
        : { apiVersion: 'network.openshift.io/v1', kind: 'HostSubnet', metadata: { name }, host: name, hostIP, subnet };
    if (wanted === undefined && node !== undefined) return;
    await this.#bring(hostSubnets, wanted, present, 'host', 'hostIP', 'subnet');
    this.#egress.look();
  }
}

/** Runs until the signal aborts. */
export async function runMirror(deps: MirrorDeps, signal: AbortSignal): Promise<void> {
  await new Mirror(deps, signal).run();
}
