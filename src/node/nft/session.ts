/**
 * A kept `nft -i`, which carries out a change in less than a millisecond where starting nft takes ten or more. It says
 * nothing of what it has done, so each change is followed by a question whose answer, an error, ends it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Exec, must } from '../../io/programs/exec.ts';
import { noHome } from './read.ts';

/** The characters of the longest line that goes to the session: a longer one is not worth it. */
const longest = 4_000;
/** Changes after which a new session takes over: nft remembers each line, for the arrow keys of people. */
const most = 2_000;
/** Milliseconds that the session may take for a change, which it holds up no longer than that. */
const patience = 250;
/** Milliseconds that it may take to start, while programs carry changes out. */
const startPatience = 10_000;
/** Milliseconds before a session that ended is followed by another, so that the caller can finish its work first. */
const rest = 50;

interface Waiting {
  readonly mark: string;
  readonly resolve: (said: string) => void;
  readonly reject: (error: Error) => void;
}

/** The name of a table that nobody has: nft quotes the question about it in its answer. */
const markOf = (number: number): string => `sdn_compat_no_table_${number}`;

/** One process of `nft -i`; after an error it takes no more changes. */
class Conversation {
  readonly #child: ChildProcess;
  #said = '';
  #asked = 0;
  #hasAnswered = false;
  #waiting: Waiting | undefined;
  #failure: Error | undefined;

  constructor(ended: (one: Conversation) => void) {
    // it ends with its standard input, and so with this process
    this.#child = spawn('nft', ['-i'], { stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, ...noHome } });
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#hear(chunk.toString()));
    this.#child.stdin?.on('error', () => undefined); // its end is told by `close`
    const end = (error: Error): void => {
      this.#failure ??= error;
      this.#waiting?.reject(this.#failure);
      ended(this);
    };
    this.#child.on('error', end);
    this.#child.on('close', () => end(new Error('nft -i ended')));
  }

  get isUsable(): boolean {
    return this.#failure === undefined && this.#asked < most;
  }

  /** Whether it takes a change now: it has started, and works on none. */
  get isReady(): boolean {
    return this.isUsable && this.#hasAnswered && this.#waiting === undefined;
  }

  /** Waits until it has started; rejects if it ends before that. */
  async begin(): Promise<void> {
    await this.ask('', startPatience);
    this.#hasAnswered = true;
  }

  /**
   * What nft said about the line, empty if nothing was wrong. Rejects once nft has ended without saying anything: then
   * the line has taken effect, or never will.
   */
  ask(line: string, limit = patience): Promise<string> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const mark = markOf((this.#asked += 1));
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(() => this.#stop(new Error(`nft -i did not answer within ${limit} ms`)), limit);
    this.#waiting = { mark, resolve, reject };
    this.#child.stdin?.write(`${line}\nlist table ip ${mark}\n`);
    return promise.finally(() => clearTimeout(timer));
  }

  end(): void {
    this.#stop(new Error('the session ends'));
  }

  #hear(text: string): void {
    this.#said += text;
    const { mark, resolve } = this.#waiting ?? {};
    if (mark === undefined || resolve === undefined) return;
    // Error: …, the question, and carets below it
    const end = new RegExp(`(?:^|\\n)[^\\n]*\\n[^\\n]*\\b${mark}\\b[^\\n]*\\n[^\\n]*\\n`).exec(this.#said);
    if (end === null) return;
    const before = this.#said.slice(0, end.index);
    this.#said = '';
    this.#waiting = undefined;
    resolve(before.trim());
  }

  #stop(error: Error): void {
    this.#failure ??= error;
    this.#child.kill('SIGKILL');
  }
}

/** Runs nft's commands as one transaction by a program of their own; throws ExecError if nft refuses them. */
export async function runOnce(exec: Exec, commands: readonly string[]): Promise<void> {
  await must(exec, 'nft', ['-f', '-'], { input: `${commands.join('\n')}\n` });
}

/** Runs nft's commands, in a kept session where that works, else by a program for each change. */
export class NftSession {
  readonly #exec: Exec;
  #open: Conversation | undefined;
  /** Whether a session has ever answered; undefined until one was asked. */
  #works: boolean | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** Starts the session before it is needed. */
  start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosed || this.#works === false || this.#open?.isUsable === true) return;
    this.#open?.end();
    const conversation = new Conversation((one) => {
      if (this.#open === one) this.#open = undefined;
    });
    this.#open = conversation;
    conversation.begin().then(
      () => (this.#works = true),
      () => (this.#works ??= false),
    );
  }

  /**
   * Runs the commands as one transaction; rejects with what nft says if it refuses them, and then none took effect. A
   * program runs what comes while the session is busy, and what the session did not answer: if that had carried them
   * out, it adds nothing, and may refuse to delete.
   */
  async run(commands: readonly string[]): Promise<void> {
    const line = commands.join('; ');
    const conversation = line.length <= longest ? this.#open : undefined;
    try {
      const said = conversation?.isReady === true ? await this.#ask(conversation, line) : undefined;
      if (said === undefined) await runOnce(this.#exec, commands);
      else if (said !== '') throw new Error(`nft: ${said.slice(0, 2_000)}`);
    } finally {
      if (!this.#isClosed && this.#open?.isUsable !== true) this.#timer ??= setTimeout(() => this.start(), rest);
    }
  }

  /** What the session said about the line; undefined if it ended over it. */
  async #ask(conversation: Conversation, line: string): Promise<string | undefined> {
    try {
      return await conversation.ask(line);
    } catch (error) {
      if (this.#isClosed) throw error;
      return undefined;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#open?.end();
  }
}
