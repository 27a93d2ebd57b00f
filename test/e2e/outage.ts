/** Measures how long new connections of a pod fail: a client that opens one at an interval and writes down each. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { TestLab } from './lab.ts';

/** One attempt: when it began, and the source that the server saw, or nothing when it failed within a second. */
export interface Attempt {
  readonly at: number;
  readonly source: string;
}

const script = (interval: number): string => `
  const net = require('net');
  setInterval(() => {
    const at = Date.now();
    let text = '', done = false;
    const end = () => { if (!done) { done = true; socket.destroy(); console.log(JSON.stringify({ at, source: text.trim().split('\\n').pop() })); } };
    const socket = net.connect(8080, '10.1.8.72', () => socket.write('GET /ip HTTP/1.0\\r\\n\\r\\n'));
    socket.on('data', (chunk) => (text += chunk)).on('end', end).on('error', () => { text = ''; end(); });
    socket.setTimeout(1000, () => { text = ''; end(); });
  }, ${interval});
`;

/** The attempts of one pod from now on. */
export class Client {
  readonly attempts: Attempt[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    let rest = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.attempts.push(JSON.parse(line) as Attempt);
    });
  }

  static async start(lab: TestLab, pod: string, interval = 50): Promise<Client> {
    const netns = await lab.podNamespace(pod);
    return new Client(
      spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', script(interval)], {
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  /** The attempts that began in that time. */
  between(from: number, to: number): Attempt[] {
    return this.attempts.filter(({ at }) => at >= from && at < to);
  }

  /** Milliseconds from `from` to the beginning of the last attempt that failed before `to`; 0 when none did. */
  lastFailure(from: number, to: number): number {
    const failed = this.between(from, to).filter(({ source }) => source === '');
    return failed.length === 0 ? 0 : Math.max(...failed.map(({ at }) => at)) - from;
  }
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
