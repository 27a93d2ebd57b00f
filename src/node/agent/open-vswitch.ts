/** The connections to Open vSwitch: to its database, and to ovs-vswitchd, whose end means that all flows are gone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../io/log.ts';
import type { Exec } from '../../io/programs/exec.ts';
import { connectRpc, type RpcConnection } from '../../io/programs/jsonrpc.ts';
import type { Ip } from '../../model/values/address.ts';
import { deleteConnectionsOf } from '../conntrack/delete.ts';
import { chooseDatapath, type DatapathOption, kernelHasDatapath, presentDatapath } from '../ovs/datapath.ts';
import { Bridge } from '../ovs/openflow/bridge.ts';
import { Ovsdb } from '../ovs/ovsdb.ts';
import { bridge as bridgeName } from '../ovs/pipeline.ts';
import type { Datapath } from '../values/facts.ts';

export interface OpenVswitchOptions {
  readonly ovsRunDir: string;
  readonly ovsdbSocket: string;
  readonly datapath: DatapathOption;
}

export interface OpenVswitchDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  /** Something in the database changed. */
  readonly changed: () => void;
  /** Somebody else changed flows of br0. */
  readonly flowsChanged: () => void;
  /** A connection ended: Open vSwitch's state may be lost. */
  readonly lost: () => void;
}

/** Milliseconds for which ending connections in Open vSwitch may take. */
const flushPatience = 1_000;

export class OpenVswitch {
  readonly bridge: Bridge;
  readonly #options: OpenVswitchOptions;
  readonly #deps: OpenVswitchDeps;
  #ovsdb: Promise<Ovsdb> | undefined;
  #switch: RpcConnection | undefined;
  #datapath: Datapath | undefined;
  #isClosed = false;

  constructor(options: OpenVswitchOptions, deps: OpenVswitchDeps) {
    this.#options = options;
    this.#deps = deps;
    this.bridge = new Bridge({
      path: join(options.ovsRunDir, `${bridgeName}.mgmt`),
      applied: () => this.#dropCachedFlows(),
      changed: deps.flowsChanged,
      lost: deps.lost,
      deaf: (reason) =>
        deps.logger.info({ reason }, 'Open vSwitch does not tell who changes flows: they are read at each resync'),
    });
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
      this.#deps.lost();
    });
    return ovsdb;
  }

  /** The datapath of br0, the same for as long as the agent runs; throws if the one that br0 has is not there. */
  async datapath(ovsdb: Ovsdb): Promise<Datapath> {
    if (this.#datapath !== undefined) return this.#datapath;
    const { exec, logger } = this.#deps;
    const option = this.#options.datapath;
    const hasKernel = option === 'auto' && (await kernelHasDatapath(exec));
    const chosen = chooseDatapath(option, presentDatapath(ovsdb), hasKernel);
    if (!chosen.ok) throw new Error(chosen.error);
    logger.info(chosen.value, 'the datapath of br0');
    return (this.#datapath = chosen.value.datapath);
  }

  /** Keeps ovs-vswitchd's control socket open: when it closes, the daemon has ended and all flows are gone. */
  async watch(): Promise<void> {
    if (this.#switch !== undefined || this.#isClosed) return;
    const { ovsRunDir } = this.#options;
    const pid = (await readFile(join(ovsRunDir, 'ovs-vswitchd.pid'), 'utf8')).trim();
    const rpc = await connectRpc(join(ovsRunDir, `ovs-vswitchd.${pid}.ctl`));
    if (this.#hasEnded()) {
      rpc.close(); // nobody else would, and it keeps the process alive
      return;
    }
    this.#switch = rpc;
    void rpc.closed.then(() => {
      this.#switch = undefined;
      this.#deps.lost();
    });
    // an agent that was killed after its last bundle has not done this
    await this.#dropCachedFlows();
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
   * Ends the connections of a pod's address in Open vSwitch's own conntrack, which only the userspace datapath has. An
   * Open vSwitch that does not answer, or is older than 3.1 and cannot select them, keeps them; then the VNID in their
   * mark keeps others out.
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

  /** Whether `close` was called, perhaps while something was waited for. */
  #hasEnded(): boolean {
    return this.#isClosed;
  }

  /** Closes all connections, which ends everything that waits for an answer. No new one is made. */
  close(): void {
    this.#isClosed = true;
    this.bridge.close();
    this.#ovsdb?.then((ovsdb) => ovsdb.close()).catch(() => undefined);
    this.#switch?.close();
  }
}
