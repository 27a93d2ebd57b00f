/**
 * Which nodes watch a node that hosts egress IPs though nothing on them uses it, so that each one is watched by equally
 * many. The nodes with the least numbers do (rendezvous hashing): a node that comes or goes changes only the places that
 * it takes or leaves.
 */
import { compareText } from '../values/names.ts';

/** How many nodes watch each one. */
export const witnessesEach = 3;

interface Numbered<T> {
  readonly of: T;
  readonly name: string;
  readonly number: number;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

/** A number of 32 bits for a pair of hashes, in which all their bits count. */
function numberOf(watched: number, by: number): number {
  let mixed = Math.imul(watched ^ (watched >>> 16), 0x85ebca6b) ^ by;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function isBefore(one: Omit<Numbered<unknown>, 'of'>, other: Omit<Numbered<unknown>, 'of'>): boolean {
  return one.number < other.number || (one.number === other.number && compareText(one.name, other.name) < 0);
}

/** Those of `hosts` that `own` watches, if these are the names of all nodes. */
export function watchedBy<T extends { readonly name: string }>(
  own: string,
  hosts: readonly T[],
  names: readonly string[],
): readonly T[] {
  const others = names.flatMap((name) => (name === own ? [] : [{ name, hash: hashOf(name) }]));
  const ownHash = hashOf(own);
  return hosts.filter((host) => {
    if (host.name === own) return false;
    const hash = hashOf(host.name);
    const mine = { name: own, number: numberOf(hash, ownHash) };
    let before = 0;
    for (const other of others) {
      if (other.name === host.name || !isBefore({ name: other.name, number: numberOf(hash, other.hash) }, mine))
        continue;
      before += 1;
      if (before === witnessesEach) return false;
    }
    return true;
  });
}

/** The first `count` nodes in an order that is another one for each `own`, so that no node is the first for all. */
export function firstFor<T extends { readonly name: string }>(
  own: string,
  nodes: readonly T[],
  count: number,
): readonly T[] {
  if (count <= 0) return [];
  const hash = hashOf(own);
  const first: Numbered<T>[] = [];
  for (const of of nodes) {
    const one = { of, name: of.name, number: numberOf(hash, hashOf(of.name)) };
    const last = first.at(-1);
    if (first.length === count && last !== undefined && isBefore(last, one)) continue;
    const at = first.findIndex((other) => isBefore(one, other));
    first.splice(at === -1 ? first.length : at, 0, one);
    if (first.length > count) first.pop();
  }
  return first.map(({ of }) => of);
}
