/**
 * Asks a server outside, from a short-lived pod in each namespace, with which address the namespace leaves. The pod is
 * under the namespace's own policies. It is removed whatever happens; one that a killed run left is removed by the
 * next.
 */
import { namespaces as namespaceKind, pods as podKind } from '../../../../api/kinds.ts';
import { inParallel } from '../../../io/async/parallel.ts';
import { pause } from '../../../io/async/pause.ts';
import type { KubeClient } from '../../../io/kube/client.ts';
import { ApiError } from '../../../io/kube/error.ts';
import type { PodObject } from '../../../model/objects/raw.ts';
import { parseIp } from '../../../model/values/address.ts';
import { listText } from '../../../model/values/list-text.ts';
import { containerItem, deadlineOf } from '../../kinds/pod.ts';
import { refNamed } from '../../ref.ts';
import { bad, type Check } from '../../target.ts';
import { ownMatter, withRight } from '../refusal.ts';

export interface ProbeOptions {
  /** What the pod asks; the answer must hold the client's address. */
  readonly url: string;
  /** An image with curl. */
  readonly image: string;
  /** Milliseconds from a pod's creation until it must have ended. */
  readonly timeout: number;
}

export interface ProbeDeps {
  readonly client: KubeClient;
  readonly plan: { readonly id: string };
  /** What no other run has, for the names of its pods. */
  readonly run: string;
  readonly signal: AbortSignal;
  /** Called with the number of namespaces that have been asked. */
  readonly asked: (count: number) => void;
}

const atOnce = 8;
const label = { key: 'app.kubernetes.io/name', value: 'sdn-compat-probe' } as const;
/** What `runPod` knows its pods by: one without it is somebody else's. */
export const podLabels = { [label.key]: label.value };
const planLabel = 'migrate.sdn-compat/plan';
/** Where a pod puts its answer. */
export const messagePath = '/dev/termination-log';
const between = 250;
/** Milliseconds that the run of a pod may need after the pod's time is over. */
const longest = 30_000;
/** Milliseconds that earlier versions gave a pod at most. */
const oldest = 1_800_000;
const attempts = 4;

type Asker = Pick<ProbeDeps, 'plan' | 'run'>;

/** From where is asked. */
export interface Place {
  readonly namespace: string;
  /** Undefined: where the scheduler puts the pod. */
  readonly node?: string;
}

/** The pod that asks. It needs no rights, and fits the restricted Pod Security Standard. */
export function probePod({ namespace, node }: Place, { plan, run }: Asker, options: ProbeOptions): PodObject {
  const seconds = Math.ceil(options.timeout / 1_000);
  // the image must be pulled in the rest of the time
  const patience = String(Math.max(1, Math.floor(seconds / 3)));
  const limits = { cpu: '100m', memory: '64Mi' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: [label.value, plan.id, run].filter((part) => part !== '').join('-'),
      namespace,
      labels: { ...podLabels, [planLabel]: plan.id },
    },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      restartPolicy: 'Never',
      activeDeadlineSeconds: seconds,
      ...{ automountServiceAccountToken: false, enableServiceLinks: false, terminationGracePeriodSeconds: 0 },
      ...{ securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } },
      containers: [
        {
          name: 'probe',
          command: ['curl', '-sS', '-f', '--max-time', patience, '-o', messagePath, options.url],
          terminationMessagePath: messagePath,
          ...{ image: options.image, terminationMessagePolicy: 'FallbackToLogsOnError', resources: { limits } },
          ...{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
        },
      ],
    },
  };
}

/** Asks from each of the namespaces, which should leave with one of these addresses; one check for each. */
export async function probe(
  deps: ProbeDeps,
  expected: ReadonlyMap<string, readonly string[]>,
  options: ProbeOptions,
): Promise<readonly Check[]> {
  const places = [...expected.keys()].map((namespace): Place => ({ namespace }));
  const { left, answers } = await askFrom(deps, places, options);
  const checks = answers.map(({ place: { namespace }, answer }) =>
    judged(namespace, expected.get(namespace) ?? [], answer),
  );
  return [...left, ...checks];
}

