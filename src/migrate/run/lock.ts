/** Allows one apply or back at a time in a plan's folder. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { fieldOf } from '../../model/json.ts';

/** The message for the second one. */
export const isTaken = 'another apply or back is at work with this plan: wait until it has ended';

/**
 * Runs the work unless another process of this host is at work in the folder; returns undefined, with nothing done, if
 * one is. The lock is the name of an abstract socket: unlike a file it goes away with its process, however that ends.
 * Only Linux has them; elsewhere there is no lock.
 */
export async function alone<T>(folder: string, work: () => Promise<T>): Promise<T | undefined> {
  const { dev, ino } = await stat(folder);
  const name = createHash('sha256').update(`${dev} ${ino}`).digest('hex');
  const socket = createServer().unref();
  try {
    socket.listen(`\0sdn-compat-migrate-${name}`);
    await once(socket, 'listening');
  } catch (error) {
    if (fieldOf(error, 'code') === 'EADDRINUSE') return undefined;
  }
  return work().finally(() => socket.close());
}
