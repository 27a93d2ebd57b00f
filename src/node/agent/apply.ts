/**
 * Brings bridge, nft and addresses of one node to a plan, in an order in which no packet takes a wrong path in between:
 * an address exists before anything is translated to it, a pod is restricted before its flows change, and removals go
 * in reverse order. The sweeper ends connections separately. The present state is read, not remembered: `forget` drops
 * the copies held here whenever they may be wrong.
 */
import type { Logger } from '../../io/log.ts';
import type { Exec } from '../../io/programs/exec.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import { addressCommands, oursAmong, planAddresses, type Uplink } from '../links/addresses.ts';
import type { Announcer } from '../links/arp.ts';
import { ipBatch } from '../links/ip.ts';
import type { LinkAddress } from '../links/links.ts';
import type { PresentAddresses } from '../links/present.ts';
import { promoting, takeOff } from '../links/promotion.ts';
import { DrainWriter } from '../nft/drain-writer.ts';
import { contentOf } from '../nft/elements.ts';
import type { NftChains, NftTable } from '../nft/table.ts';
import { finerChainCommands } from '../nft/vocabulary.ts';
import type { Bridge } from '../ovs/openflow/bridge.ts';
import type { Outgoing } from '../ovs/openflow/connection.ts';
import {
  asWeWrite,
  bundleMessages,
  changeMessages,
  type PlannedContent,
  wantedContent,
} from '../ovs/openflow/content.ts';
import type { Limits, NodePlan } from '../plan/node.ts';
import { GuardedCopy } from '../values/guarded-copy.ts';
import { Meters } from './meters.ts';

export interface ApplyDeps {
  readonly exec: Exec;
  readonly bridge: Bridge;
  readonly nft: NftTable;
  readonly logger: Logger;
  readonly addresses: PresentAddresses;
  readonly announcer: Announcer;
}

/** The parts that stay the same from plan to plan. */
export interface ApplyContext {
  readonly chains: NftChains;
  /** The commands that make the table for egress IPs that drain; undefined if none does. */
  readonly drainTable: readonly string[] | undefined;
  readonly uplink: Uplink;
  readonly nodeIP: Ip;
}

/** What one pass changed. */
export interface Applied {
  /** How many flows and groups were added, changed or deleted. */
  readonly changes: number;
  /** Whether the nft tables were written again. */
  readonly isRewritten: boolean;
  readonly hosted: readonly Ip[];
  readonly released: readonly Ip[];
}

export class Applier {
  readonly #deps: ApplyDeps;
  /** What the last plan put on the bridge. */
  readonly #bridge = new GuardedCopy<PlannedContent>();
  readonly #drains: DrainWriter;
  readonly #meters: Meters;

  constructor(deps: ApplyDeps) {
    this.#deps = deps;
    this.#drains = new DrainWriter(deps.exec, deps.logger);
    this.#meters = new Meters(deps.bridge);
  }

  /** Makes the next pass read bridge, nft and addresses again. */
  forget(): void {
    this.forgetBridge();
    this.forgetNft();
    this.#deps.addresses.forget();
  }

  /** The host is being set up: makes the next pass compare bridge, chains and addresses. */
  rebuilding(): void {
    this.forgetBridge();
    this.#deps.nft.doubtChains();
    this.#deps.addresses.forget();
  }

  /** Makes the next pass read nft again. */
  forgetNft(): void {
    this.#deps.nft.forget();
    this.#drains.forget();
  }

  /** Makes the next pass read the bridge again. */
  forgetBridge(): void {
    this.#bridge.forget();
    this.#meters.forget();
  }

  /** Whether `restrict` need not read nft first. */
  get knowsNft(): boolean {
    return this.#deps.nft.isKnown;
  }

