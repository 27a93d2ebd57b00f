/** The real libcni on a node of a lab: it calls our plugin for pods whose network namespaces a test makes. */
import { join } from 'node:path';
import { must, type Ran, run, TestLab, until } from '../e2e/lab.ts';
import { cniFolders } from './containerd.ts';
import { laterDebian, laterGo } from './debian.ts';

/** A pod that the API server knows, with a network namespace that no plugin has seen. */
export interface Sandbox {
  readonly id: string;
  readonly name: string;
  readonly uid: string;
  readonly netns: string;
}

const folderOf = import.meta.dirname;

export class Libcni {
  /** The list of plugins. */
  readonly list: string;
  readonly #lab: TestLab;
  readonly #worker: string;
  readonly #program: string;
  readonly #bin: string;

  private constructor(lab: TestLab, worker: string, program: string, folders: ReturnType<typeof cniFolders>) {
    this.#lab = lab;
    this.#worker = worker;
    this.#program = program;
    this.#bin = folders.bin;
    this.list = join(folders.conf, '10-sdn-compat.conflist');
  }

  /** Debian 12's libcni, which knows ADD, CHECK and DEL. */
  static async build(folder: string, lab: TestLab, worker: string): Promise<Libcni> {
    return Libcni.#made(folder, lab, worker, { go: 'go', env: { GOPATH: '/usr/share/gocode' }, sources: [] });
  }

  /** A later Debian's, which knows STATUS and GC too, with its portmap. */
  static async buildLater(folder: string, lab: TestLab, worker: string): Promise<Libcni> {
    const system = await laterDebian();
    const built = { ...laterGo(system), sources: ['libcni-gc.go'], plugins: join(system, 'usr/lib/cni') };
    return Libcni.#made(folder, lab, worker, built);
  }

  static async #made(
    folder: string,
    lab: TestLab,
    worker: string,
    built: {
      readonly go: string;
      readonly env: Record<string, string>;
      readonly sources: readonly string[];
      readonly plugins?: string;
    },
  ): Promise<Libcni> {
    const program = join(folder, 'libcni');
    const env = { ...built.env, GO111MODULE: 'off', GOCACHE: join(folder, 'cache') };
    const sources = ['libcni.go', ...built.sources].map((name) => join(folderOf, name));
    await must(built.go, ['build', '-o', program, ...sources], { env });
    return new Libcni(lab, worker, program, cniFolders(folder, lab, worker, {}, built.plugins));
  }

  /** A pod of a namespace, scheduled to the node, and its network namespace. */
  async sandbox(name: string): Promise<Sandbox> {
    const lab = this.#lab;
    const metadata = { namespace: 'red', name };
    const spec = { nodeName: `${this.#worker}.ocp4.rober.lab`, containers: [{ name: 'c', image: 'c' }] };
    await lab.must(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));
    const uid = await lab.must(['get', 'pod', '-n', 'red', name, '-o', 'jsonpath={.metadata.uid}']);
    const netns = `sdnc.${lab.name}.pod-${uid.slice(0, 13)}`;
    await must('ip', ['netns', 'add', netns]);
    return { id: `c0ffee-${name}`, name, uid, netns };
  }

  /** A command about a sandbox. */
  call(command: 'ADD' | 'CHECK' | 'DEL', { id, name, uid, netns }: Sandbox): Promise<Ran> {
    return this.#run(command, this.list, id, `/run/netns/${netns}`, 'red', name, uid);
  }

  /** Whether the plugins are ready. */
  status(): Promise<Ran> {
    return this.#run('STATUS', this.list);
  }

  /** Has the plugins of a list remove what is of none of these sandboxes. */
  collect(valid: readonly Sandbox[], list = this.list): Promise<Ran> {
    return this.#run('GC', list, ...valid.map(({ id }) => id));
  }

  #run(command: string, list: string, ...args: readonly string[]): Promise<Ran> {
    return this.#lab.node(this.#worker, this.#program, command, list, this.#bin, ...args);
  }
}

/** A lab of one node whose pods nobody makes but the test, with the namespace `red`. */
export async function labWithoutKubelet(): Promise<TestLab> {
  const lab = await TestLab.up('--nodes', '1');
  // it would make the same pods
  await lab.command('kill', 'kubelet');
  await lab.must(['create', 'namespace', 'red']);
  await until('the namespace has a VNID', async () => (await lab.netid('red').catch(() => 0)) > 0);
  return lab;
}

/** What a program says in the network namespace of a sandbox. */
export const inside = ({ netns }: Sandbox, ...argv: readonly string[]): Promise<Ran> =>
  run('ip', ['netns', 'exec', netns, ...argv]);
