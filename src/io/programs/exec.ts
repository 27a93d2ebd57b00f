/** Runs programs: an argv array, optional standard input, a time limit, an AbortSignal. Never a shell. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The time limit in milliseconds, after which the program is killed; 30,000 by default. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** Exit status; -1 for a killed program, not 128 plus the signal's number. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program and returns its output and exit status. */
export type Exec = (program: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/** A program exited with a nonzero status. */
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

/** Writes the input to a program that was just started and waits for it to end; rejects if it could not be started. */
export function finish(child: ChildProcess, options: Pick<RunOptions, 'input' | 'timeout'>): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    // Do not use spawn's own timeout: its timer outlives a program that could not be started, and keeps this process
    // alive.
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
    child.stdin?.on('error', () => undefined); // a program may exit without reading its input
    child.stdin?.end(options.input ?? '');
  });
}

/** The real `Exec`: rejects only if the program cannot be started or the signal aborts. */
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
