/** Wakes the agent when an address, link or rule of this machine changes. Says only that: what changed is read. */
import { spawn } from 'node:child_process';
import type { Logger } from '../../io/log.ts';
import { pause } from '../../io/pause.ts';

const again = 1_000;

function watchOnce(changed: () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('ip', ['monitor', 'address', 'link', 'rule'], { stdio: ['ignore', 'pipe', 'ignore'], signal });
    child.stdout.on('data', changed);
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
}

/** Calls back at every change until the signal aborts. */
export async function watchLinks(logger: Logger, changed: () => void, signal: AbortSignal): Promise<void> {
  await watchOnce(changed, signal);
  while (!signal.aborted) {
    logger.warn('ip monitor ended and is started again');
    await pause(again, signal);
    changed();
    await watchOnce(changed, signal);
  }
}
