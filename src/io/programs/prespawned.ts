/**
 * A program that is started before it is needed. Starting one from a process of several hundred MiB takes ten
 * milliseconds or more, mostly for copying page tables; a spare that waits for its standard input answers in one or
 * two.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { finish, type RunResult } from './exec.ts';

export interface PrespawnOptions {
  readonly program: string;
  /** The program must have no lasting effect before it has read its standard input to the end. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Milliseconds between a run and the start of the next spare, so that the caller can finish its work first. */
const rest = 50;

export class PrespawnedProgram {
  readonly #options: PrespawnOptions;
  #spare: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PrespawnOptions) {
    this.#options = options;
  }

  /** Runs the program on the input and returns its output. A spare that has ended is replaced by a new one. */
  async run(input: string): Promise<RunResult> {
    clearTimeout(this.#timer);
    const child = this.#spare ?? this.#start();
    this.#spare = undefined;
    try {
      return await finish(child, { input });
    } finally {
      if (!this.#isClosed) this.#timer = setTimeout(() => this.#keep(), rest);
    }
  }

  /** Ends the spare. It would also end by itself, since its input ends with this process. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#spare?.kill('SIGKILL'); // ovs-ofctl only notes another signal while it waits for its input
    this.#spare = undefined;
  }

  #start(): ChildProcess {
    const { program, args, env } = this.#options;
    return spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  }

  #keep(): void {
    let child: ChildProcess;
    try {
      child = this.#start();
    } catch {
      return; // out of memory or files: the next run starts its own program and reports the error
    }
    const gone = (): void => {
      if (this.#spare === child) this.#spare = undefined;
    };
    child.on('error', gone);
    child.on('exit', gone);
    this.#spare = child;
  }
}
