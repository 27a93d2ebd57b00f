/** A lab for tests: the real command, real kubectl, real packets. Names carry the pid, so that runs do not meet. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tablesOf } from '../../src/node/nft/ruleset.ts';
import type { Datapath } from '../../src/node/values/facts.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const program = `${root}bin/sdn-compat`;

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(
  file: string,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...process.env, ...options.env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ status: code ?? -1, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** Runs a program that must succeed; returns what it printed, without the last line's end. */
export async function must(
  file: string,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { status, stdout, stderr } = await run(file, args, options);
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout.trimEnd();
}

/** The datapath of the labs of this run. */
export const datapath: Datapath = process.env['SDN_COMPAT_LAB_DATAPATH'] === 'system' ? 'system' : 'netdev';

/** A test of what only the userspace datapath has; test/kernel/tests names it among those that are left out. */
export function userspaceTest(title: string, body: () => Promise<void>, timeout?: number): void {
  if (datapath === 'netdev') test(title, body, timeout);
}

/** Whether clocks run while programs do, unlike in a guest of scripts/test-kernel. */
const clockRuns = !readFileSync('/proc/cmdline', 'utf8').includes('time-travel=inf-cpu');

/** A test for which clocks must run while programs do; test/kernel/tests names it among those that are left out. */
export function runningClockTest(title: string, body: () => Promise<void>, timeout?: number): void {
  if (clockRuns) test(title, body, timeout);
}

/** The factor of time limits on this machine, which jest's environment measured. */
export const pace = Number(process.env['SDN_COMPAT_LAB_PACE'] ?? 1);

/**
 * Milliseconds between two looks. Where the clock stands still while programs run, only these pass: a wait of a second
 * would be fifty looks, each of which may start programs.
 */
const betweenLooks = clockRuns ? 20 : 250;

/** Waits until `look` returns something; throws with `what` after `seconds`. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 60,
): Promise<T> {
  const end = Date.now() + seconds * 1000 * pace;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds * pace} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, betweenLooks));
  }
}

/** The network namespace of a pod of a lab; '' if there is none. */
export function namespaceOf(lab: Pick<TestLab, 'dir'>, pod: string): string {
  try {
    return readlinkSync(`${lab.dir}/pods/${pod.replace('/', '_')}`);
  } catch {
    return '';
  }
}

/** The kubeconfig of an API server that is already there, for labs to run on instead of their own. */
const given = process.env['SDN_COMPAT_TEST_KUBECONFIG'];

let counter = 0;

export const outside = 'http://10.1.8.72:8080';

export class TestLab {
  readonly name: string;
  readonly dir: string;

  constructor() {
    counter += 1;
    this.name = `t${process.pid}-${counter}`;
    this.dir = `${root}.lab/${this.name}`;
  }

  static async up(...args: string[]): Promise<TestLab> {
    const lab = new TestLab();
    lab.#before = given === undefined ? undefined : await namespacesOf(given);
    const up = await lab.command('up', ...args, ...(given === undefined ? [] : ['--kubeconfig', given]));
    if (up.status !== 0) throw new Error(up.stderr);
    return lab;
  }

  /** The namespaces that an API server had before this lab; undefined for a lab with its own server. */
  #before: ReadonlySet<string> | undefined;

  command(name: string, ...args: string[]): Promise<Ran> {
    return run(program, ['lab', name, '--name', this.name, ...args]);
  }

  /** A command of the program, as a user of the lab's cluster. */
  sdnCompat(...args: readonly string[]): Promise<Ran> {
    return run(program, [...args], { env: { KUBECONFIG: `${this.dir}/kubeconfig` } });
  }

