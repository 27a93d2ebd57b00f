/**
 * `sdn-compat test --disruptive`: what one node's network outage does to the namespaces that leave by it. A pod on that
 * node has its kernel drop the probes and the tunnel, by elements of an nft set that time out: whatever becomes of the
 * pod or of this program, the outage ends by itself. Meanwhile a pod of each namespace asks the server outside, on.
 */
import { pods as podKind } from '../../../api/kinds.ts';
import { inParallel } from '../../io/async/parallel.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { addressesIn, messagePath, podLabels, probePod, type Reply, runPod } from '../../migrate/run/verify/probe.ts';
import type { PodObject } from '../../model/objects/raw.ts';
import { listText } from '../../model/values/list-text.ts';
import type { TestResult } from './test-table.ts';

export interface OutageOptions {
  readonly node: string;
  /** The namespace of the pod on that node, which needs the network of its host and NET_ADMIN. */
  readonly namespace: string;
  /** An image with nft. */
  readonly nodeImage: string;
  /** An image with curl and sh. */
  readonly image: string;
  readonly url: string;
  /** Milliseconds. */
  readonly outage: number;
  /** Milliseconds that a pod may need to start, with the pull of its image. */
  readonly timeout: number;
  readonly vxlanPort: number;
}

export interface OutageDeps {
  readonly client: KubeClient;
  readonly run: string;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/** From where is asked meanwhile. */
export interface Witness {
  readonly namespace: string;
  /** Not the node that is cut off. */
  readonly node: string;
}

/** What a witness saw: with which address it left from when on, in seconds of its node's clock; none is null. */
export interface Spell {
  readonly from: number;
  readonly until: number;
  readonly address: string | null;
}

/** What one witness saw, or why that is not known. */
export interface Watched {
  readonly witness: Witness;
  readonly spells: readonly Spell[] | { readonly problem: string };
}

/** Seconds that are watched before and after the outage. */
const around = 5;
const table = 'inet sdn_compat_outage';
/** The port that nodes are probed at. */
const probePort = 9;

/**
 * The kernel of the node drops probes and the tunnel, in both directions, until the elements time out. Fails, and changes
 * nothing, while the outage of another run lasts; what a killed run left has timed out.
 */
function outageRules(run: string, seconds: number, vxlanPort: number): string {
  const drops = (hook: 'input' | 'output'): string =>
    `add chain ${table} ${hook} { type filter hook ${hook} priority -310; }; flush chain ${table} ${hook}; add rule ${table} ${hook} meta l4proto . th dport @off drop`;
  return [
    `add table ${table}`,
    `add set ${table} off { type inet_proto . inet_service; flags timeout; }`,
    drops('input'),
    drops('output'),
    `add set ${table} run { type mark; }`,
    `flush set ${table} run`,
    `add element ${table} run { 0x${run} }`,
    `create element ${table} off { tcp . ${probePort} timeout ${seconds}s, udp . ${vxlanPort} timeout ${seconds}s }`,
  ].join('; ');
}

/** Removes the table, unless another run has it by now. */
const endRules = (run: string): string => `delete element ${table} run { 0x${run} }; delete table ${table}`;

/** A pod in the node's own network that runs nft. */
function nodePod(name: string, rules: string, { node, namespace, nodeImage }: OutageOptions): PodObject {
  const limits = { cpu: '100m', memory: '64Mi' };
  const container = {
    ...{ name: 'outage', command: ['nft', rules], image: nodeImage, resources: { limits } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      ...{ runAsUser: 0, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
    },
  };
  const tolerations = [{ operator: 'Exists' }];
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name, namespace, labels: podLabels },
    spec: {
      ...{ nodeName: node, hostNetwork: true, restartPolicy: 'Never', activeDeadlineSeconds: 60 },
      ...{ automountServiceAccountToken: false, enableServiceLinks: false, terminationGracePeriodSeconds: 0 },
      ...{ tolerations },
      containers: [container],
    },
  };
}

