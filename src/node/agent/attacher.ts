/** Attaches pods to br0 and detaches them. OVSDB is the record. Both operations are idempotent by sandbox ID. */
import type { Logger } from '../../io/log.ts';
import type { Exec, RunResult } from '../../io/programs/exec.ts';
import type { PodObject } from '../../model/objects/raw.ts';
import { compareIps, type Ip } from '../../model/values/address.ts';
import { asList, parseJson } from '../../model/values/json.ts';
import { messageOf } from '../../model/values/message-of.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { makeLink, removeLink } from '../cni/attach.ts';
import { type Attempt, Attempts, type Caller } from '../cni/attempts.ts';
import { limitSending, parseBandwidth } from '../cni/bandwidth.ts';
import { collect, leftWords } from '../cni/collect.ts';
import type { LinkedPods } from '../cni/linked.ts';
import { addMacvlan, macvlanOf } from '../cni/macvlan.ts';
import {
  addPodPort,
  type AttachedPod,
  attachedPods,
  keepLastAddress,
  lastAddress,
  limitPort,
  nextAddress,
  removeLimit,
} from '../cni/pods.ts';
import type { CniRequest, CniResult } from '../cni/server.ts';
import { addressesOf, linksOf } from '../links/links.ts';
import { hostDevice } from '../links/veth.ts';
import type { Ovsdb } from '../ovs/ovsdb.ts';
import { removePort } from '../ovs/setup.ts';
import { podMac } from '../values/addressing.ts';
import type { Host, Prepared } from './host.ts';

export interface AttacherDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  readonly host: Host;
  /** The pods by their links, which change with each pod. */
  readonly linked: Pick<LinkedPods, 'forget'>;
  readonly vnidOf: (namespace: string) => Vnid | undefined;
  /** Resolves after a whole pass over the node that began after the call has succeeded. */
  readonly applied: () => Promise<void>;
  /** Resolves once all NetworkPolicies are in force as they are written. */
  readonly policiesInForce: () => Promise<void>;
  /** The Pod object; undefined if there is none of that name. */
  readonly podOf: (namespace: string, name: string) => Promise<PodObject | undefined>;
  /** Tells users that what the pod asks for cannot be done. */
  readonly refused: (pod: PodObject, reason: string) => void;
  /** Whether a pass has succeeded. */
  readonly ready: () => boolean;
}

/** Milliseconds for which a new pod waits for its NetNamespace, and then for its flows. */
const patience = 30_000;
const poll = 20;

export class PodAttacher {
  readonly #deps: AttacherDeps;
  /** Addresses of pods whose port is not in OVSDB yet. */
  readonly #pending = new Set<Ip>();
  readonly #attempts = new Attempts();
  #last: Ip | undefined;

  constructor(deps: AttacherDeps) {
    this.#deps = deps;
  }