  async kubectl(args: readonly string[], input?: string): Promise<Ran> {
    const env = { KUBECONFIG: `${this.dir}/kubeconfig` };
    return run('kubectl', [`--cache-dir=${this.dir}/kubectl-cache`, ...args], {
      env,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** kubectl that must succeed; returns what it printed. */
  async must(args: readonly string[], input?: string): Promise<string> {
    const ran = await this.kubectl(args, input);
    if (ran.status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  }

  patch(kind: 'netnamespace' | 'hostsubnet', name: string, body: object): Promise<string> {
    return this.must([
      'patch',
      kind,
      kind === 'hostsubnet' ? `${name}.ocp4.rober.lab` : name,
      '--type=merge',
      '-p',
      JSON.stringify(body),
    ]);
  }

  /** The VNID of a namespace. */
  async netid(namespace: string): Promise<number> {
    return Number(await this.must(['get', 'netnamespace', namespace, '-o', 'jsonpath={.netid}']));
  }

  /** The address of a pod, NAMESPACE/POD. */
  podIP(pod: string): Promise<string> {
    return this.must(['get', 'pod', '-n', ...pod.split('/'), '-o', 'jsonpath={.status.podIP}']);
  }

  /** Makes a node's own HostSubnet invalid, so that its agent can make no pass; returns what makes it valid again. */
  async breakHostSubnet(short: string): Promise<() => Promise<unknown>> {
    const subnet = await this.must(['get', 'hostsubnet', `${short}.ocp4.rober.lab`, '-o', 'jsonpath={.subnet}']);
    await this.patch('hostsubnet', short, { subnet: '10.254.77.5/32' });
    return () => this.patch('hostsubnet', short, { subnet });
  }

  /** Denies all pods of a namespace all traffic of these directions; returns what allows it again. */
  async deny(namespace: string, ...policyTypes: ('Ingress' | 'Egress')[]): Promise<() => Promise<unknown>> {
    const metadata = { name: 'deny', namespace };
    const policy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: { podSelector: {}, policyTypes },
    };
    await this.must(['create', '-f', '-'], JSON.stringify(policy));
    return () => this.must(['delete', 'networkpolicy', '-n', namespace, 'deny']);
  }

  /**
   * Removes our nft tables from a node; which of them were there. Not by `flush ruleset`, which would take along what
   * keeps the node's kernel from its own NIC in the lab.
   */
  async removeTables(node: string): Promise<string[]> {
    const removed: string[] = [];
    for (const table of tablesOf(datapath)) {
      const ran = await this.node(node, 'nft', 'delete', 'table', ...table.split(' '));
      if (ran.status === 0) removed.push(table);
    }
    return removed;
  }

  /** Creates a namespace and waits for its NetNamespace. */
  async namespace(name: string): Promise<void> {
    await this.must(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    await until(`NetNamespace ${name}`, async () => (await this.kubectl(['get', 'netnamespace', name])).status === 0);
    const account = ['get', 'serviceaccount', '-n', name, 'default'];
    await until(`ServiceAccount of ${name}`, async () => (await this.kubectl(account)).status === 0);
  }

  /** Creates pods, NAMESPACE/POD on a worker (or anywhere), and waits until they are ready. */
  async pods(...pods: readonly (readonly [string, string?])[]): Promise<void> {
    const items = pods.map(([key, worker]) => {
      const [namespace, name] = key.split('/');
      const nodeName = worker === undefined ? {} : { nodeName: `${worker}.ocp4.rober.lab` };
      return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace, name },
        spec: { ...nodeName, containers: [{ name: 'c', image: 'c' }] },
      };
    });
    await this.must(['create', '-f', '-'], items.map((item) => JSON.stringify(item)).join('\n'));
    for (const [key] of pods) {
      const [namespace, name] = key.split('/');
      await this.must([
        'wait',
        '--for=condition=Ready',
        `--timeout=${Math.ceil(30 * pace)}s`,
        '-n',
        namespace!,
        `pod/${name!}`,
      ]);
    }
  }

  /** What `lab exec` does, without a program of its own for each of so many. */
  exec(pod: string, ...argv: string[]): Promise<Ran> {
    return run('ip', ['netns', 'exec', namespaceOf(this, pod), ...argv]);
  }

  /** What `lab node-exec` does. */
  node(node: string, ...argv: string[]): Promise<Ran> {
    const env = { OVS_RUNDIR: `/run/sdn-compat-lab/${this.name}/ovs/${node}` };
    return run('ip', ['netns', 'exec', `sdnc.${this.name}.${node}`, ...argv], { env });
  }

  /** Runs a command in one of the lab's own namespaces: `router`, `outside`, `net`. */
  inside(place: string, ...argv: string[]): Promise<Ran> {
    return run('ip', ['netns', 'exec', `sdnc.${this.name}.${place}`, ...argv]);
  }

  /** Hands a ruleset to nft in one of the lab's own namespaces. */
  async pipe(place: string, ruleset: string): Promise<void> {
    const ran = await run('ip', ['netns', 'exec', `sdnc.${this.name}.${place}`, 'nft', '-f', '-'], { input: ruleset });
    if (ran.status !== 0) throw new Error(ran.stderr);
  }

  /** The network namespace of a pod. */
  async podNamespace(pod: string): Promise<string> {
    const [namespace, name] = pod.split('/');
    const uid = await this.must(['get', 'pod', '-n', namespace!, name!, '-o', 'jsonpath={.metadata.uid}']);
    return `sdnc.${this.name}.pod-${uid.slice(0, 13)}`;
  }

  /** The source that the outside host sees of a new request; '' when it gets none within the time. */
  async source(pod: string, seconds = 0.5): Promise<string> {
    return (await this.exec(pod, 'curl', '-s', '--max-time', String(seconds * pace), `${outside}/ip`)).stdout.trim();
  }

  async untilSource(pod: string, wanted: string): Promise<void> {
    let seen = '';
    const matches = async (): Promise<boolean> => (seen = await this.source(pod)) === wanted;
    await until(`${pod} leaves as ${wanted}`, matches).catch((error: unknown) => {
      throw new Error(`${String(error)}, but as ${JSON.stringify(seen)}\n${this.logTails()}`);
    });
  }

  /** Waits for an Event with that reason on KIND/NAME, as `kubectl get events` shows it. */
  async event(reason: string, object: string, namespace = 'default'): Promise<void> {
    const get = [
      'get',
      'events',
      '-n',
      namespace,
      '-o',
      'jsonpath={range .items[*]}{.reason} {.involvedObject.kind}/{.involvedObject.name}{"\\n"}{end}',
    ];
    await until(`Event ${reason} on ${object}`, async () =>
      (await this.must(get)).toLowerCase().split('\n').includes(`${reason} ${object}`.toLowerCase()),
    );
  }

  log(process: string): string {
    const file = `${this.dir}/log/${process}.log`;
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** The last lines of every log, for a failure that nobody watches. */
  logTails(lines = 8): string {
    const names = readdirSync(`${this.dir}/log`).filter((name) => name.endsWith('.log'));
    return names
      .map((name) => `${name}:\n${this.log(name.slice(0, -4)).trimEnd().split('\n').slice(-lines).join('\n')}`)
      .join('\n');
  }

  pid(process: string): number {
    return (JSON.parse(readFileSync(`${this.dir}/run/${process}.json`, 'utf8')) as { pid: number }).pid;
  }

  async down(): Promise<void> {
    if (given !== undefined) await this.#handOver(given);
    const down = await this.command('down');
    if (given !== undefined && down.status !== 0) throw new Error(down.stderr);
  }

  /** Has the lab take the namespaces with it that were made in it, by its label. */
  async #handOver(kubeconfig: string): Promise<void> {
    const made = [...(await namespacesOf(kubeconfig))].filter((name) => this.#before?.has(name) === false);
    const { id } = JSON.parse(readFileSync(`${this.dir}/before.json`, 'utf8')) as { id: string };
    const label = ['label', '--overwrite', 'namespace', ...made, `sdn-compat-lab=${id}`];
    if (made.length > 0) await run('kubectl', ['--kubeconfig', kubeconfig, ...label]);
  }
}

async function namespacesOf(kubeconfig: string): Promise<ReadonlySet<string>> {
  const ran = await run('kubectl', ['--kubeconfig', kubeconfig, 'get', 'namespaces', '-o', 'name']);
  if (ran.status !== 0) throw new Error(ran.stderr);
  return new Set(
    ran.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replace('namespace/', '')),
  );
}

/** What the machine has of labs: network namespaces, short paths. */
export async function traces(name: string): Promise<string[]> {
  const { stdout } = await run('ip', ['netns', 'list']);
  const namespaces = stdout.split('\n').filter((line) => line.startsWith(`sdnc.${name}.`));
  return [
    ...namespaces,
    ...(existsSync(`/run/sdn-compat-lab/${name}`) ? ['link'] : []),
    ...(existsSync(`${root}.lab/${name}`) ? ['dir'] : []),
  ];
}