/** What came back from a place. */
export interface Answered {
  readonly place: Place;
  readonly answer: Answer;
}

/**
 * Asks from each of these places, a few at once. Returns what came back, in the order in which it came, and a check for
 * each pod of an earlier run that could not be removed.
 */
export async function askFrom(
  deps: ProbeDeps,
  places: readonly Place[],
  options: ProbeOptions,
): Promise<{ readonly left: readonly Check[]; readonly answers: readonly Answered[] }> {
  const answers: Answered[] = [];
  const left = await removeLeft(deps);
  await inParallel([...places.entries()], atOnce, async ([index, place]) => {
    // several pods of one namespace have names of their own
    const run = place.node === undefined ? deps.run : `${deps.run}-${index}`;
    const answer = deps.signal.aborted ? unasked : answerIn(await ask({ ...deps, run }, place, options));
    answers.push({ place, answer });
    deps.asked(answers.length);
  });
  return { left, answers };
}

/** What came back: the answer and the pod's node, or why there is none. */
export type Reply = { readonly text: string; readonly node: string } | Problem;

/** `isSilent`: the pod ran, and got no answer. */
interface Problem {
  readonly problem: string;
  readonly isSilent?: boolean;
}

/** The address that the server saw, and the node of the pod; or why that is not known. */
export type Answer = { readonly address: string; readonly node: string } | Problem;

const unasked: Problem = { problem: 'it was not asked: a signal ended the run' };

/** The one address in a reply. */
function answerIn(reply: Reply): Answer {
  if ('problem' in reply) return reply;
  const [address, ...others] = addressesIn(reply.text);
  const said = JSON.stringify(reply.text.slice(0, 100));
  if (address === undefined) return { problem: `the answer holds no IPv4 address: ${said}` };
  if (others.length === 0) return { address, node: reply.node };
  const all = listText([address, ...others]);
  return { problem: `the answer holds several IPv4 addresses, ${all}, so it says nothing: ${said}` };
}

function judged(namespace: string, expected: readonly string[], answer: Answer): Check {
  const object = refNamed(namespaceKind, namespace);
  if ('problem' in answer) return bad(object, 'probe', answer.problem);
  const { address } = answer;
  if (expected.includes(address)) return { object, part: 'probe', well: true, address };
  const wanted = expected.length === 0 ? 'no egress IP of it is assigned' : `expected is ${listText(expected)}`;
  return { ...bad(object, 'probe', `a pod left with ${address}; ${wanted}`), address };
}

/** The IPv4 addresses in the text, each once. */
export function addressesIn(text: string): readonly string[] {
  const found = text.match(/(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)/g) ?? [];
  return [...new Set(found)].filter((one) => parseIp(one).ok);
}

/** Removes what killed runs of the plan left in any namespace. Without the right to list pods, what is left stays. */
async function removeLeft({ client, plan }: ProbeDeps): Promise<readonly Check[]> {
  const labelSelector = `${label.key}=${label.value}`;
  const listed = await client.list<PodObject>(podKind, { labelSelector }).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 403) return { items: [] };
    throw error;
  });
  const checks: Check[] = [];
  const left = listed.items.filter((pod) => isOfPlan(pod, plan) && isOver(pod));
  await inParallel(left, atOnce, async (pod) => {
    const problem = await removeInTheEnd(client, pod);
    const { namespace = '' } = pod.metadata;
    if (problem !== undefined)
      checks.push(bad(refNamed(namespaceKind, namespace), 'probe', `${problem} (an earlier run left it)`));
  });
  return checks;
}

/** Earlier versions knew the pods of a plan by their name alone. */
function isOfPlan({ metadata: { name, labels } }: PodObject, { id }: ProbeDeps['plan']): boolean {
  const of = labels?.[planLabel];
  return of === undefined ? name === (id === '' ? label.value : `${label.value}-${id}`) : of === id;
}

/** Whether no run waits for the pod any more: another may be at work with the same plan. */
function isOver(pod: PodObject): boolean {
  const age = Date.now() - Date.parse(pod.metadata.creationTimestamp ?? '');
  const seconds = deadlineOf(pod);
  return age > (seconds === undefined ? oldest : seconds * 1_000) + longest;
}

