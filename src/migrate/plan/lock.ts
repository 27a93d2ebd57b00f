/** Allows one apply, back or update at a time in a plan's folder. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type FileHandle, open, readFile, readlink, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fieldOf } from '../../model/values/json.ts';
import { Unwritable } from './unwritable.ts';

/** The lock of the command that works with the plan; what a kill left of it is no plan. */
export const lockName = 'lock';

/** The message for the second one. */
export const isTaken = 'another apply, back or update is at work with this plan: wait until it has ended';

/** How often the holder touches its file, and how long another watches for that. */
const beat = 500;
const patience = 3_000;

/**
 * Runs the work unless somebody else is at work in the folder; returns undefined, with nothing done, if so. Two locks:
 * the name of an abstract socket, which goes away with its process however that ends, but is known on this host and in
 * this network namespace only; and a file in the folder that its holder touches twice a second, for containers and
 * hosts that share the folder. A file that nobody touches is left over.
 */
export async function alone<T>(folder: string, work: () => Promise<T>): Promise<T | undefined> {
  for (let tries = 1; tries <= attempts; tries++) {
    await settled(folder);
    const id = await idOf(folder);
    const socket = await bound(id);
    if (socket === undefined) return undefined;
    try {
      const release = await fileLock(join(folder, lockName));
      if (release === undefined) return undefined;
      try {
        // an update may have put another folder in its place before we had the lock
        if ((await idOf(folder)) === id) return await work();
      } finally {
        await release();
      }
    } finally {
      socket.close();
    }
  }
  return undefined;
}

const attempts = 3;

/** What tells the folder from another that took its place. */
async function idOf(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder);
  return `${dev} ${ino}`;
}

/** The socket; undefined if another process has the name. Only Linux has such names; elsewhere nobody has it. */
async function bound(id: string): Promise<Server | undefined> {
  const name = createHash('sha256').update(id).digest('hex');
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
  const own = handle;
  await own.writeFile(here).catch(async (error: unknown) => {
    await own.close();
    await rm(file, { force: true });
    throw new Unwritable(file, error);
  });
  const { ino } = await own.stat();
  const touch = setInterval(() => {
    own.utimes(new Date(), new Date()).catch(() => undefined);
  }, beat).unref();
  return async () => {
    clearInterval(touch);
    await own.close();
    // in another folder of that name the file is another's
    const is = await stat(file).catch(() => undefined);
    if (is?.ino === ino) await rm(file, { force: true });
  };
}

async function created(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'wx', 0o600);
  } catch (error) {
    if (fieldOf(error, 'code') === 'EEXIST') return undefined;
    throw new Unwritable(file, error);
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

/** Milliseconds between two renames of an update, at most, and between two looks. */
const [renaming, again] = [2_000, 10];

/** Waits while the folder is not there because an update is between its two renames. */
export async function settled(folder: string): Promise<void> {
  const end = performance.now() + renaming;
  while (!existsSync(folder) && existsSync(join(freshFolder(folder), 'plan.yaml')) && performance.now() < end)
    await setTimeout(again);
}

/** Where an update writes the folder before it takes its place. */
export function freshFolder(folder: string): string {
  return `${resolve(folder)}.new`;
}
