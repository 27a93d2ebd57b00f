/**
 * Brings bridge, nft, addresses and conntrack of one node to a plan, in the order that lets no packet take a wrong
 * way in between: an address is there before anything is translated to it, a pod is restricted before its flows
 * change, and what goes away goes in the reverse order. What is there is read, not remembered: the copies held here
 * are dropped by `forget` whenever they may be wrong.
 */
import { type Exec, must } from '../io/exec.ts';
import type { Logger } from '../io/log.ts';
import type { Cidr, Ip } from '../model/address.ts';
import { type Connection, deleteConnections, deletions, listConnections, type PodSources, staleConnections } from './conntrack.ts';
import { announce } from './links/arp.ts';
import { addressCommands, labelled, labelOf, parseAddresses, planAddresses, removalLines, type Uplink } from './links/addresses.ts';
import type { PresentAddresses } from './links/present.ts';
import { contentOf, type NftContent, translations } from './nft/elements.ts';
import type { NftElements } from './nft/ruleset.ts';
import { NftTable } from './nft/table.ts';
import type { NodePlan } from './plan/node.ts';
import type { Bridge } from './ovs/bridge.ts';
import { type BridgeContent, bundleLines, wantedContent } from './ovs/bundle.ts';
import { Remembered } from './remembered.ts';

export interface ApplyDeps {
  readonly exec: Exec;
  readonly bridge: Bridge;
  readonly addresses: PresentAddresses;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Also ends these connections in Open vSwitch's own conntrack; on the kernel's datapath there is none. */
  readonly endInSwitch: (connections: readonly Connection[]) => Promise<void>;
}

/** What stays the same from plan to plan. */
export interface ApplyContext {
  /** The nft table with its chains. */
  readonly nftBase: string;
  readonly uplink: Uplink;
  readonly nodeIP: Ip;
  /** Pod and service networks. */
  readonly inside: readonly Cidr[];
}

/** What one pass changed. */
export interface Applied {
  readonly bundleLines: number;
  readonly connectionsEnded: number;
  readonly hosted: readonly Ip[];
  readonly released: readonly Ip[];
}

const keyOf = ({ allowed, remote }: PodSources): string => `${allowed.join()} ${remote.join()}`;
const batch = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

export class Applier {
  readonly #deps: ApplyDeps;
  readonly #nft: NftTable;
  readonly #bridge = new Remembered<BridgeContent>();
  /** What the connections of each restricted pod have been checked against. */
  #checked = new Map<Ip, string>();
  /** Egress IPs no longer translated to, whose connections have not been ended yet. */
  readonly #givenUp = new Set<Ip>();

  constructor(deps: ApplyDeps) {
    this.#deps = deps;
    this.#nft = new NftTable(deps.exec);
  }

  /** Reads bridge, nft and addresses afresh at the next pass. */
  forget(): void {
    this.#bridge.forget();
    this.#nft.forget();
    this.#deps.addresses.forget();
  }

  /** Reads nft afresh at the next pass. */
  forgetNft(): void {
    this.#nft.forget();
  }

  /** To be called when a plan is begun: only what `close` is told from now on holds for it. */
  begin(): void {
    this.#nft.begin();
  }

