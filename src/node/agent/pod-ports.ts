/**
 * The ports of pods on the bridge: puts back those that disappeared, and leaves alone those that are being worked on.
 */
import type { Logger } from '../../io/log.ts';
import type { Exec } from '../../io/programs/exec.ts';
import { readLinks } from '../cni/attach.ts';
import { addPodPort, type AttachedPod, attachedPods, keptLimit, removeLimit } from '../cni/pods.ts';
import type { Ovsdb } from '../ovs/ovsdb.ts';
import { removePort } from '../ovs/setup.ts';

export interface PodPortsDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  readonly connect: () => Promise<Ovsdb>;
}

export class PodPorts {
  readonly #deps: PodPortsDeps;
  /** Sandboxes whose port is on the bridge and must stay there. */
  #ports = new Set<string>();
  /** Sandboxes whose port is being worked on. */
  readonly #busy = new Set<string>();
  /** Resolves when lost ports have been restored. */
  #reattaching: Promise<unknown> = Promise.resolve();

  constructor(deps: PodPortsDeps) {
    this.#deps = deps;
  }

  /** Works on the port of a sandbox while nobody restores that port. */
  async workOn<T>(sandbox: string, work: (ovsdb: Ovsdb) => Promise<T>): Promise<T> {
    this.#busy.add(sandbox);
    this.#ports.delete(sandbox);
    try {
      await this.#reattaching;
      return await work(await this.#deps.connect());
    } finally {
      this.#busy.delete(sandbox);
    }
  }

  /** Whether a port disappeared although nobody removed it. */
  haveLost(ovsdb: Ovsdb): boolean {
    const attached = attachedPods(ovsdb)
      .map(({ sandbox }) => sandbox)
      .filter((sandbox) => !this.#busy.has(sandbox));
    const before = this.#ports;
    this.#ports = new Set(attached);
    return [...before].some((sandbox) => !this.#ports.has(sandbox));
  }

  /** Restores lost ports, and keeps work on ports waiting until then. */
  async restore(ovsdb: Ovsdb): Promise<void> {
    const reattaching = this.#reattach(ovsdb);
    this.#reattaching = reattaching.catch(() => undefined);
    await reattaching;
  }

  /**
   * Makes bridge and links agree on the pods, except those that are being worked on. A pod with a veth here that is not
   * on the bridge, as after it was recreated, is put back; one whose veth is gone, as after a reboot, is removed.
   */
  async #reattach(ovsdb: Ovsdb): Promise<void> {
    const before = attachedPods(ovsdb); // a pod gets its veth before it is on the bridge
    const { devices, pods: linked } = await readLinks(this.#deps.exec);
    await this.#forgetPods(
      ovsdb,
      before.filter(({ device }) => !devices.has(device)),
    );
    const attached = new Set(attachedPods(ovsdb).map(({ sandbox }) => sandbox));
    const lost = linked.filter(({ sandbox }) => !attached.has(sandbox) && !this.#busy.has(sandbox));
    if (lost.length === 0) return;
    const limits = await Promise.all(lost.map(({ device, sandbox }) => keptLimit(ovsdb, device, sandbox)));
    await ovsdb.configure([...lost.flatMap(({ device, ...pod }) => addPodPort(device, pod)), ...limits.flat()]);
    this.#deps.logger.warn(
      { pods: lost.map(({ namespace, ip }) => `${namespace}/${ip}`) },
      'pods put back on the bridge',
    );
  }

  async #forgetPods(ovsdb: Ovsdb, pods: readonly AttachedPod[]): Promise<void> {
    const gone = pods.filter(({ sandbox }) => !this.#busy.has(sandbox));
    if (gone.length === 0) return;
    for (const { sandbox } of gone) this.#ports.delete(sandbox);
    await ovsdb.transact(
      gone.flatMap(({ device, sandbox }) => [...removePort(ovsdb, device), ...removeLimit(device, sandbox)]),
    );
    const named = gone.map(
      ({ namespace, name, sandbox, ip }) => `${namespace}/${name === '' ? sandbox : name} (${ip})`,
    );
    this.#deps.logger.warn({ pods: named }, 'pods whose interface is gone from this machine are forgotten');
  }
}
