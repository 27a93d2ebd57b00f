/** The controller as a process of its own, as users run it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { program } from '../program.ts';

export interface Entry {
  readonly msg: string;
  readonly [field: string]: unknown;
}

export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  #output = '';

  constructor(kubeconfig: string, ...flags: readonly string[]) {
    const argv = [...program, 'controller', '--kubeconfig', kubeconfig, '--status-address', 'off', ...flags];
    this.#child = spawn(process.execPath, argv, {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.ended = new Promise((resolve) => this.#child.on('close', (code) => resolve(code)));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get output(): string {
    return this.#output;
  }

  /** What it logged so far. */
  get log(): readonly Entry[] {
    return this.#output
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Entry);
  }

  said(msg: string): boolean {
    return this.#output.includes(`"msg":"${msg}"`);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async end(name: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.signal('SIGCONT');
    this.signal(name);
    return this.ended;
  }
}
