/** A process in a network namespace of a lab that answers on ports and tries others when told to. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pace } from './lab.ts';

export type Protocol = 'tcp' | 'udp';
export interface Target {
  readonly protocol: Protocol;
  readonly ip: string;
  readonly port: number;
}

/** Runs in the namespace: echoes on its ports; for each line of targets prints which of them echoed a word back. */
const program = String.raw`
const net = require('net'), dgram = require('dgram'), readline = require('readline');
const { ports, hosts } = JSON.parse(process.argv[1]);
const listening = hosts.flatMap((host) => ports.map((port) => ({ host, port }))).flatMap(({ host, port }) => [
  new Promise((done) => net.createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(port, host, done)),
  new Promise((done) => {
    const server = dgram.createSocket('udp4');
    server.on('message', (word, from) => server.send(word, from.port, from.address)).on('error', () => {}).bind(port, host, done);
  }),
]);
const tcp = ({ ip, port }, word, done) => {
  const socket = net.connect({ host: ip, port }, () => socket.write(word));
  socket.on('data', (data) => done(data.toString() === word)).on('error', () => done(false));
  return () => socket.destroy();
};
const udp = ({ ip, port }, word, done) => {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (data) => done(data.toString() === word)).on('error', () => done(false)).send(word, port, ip, () => {});
  return () => socket.close();
};
const attempt = (target, wait) => new Promise((resolve) => {
  let close = () => {};
  const timer = setTimeout(() => done(false), wait);
  const done = (reached) => { clearTimeout(timer); close(); close = () => {}; resolve(reached); };
  close = (target.protocol === 'tcp' ? tcp : udp)(target, 'word ' + Math.random(), done);
});
Promise.all(listening).then(() => {
  console.log('ready');
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const { targets, wait } = JSON.parse(line);
    console.log(JSON.stringify(await Promise.all(targets.map((target) => attempt(target, wait)))));
  }).on('close', () => process.exit(0));
});
`;

export class Prober {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /**
   * Starts one and returns when it listens on the ports; a namespace with several addresses names each, so that UDP is
   * answered from the right one.
   */
  static async start(netns: string, ports: readonly number[], hosts: readonly string[] = ['0.0.0.0']): Promise<Prober> {
    const argv = ['netns', 'exec', netns, process.execPath, '-e', program, JSON.stringify({ ports, hosts })];
    const prober = new Prober(spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] }));
    if ((await prober.#line()) !== 'ready') throw new Error(`${netns}: the prober did not start`);
    return prober;
  }

  /** Tries all targets at once; true for those that answered within so many milliseconds, or more on a slow machine. */
  async reaches(targets: readonly Target[], wait: number): Promise<boolean[]> {
    this.#child.stdin!.write(`${JSON.stringify({ targets, wait: wait * pace })}\n`);
    return JSON.parse(await this.#line()) as boolean[];
  }

  async reach(protocol: Protocol, ip: string, port: number, wait = 400): Promise<boolean> {
    return (await this.reaches([{ protocol, ip, port }], wait))[0]!;
  }

  stop(): void {
    this.#child.stdin!.end();
  }

  async #line(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('the prober has ended');
    return line.value;
  }
}
