/** This host's side of the node: the connection to Open vSwitch, the bridge, tun0, the uplink, the routing guard. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../io/log.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import { connectRpc, type RpcConnection } from '../../io/programs/jsonrpc.ts';
import type { ClusterNetwork } from '../../model/objects/clusternetwork.ts';
import type { Ip } from '../../model/values/address.ts';
import type { ClusterView } from '../cluster/feed.ts';
import { readLinks } from '../cni/attach.ts';
import { addPodPort, type AttachedPod, attachedPods, keptLimit, removeLimit } from '../cni/pods.ts';
import { deleteConnectionsOf } from '../conntrack/delete.ts';
import { findUplink, gatewaysOf, type Uplink } from '../links/addresses.ts';
import { configureGuardRoutes, configureGuardRules } from '../links/guard.ts';
import { hasDevice, type PresentAddresses } from '../links/present.ts';
import { configureTun, isTunConfigured, vxlanOverhead } from '../links/tun.ts';
import { Bridge, ensureBridge, missingOperations, removePort } from '../ovs/bridge.ts';
import { Ovsdb } from '../ovs/ovsdb.ts';
import { bridge, tunDevice } from '../ovs/pipeline.ts';
import { gatewayOf, podMac } from '../values/addressing.ts';
import type { Datapath, Networks, NodeFacts } from '../values/facts.ts';
import { GuardedCopy } from '../values/guarded-copy.ts';

export interface HostOptions {
  readonly nodeName: string;
  readonly ovsRunDir: string;
  readonly ovsdbSocket: string;
  readonly datapath: Datapath | 'auto';
  readonly masqueradeBit: number | undefined;
  readonly firstAvailable: boolean;
}

export interface HostDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  readonly addresses: PresentAddresses;
  /** Something in Open vSwitch changed. */
  readonly changed: () => void;
  /** ovs-vswitchd ended, and its state is lost. */
  readonly lost: () => void;
  /** The host is being set up again: what was read before may be wrong. */
  readonly rebuilding: () => void;
}

/** The facts about the host after it was set up for a view of the cluster. */
export interface Prepared {
  readonly facts: NodeFacts;
  readonly networks: Networks;
  readonly uplink: Uplink;
  /** Next hops of the node's routes. */
  readonly gateways: ReadonlySet<Ip>;
  readonly mtu: number;
  readonly ovsdb: Ovsdb;
}

/** The kernel's datapath if the kernel has it. */
function detectDatapath(): Datapath {
  return existsSync('/sys/module/openvswitch') ? 'system' : 'netdev';
}

/** Milliseconds for which ending connections in Open vSwitch may take. */
const flushPatience = 1_000;

function networksOf(network: ClusterNetwork): Networks {
  const { networks, serviceNetwork, mode, vxlanPort } = network;
  return { cluster: networks.map(({ cidr }) => cidr), service: serviceNetwork, mode, vxlanPort };
}

export class Host {
  readonly bridge: Bridge;
  readonly #options: HostOptions;
  readonly #deps: HostDeps;
  readonly #datapath: Datapath;
  #ovsdb: Promise<Ovsdb> | undefined;
  #switch: RpcConnection | undefined;
  #isClosed = false;
  /** The nodes that the routing guard lets through, as text. */
  readonly #guarded = new GuardedCopy<string>();
  readonly #prepared = new GuardedCopy<{ readonly for: string; readonly value: Prepared }>();
  /** Sandboxes whose port is on the bridge and must stay there. */
  #ports = new Set<string>();
  /** Sandboxes whose port is being worked on. */
  readonly #busy = new Set<string>();
  /** Resolves when lost ports have been restored. */
  #reattaching: Promise<unknown> = Promise.resolve();

