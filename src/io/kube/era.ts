/**
 * Notices an API server that has gone back in time, as after etcd was restored from a backup. Such a server answers a
 * watch from a version that it has not reached yet with 200 and then silence (Kubernetes' watch cache does), so a copy
 * has to ask. Versions are compared as numbers; where they are none, nothing is known.
 */
import type { Kind } from '../../../api/kinds.ts';
import type { KubeClient, RequestOptions, Selection } from './client.ts';

/** Parses a version, as every API server counts; undefined for one that is not a number. */
export function versionNumber(version: string | undefined): number | undefined {
  const number = Number(version);
  return version !== undefined && version !== '' && Number.isSafeInteger(number) ? number : undefined;
}

/** An API server that is older than what it said before. */
export class WentBack extends Error {
  constructor(kind: Kind, known: string, newest: string) {
    super(
      `the API server went back from version ${known} to ${newest}, as after a restore: ${kind.plural} are listed again`,
    );
  }
}

/** Asks for the newest version with one consistent read; throws WentBack if the known one is newer. */
export async function expectReached(
  client: KubeClient,
  kind: Kind,
  known: string,
  options: Selection & RequestOptions,
): Promise<void> {
  const newest = await client.newestVersion(kind, options);
  if (hasGoneBack(known, newest)) throw new WentBack(kind, known, newest);
}

/** Whether a server that knew the one version now has an older one as its newest. */
export function hasGoneBack(known: string, newest: string): boolean {
  const [reached, wanted] = [versionNumber(newest), versionNumber(known)];
  return reached !== undefined && wanted !== undefined && reached < wanted;
}

const behind = new WeakMap<KubeClient, Set<string>>();

/** Notes whether the client's copy of a kind is of a time that the server no longer knows. */
export function noteBehind(client: KubeClient, { plural }: Kind, isBehind: boolean): void {
  const kinds = behind.get(client) ?? new Set();
  behind.set(client, kinds);
  if (isBehind) kinds.add(plural);
  else kinds.delete(plural);
}

/** Why the client's copies are not the server's state; undefined as long as nothing is known against it. */
export function whyBehind(client: KubeClient): string | undefined {
  const kinds = [...(behind.get(client) ?? [])].sort();
  return kinds.length === 0 ? undefined : `the API server went back in time: ${kinds.join(', ')} must be listed again`;
}
