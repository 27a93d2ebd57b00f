/** Runs the commands of the walkthrough as a user would type them, and prints each with its output. */
import { type Exec, type RunResult } from '../../io/programs/exec.ts';
import { files, type Layout } from '../layout.ts';

/** The output of the walkthrough. */
export interface Screen {
  readonly write: (text: string) => void;
  readonly bold: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** A result differs from the published one. */
export class Difference extends Error {
  override readonly name = 'Difference';
}

export class Shell {
  readonly layout: Layout;
  readonly #exec: Exec;
  readonly #screen: Screen;
  readonly #env: Readonly<Record<string, string>>;
  /** Waits, unseen, until pods may be made in a namespace. */
  readonly settle: (namespace: string) => Promise<void>;

  constructor(exec: Exec, layout: Layout, screen: Screen, settle: (namespace: string) => Promise<void>) {
    this.#exec = exec;
    this.settle = settle;
    this.layout = layout;
    this.#screen = screen;
    this.#env = { KUBECONFIG: files.kubeconfig(layout), KUBECACHEDIR: files.kubectlCache(layout), HOME: layout.dir };
  }

  title(text: string): void {
    this.#screen.write(`\n${this.#screen.bold(`== ${text}`)}\n`);
  }

  note(text: string): void {
    this.#screen.write(`   ${text}\n`);
  }

  /** Runs kubectl; shows its input as a here-document. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const shown = args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ');
    const here = input === undefined ? '' : ` <<EOF\n${input.trimEnd()}\nEOF`;
    this.#screen.write(`$ kubectl ${shown}${here}\n`);
    const options = { env: this.#env, ...(input === undefined ? {} : { input }) };
    const result = await this.#exec('kubectl', [`--cache-dir=${files.kubectlCache(this.layout)}`, ...args], options);
    return this.#show(result, `kubectl ${shown}`);
  }

  /** Runs a command in a network namespace of the lab; `prompt` is how the user would get there. */
  async inside(netns: string, prompt: string, argv: readonly [string, ...string[]]): Promise<RunResult> {
    this.#screen.write(`$ ${prompt} -- ${argv.join(' ')}\n`);
    const result = await this.quietly(netns, argv);
    this.#screen.write(result.stdout);
    if (result.status !== 0) this.#screen.write(`${result.stderr}(exit status ${result.status})\n`);
    return result;
  }

  /** Runs a command in a network namespace of the lab without showing it. */
  quietly(netns: string, argv: readonly [string, ...string[]]): Promise<RunResult> {
    return this.#exec('ip', ['netns', 'exec', netns, ...argv]);
  }

  /** Checks a result; throws Difference if it is not as published. */
  check(what: string, holds: boolean, found = ''): void {
    if (holds) {
      this.#screen.write(`   ${this.#screen.good('ok')} ${what}\n`);
      return;
    }
    this.#screen.write(`   ${this.#screen.bad('DIFFERENT')} ${what}${found === '' ? '' : `\n   found: ${found}`}\n`);
    throw new Difference(`the walkthrough differs: ${what}`);
  }

  #show(result: RunResult, command: string): string {
    this.#screen.write(result.stdout + result.stderr);
    if (result.status !== 0) throw new Difference(`${command}: exit status ${result.status}`);
    return result.stdout;
  }
}
