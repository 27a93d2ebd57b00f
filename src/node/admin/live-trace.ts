/** Holds this node against the plan of a packet's way: what br0, nft, addresses and conntrack really are. */
import { join } from 'node:path';
import type { Exec, RunResult } from '../../io/programs/exec.ts';
import { messageOf } from '../../model/values/message-of.ts';
import { attachedPods } from '../cni/pods.ts';
import { type Connection, readConnections } from '../conntrack/connection.ts';
import { addressesOf, linksOf, showAddresses } from '../links/links.ts';
import { changes, contentFrom, contentOf, elementsFrom, type NftContent } from '../nft/elements.ts';
import { parseListing } from '../nft/listing.ts';
import { areChainsAsWritten } from '../nft/table.ts';
import { nftTables } from '../nft/vocabulary.ts';
import { type Group, hex } from '../ovs/flow.ts';
import { Ovsdb } from '../ovs/ovsdb.ts';
import { ownerOf } from '../ovs/owner.ts';
import { parseFlows, parseGroups } from '../ovs/parse.ts';
import { bridge, defaultMasqueradeBit } from '../ovs/pipeline.ts';
import { arrivalAt } from '../trace/arrival.ts';
import {
  bucketPaths,
  differenceOf,
  ofprotoArgs,
  parseOfproto,
  type Path,
  pathText,
  plannedPath,
} from '../trace/ofproto.ts';
import type { Packet } from '../trace/packet.ts';
import { walk } from '../trace/walk.ts';
import type { Question, Way } from '../trace/way.ts';
import type { TracedNode, TraceWorld } from '../trace/world.ts';

/** One thing of the node, held against the plan. */
export interface LiveCheck {
  readonly what: 'flows' | 'nft' | 'addresses' | 'connections';
  /** `differs`: the node does otherwise than planned. `unknown`: that could not be read. */
  readonly state: 'as planned' | 'differs' | 'unknown';
  readonly says: string;
}

export interface LiveDeps {
  readonly exec: Exec;
  readonly ovsRunDir: string;
}

/** What is asked, and what is planned. */
export interface LiveQuestion {
  readonly world: TraceWorld;
  readonly question: Question;
  readonly ways: readonly Way[];
  readonly node: TracedNode;
}

type Answer = Omit<LiveCheck, 'what'>;
const unknown = (says: string): Answer => ({ state: 'unknown', says });

/** Milliseconds for each program. */
const patience = 20_000;

class Look {
  readonly #deps: LiveDeps;
  readonly #asked: LiveQuestion;

  constructor(deps: LiveDeps, asked: LiveQuestion) {
    this.#deps = deps;
    this.#asked = asked;
  }

  async #run(program: string, args: readonly string[]): Promise<RunResult> {
    const env = { OVS_RUNDIR: this.#deps.ovsRunDir, LC_ALL: 'C' };
    const ran = await this.#deps.exec(program, args, { env, timeout: patience });
    const [said = ''] = ran.stderr.trim().split('\n', 1);
    if (ran.status === -1) throw new Error(`${program} did not answer within ${patience / 1_000} s`);
    if (ran.status !== 0) throw new Error(`${program}: ${said}`);
    return ran;
  }

  /** The number of the pod's port on br0. */
  async #ofport(): Promise<number | undefined> {
    const ovsdb = await Ovsdb.open(join(this.#deps.ovsRunDir, 'db.sock'));
    try {
      const { ip } = this.#asked.question.pod;
      return attachedPods(ovsdb).find((pod) => pod.ip === ip && pod.ofport > 0)?.ofport;
    } finally {
      ovsdb.close();
    }
  }

  async flows(): Promise<Answer> {
    const { world, node, question, ways } = this.#asked;
    const arrival = arrivalAt(world, node, question, ways);
    if (arrival === undefined) return { state: 'as planned', says: `the way does not go by ${bridge} of this node` };
    const ofport = arrival.by === 'pod' ? await this.#ofport() : arrival.packet.in_port;
    if (ofport === undefined) return { state: 'differs', says: `no port of ${bridge} has the pod's address` };
    const { stdout } = await this.#run(
      'ovs-appctl',
      ofprotoArgs({ ...arrival, packet: { ...arrival.packet, in_port: ofport } }),
    );
    const live = parseOfproto(stdout);
    if (live === undefined) return unknown(`ofproto/trace says nothing of ${bridge}`);
    const paths = live.group === undefined ? [live] : await this.#bucketPaths(live, live.group, arrival.packet);
    const differs = differenceOf(walk(node.plan, arrival.packet).map(plannedPath), paths);
    return differs === undefined ? { state: 'as planned', says: pathText(paths) } : { state: 'differs', says: differs };
  }