  /**
   * Restricts pods and withdraws addresses at once, to the limits, using only nft and the links: this needs neither
   * Open vSwitch nor a plan, and lets nothing more pass. Returns whether anything changed.
   */
  async restrict(limits: Limits): Promise<boolean> {
    const { nft } = this.#deps;
    const [restricted] = await Promise.allSettled([
      nft.restrict(contentOf(limits), finerChainCommands(limits.finerRules)),
    ]);
    const isWithdrawn = await this.#withdraw(limits.hosted);
    if (restricted.status === 'fulfilled') return restricted.value || isWithdrawn;
    nft.forget();
    throw restricted.reason;
  }

  /** Removes egress IPs other than these; returns whether there were any. */
  async #withdraw(hosted: ReadonlySet<Ip>): Promise<boolean> {
    const surplus = oursAmong(await this.#deps.addresses.list()).filter(({ ip }) => !hosted.has(ip));
    await this.#takeOff(surplus);
    return surplus.length > 0;
  }

  /**
   * Makes the meters that the next plan's flows may use; returns why the switch does not have those of some VNIDs, which
   * the plan must do without. Throws if it does not answer.
   */
  async limit(wanted: NodePlan['meters']): Promise<ReadonlyMap<Vnid, string>> {
    try {
      return await this.#meters.make(wanted);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Applies the plan; throws if a step failed, and then the next pass reads the present state again. */
  async apply(plan: NodePlan, context: ApplyContext): Promise<Applied> {
    try {
      return await this.#apply(plan, context);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  async #apply(plan: NodePlan, context: ApplyContext): Promise<Applied> {
    const present = await this.#deps.addresses.list();
    const addresses = planAddresses(present, context.uplink, context.nodeIP, plan.addresses);
    await this.#deps.addresses.claim(context.uplink.device, [
      ...addresses.add,
      ...addresses.behind.map(({ ip }) => ip),
    ]);
    const commands = addressCommands(addresses, context.uplink);
    await this.#changeAddresses(commands.add);
    if (commands.behind.length > 0)
      await promoting(context.uplink.device, () => this.#changeAddresses(commands.behind));
    const nft = contentOf(plan.nft);
    const isRewritten = await this.#deps.nft.add(context.chains, nft);
    await this.#drains.apply(context.drainTable);
    const changes = await this.#applyBundle(plan);
    await this.#deps.nft.remove(context.chains, nft);
    await this.#takeOff(addresses.remove);
    for (const ip of addresses.add) this.#deps.announcer.add(context.uplink.device, ip);
    const released = addresses.remove.map(({ ip }) => ip);
    return { changes, isRewritten, hosted: addresses.add, released };
  }

  async #changeAddresses(commands: readonly string[]): Promise<void> {
    if (commands.length === 0) return;
    const { exec, addresses } = this.#deps;
    await ipBatch(exec, commands, '-force').finally(() => addresses.forget());
  }

  /** Removes addresses from their devices and stops announcing them. */
  async #takeOff(gone: readonly LinkAddress[]): Promise<void> {
    if (gone.length === 0) return;
    const { exec, addresses, announcer } = this.#deps;
    for (const { ip } of gone) announcer.remove(ip);
    await takeOff(exec, gone).finally(() => addresses.forget());
    await addresses.release(gone);
  }

  /** The messages that turn what is on the bridge into what is wanted. */
  async #whatDiffers({ flows, groups }: NodePlan): Promise<Outgoing[]> {
    const wanted = wantedContent(flows, groups);
    return bundleMessages(asWeWrite(await this.#deps.bridge.read(), wanted), wanted);
  }

  async #applyBundle(plan: NodePlan): Promise<number> {
    const wanted = { parts: new Set(plan.parts), groups: plan.groups };
    const keep = this.#bridge.begin();
    const before = this.#bridge.value;
    const messages = before === undefined ? await this.#whatDiffers(plan) : changeMessages(before, wanted);
    if (messages.length > 0) await this.#deps.bridge.apply(messages);
    keep(wanted);
    await this.#meters.keepOnly(plan.meters);
    return messages.length;
  }
}