/** Asks again and again, and notes each change of the answer: when it was asked, when answered, and the answer. */
const script = [
  'read -r up rest < /proc/uptime; end=$((${up%.*} + $3)); last=none',
  'while read -r up rest < /proc/uptime && [ "${up%.*}" -lt "$end" ]; do',
  'answer=$(curl -s -m 1 "$1" | head -c 100 | tr -d "\\n;"); read -r now rest < /proc/uptime',
  '[ "$answer" = "$last" ] || echo "$up $now $answer;" >> "$2"; last=$answer; sleep 0.1',
  'done',
].join('\n');

function witnessPod(witness: Witness, run: string, { image, url, timeout, outage }: OutageOptions): PodObject {
  const seconds = Math.ceil(outage / 1_000) + 2 * around;
  const asked = { url, image, timeout: timeout + seconds * 1_000 };
  const { spec = {}, ...pod } = probePod(witness, { plan: { id: 'outage' }, run }, asked);
  const [container = {}] = spec.containers ?? [];
  const command = ['sh', '-c', script, 'sh', url, messagePath, String(seconds)];
  return { ...pod, spec: { ...spec, containers: [{ ...container, command }] } };
}

/** The spells in what a witness wrote. A change is dated between the question and its answer. */
export function spellsIn(text: string): readonly Spell[] {
  const notes = text.split(';').flatMap((note) => {
    const [, asked, answered, answer = ''] = /^\s*([\d.]+) ([\d.]+) ?(.*)$/.exec(note) ?? [];
    if (asked === undefined || answered === undefined) return [];
    const [address = null] = addressesIn(answer);
    // nothing since it was asked, an address from the moment when it came
    return [{ at: Number(address === null ? asked : answered), address }];
  });
  return notes.map(({ at, address }, index) => ({ from: at, until: notes[index + 1]?.at ?? Infinity, address }));
}

function watchedOf(witness: Witness, reply: Reply): Watched {
  if ('problem' in reply) return { witness, spells: { problem: reply.problem } };
  const spells = spellsIn(reply.text);
  return { witness, spells: spells.length === 0 ? { problem: 'it noted nothing' } : spells };
}

/** Waits until all of these run, the time is over, or the signal says that they cannot. */
async function untilRunning(
  { client, signal }: Pick<OutageDeps, 'client' | 'signal'>,
  all: readonly PodObject[],
  timeout: number,
): Promise<boolean> {
  const end = performance.now() + timeout;
  const runs = async ({ metadata: { name = '', namespace = '' } }: PodObject): Promise<boolean> =>
    (await client.get<PodObject>(podKind, { name, namespace }))?.status?.phase === 'Running';
  while (!signal.aborted && performance.now() < end) {
    if ((await Promise.all(all.map(runs))).every(Boolean)) return true;
    await pause(250, signal);
  }
  return false;
}

/** Pods that ask, and what they saw. One that cannot start stops all. */
class Witnesses {
  readonly pods: readonly PodObject[];
  /** Grows while they end. */
  readonly watched: Watched[] = [];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #areAsking = false;
  /** Aborted as soon as one cannot start. */
  readonly signal: AbortSignal;

  constructor({ client, run, signal }: OutageDeps, all: readonly Witness[], options: OutageOptions) {
    const pods = all.map((witness, index) => ({ witness, pod: witnessPod(witness, `${run}-${index}`, options) }));
    this.pods = pods.map(({ pod }) => pod);
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    const longest = options.timeout + options.outage + 2 * around * 1_000 + 10_000;
    this.#ended = inParallel(pods, pods.length, async ({ witness, pod }) => {
      try {
        const seen = watchedOf(witness, await runPod({ client, signal: this.signal }, pod, longest));
        this.watched.push(seen);
        if ('problem' in seen.spells && !this.#areAsking) this.stop();
      } catch (error) {
        this.stop();
        throw error;
      }
    });
    // whoever waits for the end hears of it
    this.#ended.catch(() => undefined);
  }

  /** Waits until all of them ask; false if they do not. */
  async start(client: KubeClient, timeout: number): Promise<boolean> {
    this.#areAsking = await untilRunning({ client, signal: this.signal }, this.pods, timeout);
    return this.#areAsking;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Waits until all are removed; throws why a pod could not be asked for. */
  ended(): Promise<void> {
    return this.#ended;
  }

  /** Why they did not start. */
  get problem(): string {
    const [first] = this.watched;
    return first === undefined || !('problem' in first.spells)
      ? 'the pods that ask did not start in time'
      : `namespace ${first.witness.namespace}: ${first.spells.problem}`;
  }
}

