/** Tells the neighbours, by gratuitous ARP, where an egress IP is now. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exec } from '../../io/exec.ts';
import type { Ip } from '../../model/address.ts';

const again = 2_000;

/**
 * Sends a gratuitous ARP request and reply at once and again 2 s later; some routers heed only one of them, and the
 * first may be lost. Returns what arping printed when it failed, else nothing. Does not delay the caller: arping
 * lives on for a second after its frame has left.
 */
export async function announce(run: Exec, device: string, ip: Ip, signal: AbortSignal): Promise<string | undefined> {
  const failures = await Promise.all([sendBoth(run, device, ip, signal), sleep(again, undefined, { signal }).then(() => sendBoth(run, device, ip, signal))]);
  return failures.find((failure) => failure !== undefined);
}

async function sendBoth(run: Exec, device: string, ip: Ip, signal: AbortSignal): Promise<string | undefined> {
  const sent = await Promise.all(
    ['-U', '-A'].map((kind) => run('arping', ['-q', kind, '-c', '1', '-w', '1', '-I', device, ip], { signal })),
  );
  // Nobody answers a gratuitous ARP, so only a message says that it could not be sent.
  return sent.find(({ status, stderr }) => status !== 0 && stderr.trim() !== '')?.stderr.trim();
}