  constructor(options: HostOptions, deps: HostDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#datapath = options.datapath === 'auto' ? detectDatapath() : options.datapath;
    this.bridge = new Bridge(deps.exec, options.ovsRunDir, () => this.#dropCachedFlows());
  }

  /** The last result of `prepare`. */
  get prepared(): Prepared | undefined {
    return this.#prepared.value?.value;
  }

  /** Forgets the setup, so that the next `prepare` checks everything. */
  forget(): void {
    this.#prepared.forget();
    this.#guarded.forget();
  }

  /** Sets the host up for the current cluster where needed; throws with the reason if it cannot. */
  async prepare(view: ClusterView): Promise<Prepared> {
    const { exec, addresses } = this.#deps;
    const keep = this.#prepared.begin();
    const ovsdb = await this.connect();
    await this.#watchSwitch();
    const networks = networksOf(view.network);
    const listing = await addresses.read();
    const found = findUplink(listing, view.own.hostIP);
    if (!found.ok) throw new Error(found.error);
    const uplink = found.value;
    const mtu = view.network.mtu ?? uplink.mtu - vxlanOverhead;
    const facts = this.#facts(view);
    const options = { datapath: this.#datapath, vxlanPort: networks.vxlanPort, mtu, mac: facts.tunMac };
    const uuid = ovsdb.find('Bridge', bridge)?.uuid;
    const wanted = JSON.stringify([facts, mtu, uplink, networks, uuid], plain);
    const isDone =
      missingOperations(ovsdb, options).length === 0 &&
      isTunConfigured(listing, facts, mtu) &&
      !this.#hasLostPorts(ovsdb);
    const prepared = this.#prepared.value;
    if (isDone && prepared?.for === wanted) {
      await this.#guardNodes(view, networks);
      return prepared.value;
    }
    this.#deps.rebuilding();
    this.#checkMtu(mtu, uplink);
    await this.#removeLostTun(ovsdb);
    await ensureBridge(ovsdb, options);
    await this.bridge.matchFragments();
    const reattaching = this.#reattach(ovsdb);
    this.#reattaching = reattaching.catch(() => undefined);
    await reattaching;
    await configureTun(exec, facts, networks, mtu);
    this.#guarded.forget();
    await this.#guardNodes(view, networks);
    await configureGuardRules(exec);
    const gateways = gatewaysOf(await must(exec, 'ip', ['-j', '-4', 'route', 'show']));
    addresses.forget();
    const value: Prepared = { facts, networks, uplink, gateways, mtu, ovsdb };
    keep({ for: JSON.stringify([facts, mtu, uplink, networks, ovsdb.find('Bridge', bridge)?.uuid], plain), value });
    return value;
  }

  /**
   * Open vSwitch does not recreate the device of a port that somebody deleted. Removing the port and adding it again
   * does.
   */
  async #removeLostTun(ovsdb: Ovsdb): Promise<void> {
    const isThere = await hasDevice(tunDevice);
    const gone = isThere ? [] : removePort(ovsdb, tunDevice);
    if (gone.length > 0) await ovsdb.configure(gone);
  }

  /** Lets pods reach the nodes, and nobody else in the nodes' network, when the nft tables are lost. */
  async #guardNodes({ own, remotes }: ClusterView, networks: Networks): Promise<void> {
    const keep = this.#guarded.begin();
    const nodes = [own.hostIP, ...remotes.map(({ nodeIP }) => nodeIP)];
    const wanted = nodes.join();
    if (this.#guarded.value === wanted) return;
    await configureGuardRoutes(this.#deps.exec, networks, nodes);
    keep(wanted);
  }

  #facts({ own }: ClusterView): NodeFacts {
    const gateway = gatewayOf(own.subnet);
    return {
      name: this.#options.nodeName,
      nodeIP: own.hostIP,
      subnet: own.subnet,
      gateway,
      // always the same, so that pods that know it still reach the node after the bridge was recreated
      tunMac: podMac(gateway),
      datapath: this.#datapath,
      masqueradeBit: this.#options.masqueradeBit,
      firstAvailable: this.#options.firstAvailable,
    };
  }

  /** Works on the port of a sandbox while nobody restores that port. */
  async onPort<T>(sandbox: string, work: (ovsdb: Ovsdb) => Promise<T>): Promise<T> {
    this.#busy.add(sandbox);
    this.#ports.delete(sandbox);
    try {
      await this.#reattaching;
      return await work(await this.connect());
    } finally {
      this.#busy.delete(sandbox);
    }
  }

  /** Whether a port disappeared although nobody removed it. */
  #hasLostPorts(ovsdb: Ovsdb): boolean {
    const attached = attachedPods(ovsdb)
      .map(({ sandbox }) => sandbox)
      .filter((sandbox) => !this.#busy.has(sandbox));
    const before = this.#ports;
    this.#ports = new Set(attached);
    return [...before].some((sandbox) => !this.#ports.has(sandbox));
  }

  /**
   * Flushes the userspace datapath's flow cache. Open vSwitch 3.1.0 may keep a cache entry with old actions after a
   * change for as long as packets use it (its revalidator compares with a newer copy that the datapath never got).
   */
  async #dropCachedFlows(): Promise<void> {
    if (this.#datapath === 'netdev') await this.#switch?.call('revalidator/purge', []);
  }

  /** Ends all connections of a pod's address, in the kernel's conntrack and in Open vSwitch's. */
  async endConnections(pod: Ip): Promise<void> {
    await Promise.all([deleteConnectionsOf(this.#deps.exec, pod), this.forgetConnections(pod)]);
  }

  /**
   * Ends the connections of a pod's address in Open vSwitch's own conntrack, which only the userspace datapath has. An Open
   * vSwitch that does not answer, or is older than 3.1 and cannot select them, keeps them; then the VNID in their mark
   * keeps others out.
   */
  async forgetConnections(pod: Ip): Promise<void> {
    const daemon = this.#switch;
    if (this.#datapath !== 'netdev' || daemon === undefined) return;
    const flushed = ['ct_nw_src', 'ct_nw_dst'].map((field) =>
      daemon.call('dpctl/flush-conntrack', [`${field}=${pod}`]),
    );
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error('Open vSwitch did not answer')), flushPatience);
    await Promise.race([Promise.all(flushed), late])
      .catch((error: unknown) =>
        this.#deps.logger.debug({ err: error, pod }, 'Open vSwitch keeps connections of a pod'),
      )
      .finally(() => clearTimeout(timer));
  }

  /** Closes all connections, which ends everything that waits for an answer. No new one is made. */
  close(): void {
    this.#isClosed = true;
    this.bridge.close();
    this.#ovsdb?.then((ovsdb) => ovsdb.close()).catch(() => undefined);
    this.#switch?.close();
  }

  /**
   * The MTU of pods comes from ClusterNetwork, else from the uplink. A larger value than the uplink allows is logged,
   * and used.
   */
  #checkMtu(mtu: number, uplink: Uplink): void {
    const most = uplink.mtu - vxlanOverhead;
    if (mtu > most) {
      this.#deps.logger.error(
        { mtu, most, device: uplink.device },
        'the MTU of ClusterNetwork "default" is more than the uplink carries: large packets between nodes are lost',
      );
    }
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

  /** The connection to OVSDB, opened if necessary; rejects if OVSDB does not answer. */
  connect(): Promise<Ovsdb> {
    if (this.#isClosed) return Promise.reject(new Error('the agent ends'));
    this.#ovsdb ??= this.#open().catch((error: unknown) => {
      this.#ovsdb = undefined;
      throw error;
    });
    return this.#ovsdb;
  }

  async #open(): Promise<Ovsdb> {
    const ovsdb = await Ovsdb.open(this.#options.ovsdbSocket);
    ovsdb.subscribe(this.#deps.changed);
    void ovsdb.closed.then(() => {
      this.#ovsdb = undefined;
      this.forget();
      this.#deps.lost();
    });
    return ovsdb;
  }

  /** Keeps ovs-vswitchd's control socket open: when it closes, the daemon has ended and all flows are gone. */
  async #watchSwitch(): Promise<void> {
    if (this.#switch !== undefined || this.#isClosed) return;
    const { ovsRunDir } = this.#options;
    const pid = (await readFile(join(ovsRunDir, 'ovs-vswitchd.pid'), 'utf8')).trim();
    const rpc = await connectRpc(join(ovsRunDir, `ovs-vswitchd.${pid}.ctl`));
    this.#switch = rpc;
    void rpc.closed.then(() => {
      this.#switch = undefined;
      this.forget();
      this.#deps.lost();
    });
    // an agent that was killed after its last bundle has not done this
    await this.#dropCachedFlows();
  }
}

/** JSON.stringify replacer: bigint to string. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