/** Cuts the node off; returns why it is not. */
async function cutOff(deps: OutageDeps, options: OutageOptions): Promise<string | undefined> {
  const { node, outage, timeout, vxlanPort } = options;
  deps.report(`${node} is cut off for ${outage / 1_000} s`);
  const rules = outageRules(deps.run, Math.ceil(outage / 1_000), vxlanPort);
  const cut = await runPod(deps, nodePod(`sdn-compat-outage-${deps.run}`, rules, options), timeout);
  return 'problem' in cut ? `${node} could not be cut off: ${cut.problem}` : undefined;
}

/** Ends the outage, also after a signal, and whether or not it is known to have begun. */
async function end({ client, run, report }: OutageDeps, options: OutageOptions, hasBegun: boolean): Promise<void> {
  const always = { client, signal: new AbortController().signal };
  const pod = nodePod(`sdn-compat-outage-end-${run}`, endRules(run), options);
  const ended = await runPod(always, pod, options.timeout);
  if ('problem' in ended && hasBegun) report(`nft table ${table} is left on ${options.node}: ${ended.problem}`);
}

/** Cuts the node off, and returns what the witnesses saw, or why it was not cut off. Removes everything. */
export async function watchOutage(
  deps: OutageDeps,
  all: readonly Witness[],
  options: OutageOptions,
): Promise<readonly Watched[] | { readonly problem: string }> {
  const witnesses = new Witnesses(deps, all, options);
  if (!(await witnesses.start(deps.client, options.timeout))) {
    const { problem } = witnesses;
    witnesses.stop();
    await witnesses.ended();
    return { problem };
  }
  await pause(around * 500, deps.signal);
  let problem: string | undefined;
  try {
    problem = await cutOff(deps, options);
    if (problem !== undefined) witnesses.stop();
    await witnesses.ended();
  } finally {
    witnesses.stop();
    await Promise.allSettled([witnesses.ended()]);
    await end(deps, options, problem === undefined || deps.signal.aborted);
  }
  return problem === undefined ? witnesses.watched : { problem };
}

/** What is expected of a namespace while the node is away. */
export interface Expected {
  /** The egress IPs that the namespace may leave with. */
  readonly addresses: readonly string[];
  /** Whether nothing can leave until the node is back, as the simulator says. */
  readonly isDropped: boolean;
  /** Seconds that the outage lasts. */
  readonly seconds: number;
}

const longestGap = (spells: readonly Spell[]): number =>
  Math.max(0, ...spells.map(({ from, until, address }) => (address === null ? until - from : 0)));

/** Judges what one witness saw: which addresses, how long none, and whether that is as expected. */
export function judgeOutage({ witness, spells }: Watched, { addresses, isDropped, seconds }: Expected): TestResult {
  const expected = isDropped ? 'nothing until it is back' : listText(addresses);
  const about = { namespace: witness.namespace, node: witness.node, expected };
  if ('problem' in spells) return { ...about, address: null, state: 'unknown', problem: spells.problem };
  const seen = [...new Set(spells.flatMap(({ address }) => address ?? []))];
  const gap = longestGap(spells);
  const without = Number.isFinite(gap) ? Math.round(gap * 10) / 10 : null;
  const odd = seen.filter((address) => !addresses.includes(address));
  const told = { ...about, address: seen.join(', then ') || null, without };
  if (seen.length === 0) return { ...told, state: 'unknown', problem: 'no answer came at any time' };
  if (odd.length > 0) return { ...told, state: 'wrong', problem: `it left with ${odd.join(', ')}` };
  if (without === null) return { ...told, state: 'wrong', problem: 'nothing left any more when the node was back' };
  if (!isDropped && gap >= seconds) return { ...told, state: 'wrong', problem: 'nothing left until the node was back' };
  return { ...told, state: 'well', problem: null };
}