function ask(deps: ProbeDeps, place: Place, options: ProbeOptions): Promise<Reply> {
  return runPod(deps, probePod(place, deps, options), options.timeout);
}

/** Makes the pod, waits so many milliseconds at most until it has ended, and removes it whatever happens. */
export async function runPod(
  deps: Pick<ProbeDeps, 'client' | 'signal'>,
  pod: PodObject,
  timeout: number,
): Promise<Reply> {
  let answer: Reply | undefined;
  try {
    answer = await answerOf(pod, deps, timeout);
  } finally {
    const left = await removeInTheEnd(deps.client, pod);
    if (left !== undefined && answer !== undefined) answer = { problem: left };
  }
  return answer;
}

async function answerOf(
  pod: PodObject,
  { client, signal }: Pick<ProbeDeps, 'client' | 'signal'>,
  timeout: number,
): Promise<Reply> {
  try {
    await client.create(podKind, pod, { fieldManager: label.value });
    return await ended(client, pod, { timeout, signal });
  } catch (error) {
    const reason = ownMatter(error);
    if (reason === undefined) throw withRight(error, podKind);
    return { problem: `a pod could not be made: ${reason}` };
  }
}

/** Tries a few times, also after a signal; returns why the pod is still there. */
async function removeInTheEnd(client: KubeClient, pod: PodObject): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      return await remove(client, pod);
    } catch (error) {
      const { name = '' } = pod.metadata;
      if (tries === attempts) return `Pod ${name} could not be removed: ${error instanceof Error ? error.message : ''}`;
      await pause(between * 2 ** tries);
    }
  }
}

/** Removes the pod; returns why it is left, if it is somebody else's. Throws if it is still there. */
async function remove(client: KubeClient, { metadata }: PodObject): Promise<string | undefined> {
  const { name = '', namespace = '' } = metadata;
  const is = await client.get<PodObject>(podKind, { name, namespace });
  if (is === undefined) return undefined;
  if (is.metadata.labels?.[label.key] !== label.value) return `Pod ${name} is there and not ours`;
  const { uid = '' } = is.metadata;
  await client.delete(podKind, { name, namespace }, { gracePeriodSeconds: 0, preconditions: { uid } });
  const left = await client.get<PodObject>(podKind, { name, namespace });
  if (left === undefined) return undefined;
  const { finalizers = [] } = left.metadata;
  throw new Error(finalizers.length === 0 ? 'it is still there' : `it waits for finalizer ${listText(finalizers)}`);
}

/** Waits until the pod has ended, and reads what it left. */
async function ended(
  client: KubeClient,
  { metadata: { name = '', namespace = '' } }: PodObject,
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<Reply> {
  const end = performance.now() + timeout;
  for (;;) {
    const is = await client.get<PodObject>(podKind, { name, namespace });
    if (is === undefined) return { problem: 'somebody removed the pod' };
    const { exitCode, message: left } = containerItem(is);
    const message = left.trim().replace(/\s+/g, ' ');
    if (exitCode === 0) return { text: message, node: is.spec?.nodeName ?? '' };
    if (exitCode !== undefined)
      return {
        problem: `a pod got no answer, perhaps because of the namespace's own policies: ${message.slice(0, 300)}`,
        isSilent: true,
      };
    if (signal.aborted) return { problem: 'it was not waited for: a signal ended the run' };
    if (performance.now() > end) return { problem: lateText(is, timeout) };
    await pause(between, signal);
  }
}

function lateText(pod: PodObject, timeout: number): string {
  const { phase, waiting } = containerItem(pod);
  const why = waiting.join(': ');
  return `a pod did not end within ${timeout / 1_000} s: ${phase === '' ? 'Pending' : phase}${why === '' ? '' : `, ${why}`}`;
}

/** At most that many names, spread evenly over all of them in order. */
export function sampled(names: readonly string[], count: number): readonly string[] {
  if (names.length <= count) return names;
  return Array.from({ length: count }, (_, index) => names[Math.floor((index * names.length) / count)] ?? '');
}
