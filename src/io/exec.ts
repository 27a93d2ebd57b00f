/** Runs programs: an argv array, optional standard input, a time limit, an AbortSignal. Never a shell. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds after which the program is killed; 30,000 when absent. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** Exit status; 128 plus the signal's number is not used, a killed program has -1. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program and returns what it printed and its exit status. */
export type Exec = (program: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/** A program ended with a status other than 0. */
export class ExecError extends Error {
  readonly result: RunResult;

  constructor(program: string, args: readonly string[], result: RunResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).slice(0, 2000);
    super(
      `${[program, ...args].join(' ').slice(0, 300)}: exit status ${result.status}${said === '' ? '' : `: ${said}`}`,
    );
    this.name = 'ExecError';
    this.result = result;
  }
}

/** Gives a program that has just been started its input and waits for its end; rejects when it could not be started. */
export function finish(child: ChildProcess, options: Pick<RunOptions, 'input' | 'timeout'>): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    // Not spawn's own timeout: its timer outlives a program that could not be started, and keeps this process waiting.
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 30_000);
    const out: Buffer[] = [];
    const error: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => error.push(chunk));
    child.on('error', (failure) => {
      clearTimeout(timer);
      reject(failure);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ status: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(error).toString() });
    });
    child.stdin?.on('error', () => undefined); // a program may end without reading its input
    child.stdin?.end(options.input ?? '');
  });
}

/** The real `Exec`: rejects only when the program cannot be started or the signal aborts. */
export const exec: Exec = (program, args, options = {}) =>
  finish(
    spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: options.env === undefined ? process.env : { ...process.env, ...options.env },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    }),
    options,
  );

/** Runs a program that must succeed and returns its standard output; throws ExecError otherwise. */
export async function must(run: Exec, program: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const result = await run(program, args, options);
  if (result.status !== 0) throw new ExecError(program, args, result);
  return result.stdout;
}
