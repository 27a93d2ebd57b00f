/** ICMP errors made by hand: what a pod may say about somebody else's connection. */
import { spawn } from 'node:child_process';
import type { TestLab } from './lab.ts';

/** The UDP packet that an error is about. */
export interface About {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

const bytes = (address: string): number[] => address.split('.').map(Number);
const word = (value: number): number[] => [value >> 8, value & 255];

function checksum(all: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += (all[i]! << 8) + (all[i + 1] ?? 0);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** Writes the checksum of `all` at a place that was zero. */
function summed(all: readonly number[], at: number): number[] {
  return [...all.slice(0, at), ...word(checksum(all)), ...all.slice(at + 2)];
}

/** A "port unreachable" about that packet, without the outer IP header. */
export function portUnreachable({ source, sourcePort, destination, destinationPort }: About): Buffer {
  const header = summed([0x45, 0, ...word(29), 0, 0, 0, 0, 64, 17, 0, 0, ...bytes(source), ...bytes(destination)], 10);
  const inner = [...header, ...word(sourcePort), ...word(destinationPort), ...word(9), 0, 0, 0x78];
  return Buffer.from(summed([3, 3, 0, 0, 0, 0, 0, 0, ...inner], 2));
}

/** Sends such errors from a pod. */
export async function sendErrors(lab: TestLab, pod: string, to: string, about: About): Promise<void> {
  const netns = await lab.podNamespace(pod);
  for (let i = 0; i < 5; i += 1) {
    const child = spawn('ip', ['netns', 'exec', netns, 'socat', '-u', 'STDIN', `IP4-SENDTO:${to}:1`], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    child.stdin.end(portUnreachable(about));
    await new Promise((resolve) => child.on('close', resolve));
  }
}