  /**
   * Restricts pods and withdraws addresses at once, as the limits say, by nft and the links alone: it needs neither Open
   * vSwitch nor a plan, and nothing passes more than before. Whether there was something to do.
   */
  async close(limits: NftElements): Promise<boolean> {
    const wanted = contentOf(limits);
    const before = await this.#nft.close(wanted).catch((error: unknown) => {
      this.forgetNft();
      throw error;
    });
    if (before !== undefined) this.#giveUp(before, wanted);
    const surplus = labelled(parseAddresses(await this.#deps.addresses.read())).filter(({ ip }) => !limits.hosted.has(ip));
    await this.#changeAddresses(removalLines(surplus));
    return before !== undefined || surplus.length > 0;
  }

  /** Brings the node to the plan; throws when a step failed, and then the next pass starts from what is there. */
  async apply(plan: NodePlan, context: ApplyContext): Promise<Applied> {
    try {
      return await this.#apply(plan, context);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  async #apply(plan: NodePlan, context: ApplyContext): Promise<Applied> {
    const present = parseAddresses(await this.#deps.addresses.read());
    const addresses = planAddresses(present, context.uplink, plan.addresses);
    const label = labelOf(context.uplink.device);
    if (!label.ok && plan.addresses.size > 0) throw new Error(label.error);
    const commands = addressCommands(addresses, context.uplink, label.ok ? label.value : '');
    await this.#changeAddresses(commands.add);
    const nft = contentOf(plan.nft);
    const before = await this.#nft.add(context.nftBase, nft);
    this.#giveUp(before, nft);
    const lines = await this.#applyBundle(plan);
    await this.#nft.remove(nft);
    const ended = await this.#endStale(plan, context);
    await this.#changeAddresses(commands.remove);
    for (const ip of addresses.add) this.#announce(context.uplink.device, ip);
    return {
      bundleLines: lines,
      connectionsEnded: ended,
      hosted: addresses.add,
      released: addresses.remove.map(({ ip }) => ip),
    };
  }

  async #changeAddresses(commands: readonly string[]): Promise<void> {
    if (commands.length === 0) return;
    const { exec, addresses } = this.#deps;
    await must(exec, 'ip', ['-force', '-batch', '-'], { input: batch(commands) }).finally(() => addresses.forget());
  }

  async #applyBundle(plan: NodePlan): Promise<number> {
    const wanted = wantedContent(plan.flows, plan.groups);
    const keep = this.#bridge.begin();
    const actual = this.#bridge.value ?? (await this.#deps.bridge.read());
    const lines = bundleLines(actual, wanted);
    if (lines.length > 0) await this.#deps.bridge.apply(lines);
    keep(wanted);
    return lines.length;
  }

  #giveUp(before: NftContent, wanted: NftContent): void {
    const now = translations(wanted);
    for (const [mark, ip] of translations(before)) if (now.get(mark) !== ip) this.#givenUp.add(ip);
  }

  /**
   * Ends connections of pods that may no longer leave as they did, and those that use an address given up. On the
   * kernel's datapath a connection that was given a hop elsewhere can get no source NAT here any more, so every change
   * of the hops counts, and the end of a VNID's requests too.
   */
  async #endStale(plan: NodePlan, { inside, nodeIP }: ApplyContext): Promise<number> {
    const changed = [...plan.sources].filter(([pod, sources]) => this.#checked.get(pod) !== keyOf(sources));
    const freed = [...this.#checked.keys()].filter((pod) => !plan.sources.has(pod)).map((pod) => [pod, { allowed: [nodeIP], remote: [] }] as const);
    const pods = new Map<Ip, PodSources>([...changed, ...freed]);
    const givenUp = new Set(this.#givenUp);
    let ended = 0;
    if (pods.size > 0 || givenUp.size > 0) {
      const all = await listConnections(this.#deps.exec);
      const stale = staleConnections(all, { pods, givenUp }, inside);
      await deleteConnections(this.#deps.exec, deletions(all, stale));
      await this.#deps.endInSwitch(stale);
      ended = stale.length;
    }
    for (const ip of givenUp) this.#givenUp.delete(ip);
    this.#checked = new Map([...plan.sources].map(([pod, sources]) => [pod, keyOf(sources)]));
    return ended;
  }

  #announce(device: string, ip: Ip): void {
    const { exec, logger, signal } = this.#deps;
    announce(exec, device, ip, signal).then(
      (failure) => {
        if (failure !== undefined) logger.warn({ ip, device, reason: failure }, 'gratuitous ARP failed');
      },
      (error: unknown) => {
        if (!signal.aborted) logger.warn({ ip, device, err: error }, 'gratuitous ARP failed');
      },
    );
  }
}