  /** Handles a CNI request while its caller waits; throws with the reason in words for the runtime's log. */
  async handle(request: CniRequest, caller: AbortSignal): Promise<CniResult | undefined> {
    switch (request.command) {
      case 'ADD':
        return this.#attach(request, caller);
      case 'DEL':
        await this.#detach(request);
        return undefined;
      case 'CHECK':
        await this.#check(request);
        return undefined;
      case 'GC':
        await this.#collect(request.network, new Set(request.valid));
        return undefined;
      case 'STATUS':
        if (!this.#deps.ready()) throw new Error('the node is not ready yet');
        return undefined;
    }
  }

  /**
   * Attaches a pod, or fails and leaves nothing behind. The runtime sends a DEL after every ADD that failed, also after
   * one that it killed. The DEL may arrive before the ADD has ended; after it, the ADD must make nothing more.
   */
  async #attach(request: CniRequest, caller: AbortSignal): Promise<CniResult> {
    const { sandbox, namespace, name } = request;
    const work = (attempt: Attempt): Promise<CniResult> => this.#attempt(request, attempt);
    const undo = async (): Promise<void> => {
      const about = { sandbox, pod: `${namespace}/${name}` };
      await this.#remove(sandbox).then(
        () => this.#deps.logger.info(about, 'what a failed ADD made is removed'),
        (error: unknown) =>
          this.#deps.logger.warn({ ...about, err: error }, 'what a failed ADD made is left to the DEL'),
      );
    };
    return this.#attempts.run(request, caller, { work, undo });
  }

  async #attempt(request: CniRequest, attempt: Attempt): Promise<CniResult> {
    const pod = `pod ${request.namespace}/${request.name}`;
    const { host, vnidOf, applied, policiesInForce } = this.#deps;
    const { signal } = attempt;
    try {
      const prepared = await this.#await(() => host.prepared, 'the node is not ready yet', signal);
      await this.#await(() => vnidOf(request.namespace), `namespace ${request.namespace} has no NetNamespace`, signal);
      await within(policiesInForce(), 'the pods that NetworkPolicies select were not known', signal);
      const ip = await this.#attempts.inTurn(request.sandbox, () => {
        signal.throwIfAborted();
        return host.ports.workOn(request.sandbox, (ovsdb) => this.#plugged(prepared, ovsdb, { request, attempt }));
      });
      await within(applied(), 'its flows were not there', signal);
      const { facts, networks, mtu } = prepared;
      const inside = networks.cluster.map(({ text }) => text);
      return { ip, prefixLength: facts.subnet.length, gateway: facts.gateway, mac: podMac(ip), mtu, networks: inside };
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      throw new Error(`${pod}: ${reason instanceof Error ? reason.message : String(reason)}`, { cause: error });
    }
  }

  /** Plugs the pod into the bridge and returns its address. */
  async #plugged(
    prepared: Prepared,
    ovsdb: Ovsdb,
    { request, attempt }: { readonly request: CniRequest; readonly attempt: Attempt },
  ): Promise<Ip> {
    const present = attachedPods(ovsdb).find(({ sandbox }) => sandbox === request.sandbox);
    if (present !== undefined && isWhole(present, request) && (await this.#isInside(request, present.ip)))
      return present.ip;
    if (present !== undefined) await this.#unplug(request.sandbox, ovsdb);
    const ip = this.#take(prepared, ovsdb);
    attempt.making();
    try {
      await this.#plug(prepared, ovsdb, request, ip);
    } finally {
      this.#pending.delete(ip);
    }
    return ip;
  }

  /** Whether the interface in the pod's network namespace has the address. A sandbox that is made again has another one. */
  async #isInside({ netns, device }: CniRequest, ip: Ip): Promise<boolean> {
    const { status, stdout } = await this.#deps.exec('nsenter', [
      ...[`--net=${netns}`, '--', 'ip', '-j', '-4'],
      ...['addr', 'show', 'dev', device],
    ]);
    return status === 0 && addressesOf(linksOf(stdout)).some((one) => one.ip === ip);
  }

  #take({ facts }: Prepared, ovsdb: Ovsdb): Ip {
    const pods = attachedPods(ovsdb);
    const used = new Set([...pods.map(({ ip }) => ip), ...this.#pending]);
    const free = nextAddress(facts.subnet, used, this.#last ?? lastAddress(ovsdb) ?? highest(pods));
    if (!free.ok) throw new Error(free.error);
    this.#last = free.value;
    this.#pending.add(free.value);
    return free.value;
  }

  async #plug({ facts, networks, mtu }: Prepared, ovsdb: Ovsdb, request: CniRequest, ip: Ip): Promise<void> {
    const host = hostDevice(request.sandbox);
    const { sandbox, network, netns, device, namespace, name, uid } = request;
    const pod = (await this.#deps.podOf(namespace, name)) ?? { metadata: {} };
    const macvlan = macvlanOf(pod);
    if (!macvlan.ok) throw this.#refusal(pod, macvlan.error);
    const limits = parseBandwidth(pod.metadata.annotations ?? {});
    if (!limits.ok) throw new Error(limits.error);
    await Promise.all([
      makeLink(this.#deps.exec, facts, networks, {
        ...{ netns, device, ip, mtu, host, sandbox, network, namespace, uid },
      }).finally(() => this.#deps.linked.forget()),
      // somebody may have gone on sending to the last pod with this address after that was detached
      this.#deps.host.openVswitch.endConnections(ip),
    ]);
    if (macvlan.value !== undefined)
      await addMacvlan(this.#deps.exec, macvlan.value, netns).catch((error: unknown) => {
        throw this.#refusal(pod, messageOf(error));
      });
    const { ingress, egress } = limits.value;
    await limitSending(this.#deps.exec, egress, { netns, device });
    const limit = ingress === undefined ? [] : limitPort(host, sandbox, ingress);
    await ovsdb.configure([
      ...removePort(ovsdb, host),
      ...removeLimit(host, sandbox),
      ...addPodPort(host, { sandbox, network, namespace, name, uid, ip }),
      // not this pod's: one that took its address later may have been plugged in earlier
      ...keepLastAddress(this.#last ?? ip),
      ...limit,
    ]);
    await ovsdb.until(() => attachedPods(ovsdb).some((pod) => pod.sandbox === sandbox && pod.ofport > 0), 5_000);
  }

  #refusal(pod: PodObject, reason: string): Error {
    if (pod.metadata.name !== undefined) this.#deps.refused(pod, reason);
    return new Error(reason);
  }

  /** Throws if the pod is not on the bridge, has no veth, or lacks its address or its route to the outside. */
  async #check({ sandbox, netns, device, namespace, name }: CniRequest): Promise<void> {
    const pod = attachedPods(await this.#deps.host.openVswitch.connect()).find((one) => one.sandbox === sandbox);
    if (pod === undefined || pod.ofport === 0) throw new Error(`pod ${namespace}/${name} is not on the bridge`);
    const inPod = (...args: string[]): Promise<RunResult> =>
      this.#deps.exec('nsenter', [`--net=${netns}`, '--', 'ip', '-j', '-4', ...args, 'dev', device]);
    const shown = await inPod('addr', 'show');
    if (shown.status !== 0)
      throw new Error(`pod ${namespace}/${name} has no interface ${device}: ${shown.stderr.trim()}`);
    if (!addressesOf(linksOf(shown.stdout)).some(({ ip }) => ip === pod.ip))
      throw new Error(`pod ${namespace}/${name}: ${device} does not have ${pod.ip}`);
    const routes = await inPod('route', 'show', 'default');
    if (routes.status !== 0 || asList(parseJson(routes.stdout.trim() || '[]')).length === 0)
      throw new Error(`pod ${namespace}/${name} has no default route on ${device}`);
  }

  /** Detaches every pod of a network of the runtime that is neither valid nor being attached; throws if one stays. */
  async #collect(ofNetwork: string, valid: ReadonlySet<string>): Promise<void> {
    const attached = attachedPods(await this.#deps.host.openVswitch.connect());
    const stale = attached.filter(
      ({ network, sandbox }) => network === ofNetwork && !valid.has(sandbox) && !this.#attempts.has(sandbox),
    );
    const sandboxes = stale.map(({ sandbox }) => sandbox);
    const { removed, failed } = await collect(sandboxes, (sandbox) => this.#detach({ sandbox, began: -1 }));
    if (removed.length > 0) this.#deps.logger.info({ sandboxes: removed }, 'left-over attachments removed');
    if (failed.length > 0) throw new Error(leftWords(failed));
  }

  /** Removes everything the node has for a pod, and everything that a pending ADD would still make. */
  #detach(caller: Caller): Promise<void> {
    return this.#attempts.remove(caller, () => this.#remove(caller.sandbox));
  }

  /** Removes the veth first: a port without a veth is never restored. */
  async #remove(sandbox: string): Promise<void> {
    await this.#deps.host.ports.workOn(sandbox, (ovsdb) => this.#unplug(sandbox, ovsdb));
  }

  async #unplug(sandbox: string, ovsdb: Ovsdb): Promise<void> {
    const host = hostDevice(sandbox);
    const pod = attachedPods(ovsdb).find((one) => one.sandbox === sandbox);
    await removeLink(this.#deps.exec, host).finally(() => this.#deps.linked.forget());
    await ovsdb.transact([...removePort(ovsdb, host), ...removeLimit(host, sandbox)]);
    // the sweeper ends those of the kernel
    if (pod !== undefined) void this.#deps.host.openVswitch.forgetConnections(pod.ip);
  }

  async #await<T>(get: () => T | undefined, missing: string, signal: AbortSignal): Promise<T> {
    const end = performance.now() + patience;
    for (;;) {
      signal.throwIfAborted();
      const value = get();
      if (value !== undefined) return value;
      if (performance.now() > end) throw new Error(`${missing} (waited ${patience / 1000} s)`);
      await new Promise((resolve) => setTimeout(resolve, poll));
    }
  }
}

/**
 * Whether the ADD that plugged the pod in got to its end, by the name that is written last. A port that was put back has
 * none: its ADD may have died before the pod had its routes and its limits.
 */
function isWhole({ name }: AttachedPod, request: CniRequest): boolean {
  return name === request.name;
}

function highest(pods: readonly AttachedPod[]): Ip | undefined {
  return pods
    .map(({ ip }) => ip)
    .toSorted(compareIps)
    .at(-1);
}

async function within(work: Promise<void>, missing: string, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const aborted = (): void => reject(signal.reason);
  const timer = setTimeout(() => reject(new Error(`${missing} (waited ${patience / 1000} s)`)), patience);
  signal.addEventListener('abort', aborted, { once: true });
  if (signal.aborted) aborted();
  await Promise.race([work, promise]).finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', aborted);
  });
}
