/**
 * A program that is started before it is needed. To start one takes a process of some hundred MiB ten milliseconds and
 * more, most of it spent copying page tables; a spare that waits for its standard input answers in one or two.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { finish, type RunResult } from './exec.ts';

export interface PrespawnOptions {
  readonly program: string;
  /** The program must do nothing that lasts before it has read its standard input to the end. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Milliseconds after a run before the next spare is started: not while its caller still has work to do. */
const rest = 50;

export class PrespawnedProgram {
  readonly #options: PrespawnOptions;
  #spare: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PrespawnOptions) {
    this.#options = options;
  }

  /** Gives the program its input and returns what it printed; a spare that has ended meanwhile is replaced by a new one. */
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

  /** Ends the spare. It would end by itself too: its input ends with this process. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#spare?.kill();
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
      return; // too little memory, or too many files: the next run starts its own, and tells
    }
    const gone = (): void => {
      if (this.#spare === child) this.#spare = undefined;
    };
    child.on('error', gone);
    child.on('exit', gone);
    this.#spare = child;
  }
}