  async #bucketPaths(live: Path, group: number, packet: Packet): Promise<readonly Path[]> {
    const buckets = await this.#buckets(group);
    const { stdout } = await this.#run('ovs-ofctl', [
      ...['-O', 'OpenFlow13', '--no-names', '--no-stats', 'dump-flows', bridge],
    ]);
    return bucketPaths(live, buckets, { flows: parseFlows(stdout).flatMap(({ flow }) => flow ?? []), packet });
  }

  /** What the buckets of a group do; none if it is not there, so that all of it is dropped. */
  async #buckets(id: number): Promise<Group['buckets']> {
    const { stdout } = await this.#run('ovs-ofctl', ['-O', 'OpenFlow13', 'dump-groups', bridge]);
    const buckets = parseGroups(stdout).find((one) => one.id === id)?.group?.buckets ?? [];
    return buckets.length === 0 ? [[]] : buckets;
  }

  /** The elements that are about the pod, its VNID's owner, and the egress IPs that it may leave with. */
  async nft(): Promise<Answer> {
    const { node, question, ways } = this.#asked;
    const { ip, vnid } = question.pod;
    const addresses = ways.flatMap(({ address }) => address ?? []);
    const about = new Set([ip, hex(ownerOf(vnid, defaultMasqueradeBit)), ...addresses]);
    const own = (content: NftContent): NftContent =>
      contentFrom((set) =>
        elementsFrom([...content[set].values()].filter(({ key, value }) => about.has(key) || about.has(value ?? ''))),
      );
    const listed: string[] = [];
    for (const table of [nftTables.nat, nftTables.guard])
      listed.push((await this.#run('nft', ['-j', '-n', 'list', 'table', ...table.split(' ')])).stdout);
    const { content, isReadable } = parseListing(listed.join('\n'));
    const missing = changes(own(content), own(contentOf(node.plan.nft)));
    if (missing.length > 0) return { state: 'differs', says: `to be as planned it would need: ${missing.join('; ')}` };
    if (!isReadable) return { state: 'differs', says: 'there are elements of others in our sets' };
    const asWritten = await areChainsAsWritten(this.#deps.exec, patience);
    if (asWritten === undefined) return unknown('nothing tells how an agent wrote the chains');
    return asWritten
      ? { state: 'as planned', says: 'the chains, and the elements of the pod, its VNID and its egress IPs' }
      : { state: 'differs', says: 'somebody changed our chains since an agent wrote them' };
  }

  /** Each egress IP that the namespace requests is on this node if it should be, and else not. */
  async addresses(): Promise<Answer> {
    const { world, node, question } = this.#asked;
    const links = linksOf((await this.#run('ip', showAddresses)).stdout);
    if (links.length === 0) return unknown('ip lists no interfaces');
    const present = new Set(addressesOf(links).map(({ ip }) => ip));
    const requested = world.state.requests.get(question.pod.vnid) ?? [];
    const missing = requested.filter((ip) => node.plan.addresses.has(ip) && !present.has(ip));
    const spare = requested.filter((ip) => !node.plan.addresses.has(ip) && present.has(ip));
    if (missing.length > 0) return { state: 'differs', says: `${missing.join(', ')} is not on this node` };
    if (spare.length > 0) return { state: 'differs', says: `${spare.join(', ')} is on this node, and should not be` };
    const here = requested.filter((ip) => present.has(ip));
    const says = here.length === 0 ? 'none of its egress IPs should be here' : `${here.join(', ')} is here`;
    return { state: 'as planned', says };
  }

  /** Connections that are there already, and may go on otherwise than a new one would. */
  async connections(): Promise<Answer> {
    const { node, question, ways } = this.#asked;
    const { ip } = question.pod;
    const { stdout } = await this.#run('conntrack', ['-L', '-f', 'ipv4', '-s', ip, '-d', question.to]);
    const found: Connection[] = [];
    for await (const portion of readConnections(stdout)) found.push(...portion);
    const sources = Map.groupBy(found, ({ translated }) => translated);
    const text = [...sources].map(
      ([address, all]) => `${all.length} from ${address === ip ? 'the pod itself' : address}`,
    );
    const says = found.length === 0 ? 'none between the pod and there' : text.join(', ');
    const allowed = new Set<string>([ip, ...ways.flatMap(({ address }) => address ?? [])]);
    const leaves = ways.some((way) => way.node === node.name && way.verdict === 'leaves');
    const isOdd = leaves && [...sources.keys()].some((address) => !allowed.has(address));
    return { state: isOdd ? 'differs' : 'as planned', says };
  }
}

/** Everything of this node that the plan of the way says something of. One thing that cannot be read stops no other. */
export async function liveTrace(deps: LiveDeps, asked: LiveQuestion): Promise<readonly LiveCheck[]> {
  const look = new Look(deps, asked);
  const checks = ['flows', 'nft', 'addresses', 'connections'] as const;
  return Promise.all(
    checks.map(async (what): Promise<LiveCheck> => {
      const answer = await look[what]().catch((error: unknown) => unknown(messageOf(error)));
      return { what, ...answer };
    }),
  );
}
