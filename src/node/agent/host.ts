/** This host's side of the node: Open vSwitch with the bridge and its ports, tun0, the uplink, the routing guard. */
import { whenAborted } from '../../io/async/when-aborted.ts';
import type { Logger } from '../../io/log.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import type { ClusterNetwork } from '../../model/objects/clusternetwork.ts';
import type { PortRange } from '../../model/objects/well-known.ts';
import type { Ip } from '../../model/values/address.ts';
import type { ClusterView } from '../cluster/feed.ts';
import { findUplink, gatewaysOf, type Uplink } from '../links/addresses.ts';
import { configureGuardRoutes, configureGuardRules } from '../links/guard.ts';
import { hasDevice, type PresentAddresses } from '../links/present.ts';
import { configureTun, isTunConfigured, vxlanOverhead } from '../links/tun.ts';
import { drainTable } from '../nft/drain-table.ts';
import { renderBase } from '../nft/ruleset.ts';
import type { NftChains } from '../nft/table.ts';
import type { Ovsdb } from '../ovs/ovsdb.ts';
import { bridge, tunDevice } from '../ovs/pipeline.ts';
import { ensureBridge, missingOperations, removePort } from '../ovs/setup.ts';
import type { NodePlan } from '../plan/node.ts';
import { gatewayOf, podMac } from '../values/addressing.ts';
import type { Datapath, Networks, NodeFacts } from '../values/facts.ts';
import { GuardedCopy } from '../values/guarded-copy.ts';
import { memoizedPair } from '../values/memo.ts';
import type { ApplyContext } from './apply.ts';
import { OpenVswitch, type OpenVswitchOptions } from './open-vswitch.ts';
import { PodPorts } from './pod-ports.ts';

export interface HostOptions extends OpenVswitchOptions {
  readonly nodeName: string;
  readonly masqueradeBit: number | undefined;
  readonly nodePorts: PortRange;
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
  /** Somebody else changed flows of br0. */
  readonly flowsChanged: () => void;
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

function networksOf(network: ClusterNetwork): Networks {
  const { networks, serviceNetwork, mode, vxlanPort } = network;
  return { cluster: networks.map(({ cidr }) => cidr), service: serviceNetwork, mode, vxlanPort };
}

/** The chains of a host that was set up. */
const chainsOf = memoizedPair(
  ({ facts, networks, uplink }: Prepared, finerRules: NodePlan['finerRules']): NftChains => ({
    text: renderBase({ ...facts, ...networks, uplink, finerRules }),
    datapath: facts.datapath,
  }),
);

/** What stays the same from plan to plan, and the table for egress IPs that drain. */
export function contextOf(prepared: Prepared, plan: NodePlan): ApplyContext {
  const { facts, networks, uplink } = prepared;
  const left = plan.nft.draining.map(({ source }) => source);
  const base = { ...facts, ...networks, uplink, finerRules: plan.finerRules };
  return {
    chains: chainsOf(prepared, plan.finerRules),
    drainTable: drainTable(base, { moved: plan.moved, left }),
    ...{ uplink, nodeIP: facts.nodeIP },
  };
}

interface Opened {
  readonly ovsdb: Ovsdb;
  readonly datapath: Datapath;
}

export class Host {
  readonly openVswitch: OpenVswitch;
  readonly ports: PodPorts;
  readonly #options: HostOptions;
  readonly #deps: HostDeps;
  /** The nodes that the routing guard lets through, as text. */
  readonly #guarded = new GuardedCopy<string>();
  /** Open vSwitch while it is being connected. */
  #opening: Promise<Opened> | undefined;
  readonly #prepared = new GuardedCopy<{ readonly for: string; readonly value: Prepared }>();

  constructor(options: HostOptions, deps: HostDeps) {
    const { exec, logger, changed, lost, flowsChanged } = deps;
    this.#options = options;
    this.#deps = deps;
    this.openVswitch = new OpenVswitch(options, {
      exec,
      logger,
      changed,
      flowsChanged,
      lost: () => {
        this.forget();
        lost();
      },
    });
    this.ports = new PodPorts({ exec, logger, connect: () => this.openVswitch.connect() });
  }

  /** The last result of `prepare`. */
  get prepared(): Prepared | undefined {
    return this.#prepared.value?.value;
  }

  /**
   * Begins what `prepare` does whatever the cluster is like; if that fails, `prepare` says so. When the signal aborts,
   * all connections to Open vSwitch end.
   */
  begin(signal: AbortSignal): void {
    whenAborted(signal, () => this.openVswitch.close());
    this.#open().catch(() => undefined);
  }

  #open(): Promise<Opened> {
    return (this.#opening ??= this.#connect().finally(() => (this.#opening = undefined)));
  }

  async #connect(): Promise<Opened> {
    const ovsdb = await this.openVswitch.connect();
    const datapath = await this.openVswitch.datapath(ovsdb);
    await this.openVswitch.watch();
    return { ovsdb, datapath };
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
    const { ovsdb, datapath } = await this.#open();
    const networks = networksOf(view.network);
    const links = await addresses.links();
    const found = findUplink(links, view.own.hostIP, view.own.cloud?.network);
    if (!found.ok) throw new Error(found.error);
    const uplink = found.value;
    const mtu = view.network.mtu ?? uplink.mtu - vxlanOverhead;
    const facts = this.#facts(view, datapath);
    const options = { datapath, vxlanPort: networks.vxlanPort, mtu, mac: facts.tunMac };
    const uuid = ovsdb.find('Bridge', bridge)?.uuid;
    const wanted = JSON.stringify([facts, mtu, uplink, networks, uuid], plain);
    const isDone =
      missingOperations(ovsdb, options).length === 0 &&
      isTunConfigured(links, facts, mtu) &&
      !this.ports.haveLost(ovsdb);
    const prepared = this.#prepared.value;
    if (isDone && prepared?.for === wanted) {
      await this.#guardNodes(view, networks);
      return prepared.value;
    }
    this.#deps.rebuilding();
    this.#checkMtu(mtu, uplink);
    await this.#removeLostTun(ovsdb);
    await ensureBridge(ovsdb, options);
    await this.openVswitch.bridge.matchFragments();
    await this.ports.restore(ovsdb);
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

  #facts({ own }: ClusterView, datapath: Datapath): NodeFacts {
    const gateway = gatewayOf(own.subnet);
    return {
      name: this.#options.nodeName,
      nodeIP: own.hostIP,
      subnet: own.subnet,
      gateway,
      // always the same, so that pods that know it still reach the node after the bridge was recreated
      tunMac: podMac(gateway),
      datapath,
      masqueradeBit: this.#options.masqueradeBit,
      nodePorts: this.#options.nodePorts,
      firstAvailable: this.#options.firstAvailable,
    };
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
}

/** JSON.stringify replacer: bigint to string. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
