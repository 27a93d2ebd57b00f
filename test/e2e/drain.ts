/** Connections of pods that talk all the time, and what the outside host sees of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { namespaceOf, type TestLab, until } from './lab.ts';
import { script } from './packets.ts';

const port = 20_100;
const host = '10.1.8.72';

/** Answers each word by TCP or UDP with who it came from, and says something by itself, too. Returns what ends it. */
export function talkingServer(lab: TestLab): () => void {
  const child = script(
    `sdnc.${lab.name}.outside`,
    `
    const net = require('net'), dgram = require('dgram');
    net.createServer((s) => {
      const from = s.remoteAddress + ' ' + s.remotePort;
      const own = setInterval(() => s.write('tick ' + from + '\\n'), 70);
      s.on('error', () => {}).on('close', () => clearInterval(own)).on('data', () => s.write('word ' + from + '\\n'));
    }).listen(${port}, '${host}');
    const u = dgram.createSocket('udp4');
    u.on('message', (_, r) => u.send('word ' + r.address + ' ' + r.port + '\\n', r.port, r.address)).bind(${port}, '${host}');
  `,
  );
  return () => child.kill('SIGKILL');
}

/** Talks for ever by one connection; each line of the file is an answer, or `closed`. */
const client = (protocol: 'tcp' | 'udp', file: string): string => `
  const net = require('net'), dgram = require('dgram'), fs = require('fs');
  const out = fs.openSync('${file}', 'w');
  const said = (text) => fs.writeSync(out, text);
  if ('${protocol}' === 'tcp') {
    const s = net.connect(${port}, '${host}');
    s.setNoDelay(true).on('data', said).on('error', (e) => said('closed ' + e.code + '\\n')).on('close', () => said('closed\\n'));
    setInterval(() => s.write('x'), 50);
  } else {
    const u = dgram.createSocket('udp4');
    u.on('message', said).on('error', (e) => said('closed ' + e.code + '\\n'));
    u.connect(${port}, '${host}', () => setInterval(() => u.send('x', () => {}), 50));
  }
`;

let talks = 0;

/** One connection of a pod. */
export class Talk {
  readonly #file: string;
  readonly name: string;
  readonly end: () => void;

  constructor(lab: TestLab, pod: string, protocol: 'tcp' | 'udp', label: string) {
    this.name = `${pod} by ${protocol} (${label})`;
    this.#file = join(lab.dir, `talk-${(talks += 1)}`);
    const child = script(namespaceOf(lab, pod), client(protocol, this.#file));
    this.end = () => child.kill('SIGKILL');
  }

  lines(): readonly string[] {
    try {
      return readFileSync(this.#file, 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  }

  /** Everybody that the server saw it as, `ADDRESS PORT`. */
  seen(): readonly string[] {
    const answers = this.lines().filter((line) => !line.startsWith('closed'));
    return [...new Set(answers.map((line) => line.replace(/^\w+ /, '')))];
  }

  get isClosed(): boolean {
    return this.lines().some((line) => line.startsWith('closed'));
  }

  /** Waits until it was answered so many times more. */
  async goesOn(answers = 20): Promise<void> {
    const words = (): number => this.lines().filter((line) => line.startsWith('word')).length;
    const before = words();
    await until(`${this.name} goes on`, () => words() >= before + answers).catch((error: unknown) => {
      throw new Error(`${String(error)}; its last lines: ${this.lines().slice(-3).join(', ')}`);
    });
  }
}
