/** Allows one apply, back or update at a time in a plan's folder. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type FileHandle, open, readFile, readlink, rm, stat, utimes } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fieldOf } from '../../model/values/json.ts';
import { lockName } from '../plan/folder.ts';

/** The message for the second one. */
export const isTaken = 'another apply, back or update is at work with this plan: wait until it has ended';

/** How often the holder touches its file, and how long another watches for that. */
const beat = 500;
const patience = 3_000;

/**
 * Runs the work unless somebody else is at work in the folder; returns undefined, with nothing done, if so. Two locks:
 * the name of an abstract socket, which goes away with its process however that ends, but is known on this host and in
 * this network namespace only; and a file in the folder that its holder touches twice a second, for containers and hosts
 * that share the folder. A file that nobody touches is left over.
 */
export async function alone<T>(folder: string, work: () => Promise<T>): Promise<T | undefined> {
  const socket = await bound(folder);
  if (socket === undefined) return undefined;
  try {
    const release = await fileLock(join(folder, lockName));
    return release === undefined ? undefined : await work().finally(release);
  } finally {
    socket.close();
  }
}

/** The socket; undefined if another process has the name. Only Linux has such names; elsewhere nobody has it. */
async function bound(folder: string): Promise<Server | undefined> {
  const { dev, ino } = await stat(folder);
  const name = createHash('sha256').update(`${dev} ${ino}`).digest('hex');
  const socket = createServer().unref();
  try {
    socket.listen(`\0sdn-compat-migrate-${name}`);
    await once(socket, 'listening');
  } catch (error) {
    if (fieldOf(error, 'code') === 'EADDRINUSE') return undefined;
  }
  return socket;
}

/** Takes the file; returns how to release it, or undefined if its holder lives. */
async function fileLock(file: string): Promise<(() => Promise<void>) | undefined> {
  const here = await readlink('/proc/self/ns/net').catch(() => 'unknown');
  let handle = await created(file);
  if (handle === undefined) {
    // whoever took it in this network namespace had the socket too, and it is free
    if ((await readFile(file, 'utf8').catch(() => here)) !== here && (await isTouched(file))) return undefined;
    await rm(file, { force: true });
    handle = await created(file);
    if (handle === undefined) return undefined;
  }
  await handle.writeFile(here);
  await handle.close();
  const touch = setInterval(() => {
    utimes(file, new Date(), new Date()).catch(() => undefined); // gone: somebody removed it by hand
  }, beat).unref();
  return async () => {
    clearInterval(touch);
    await rm(file, { force: true });
  };
}

async function created(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'wx', 0o600);
  } catch (error) {
    if (fieldOf(error, 'code') === 'EEXIST') return undefined;
    throw error;
  }
}

/** Whether somebody touches the file while we look: clocks of hosts differ. */
async function isTouched(file: string): Promise<boolean> {
  const timeOf = (): Promise<number> =>
    stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  const first = await timeOf();
  const end = performance.now() + patience;
  while (performance.now() < end) {
    if ((await timeOf()) !== first) return true;
    await setTimeout(beat / 2);
  }
  return false;
}
