/** The changing part of the nft table: its difference as commands, and its reading from `nft -j`. */
import { type Ip, parseIp } from '../../model/address.ts';
import { asList, asText, isRecord } from '../../model/json.ts';
import { hex } from '../ovs/flow.ts';
import { type NftElements, nftTable } from './ruleset.ts';

function change(verb: 'add' | 'delete', set: string, elements: readonly string[]): string[] {
  if (elements.length === 0) return [];
  return [`${verb} element ip ${nftTable} ${set} { ${[...elements].sort().join(', ')} }`];
}

function missing<T>(from: Iterable<T>, of: { has(item: T): boolean }): T[] {
  return [...from].filter((item) => !of.has(item));
}

/** Marks whose address is another one, or none, in `other`. */
function differing(snat: NftElements['snat'], other: NftElements['snat']): [number, Ip][] {
  return [...snat].filter(([mark, ip]) => other.get(mark) !== ip);
}

const source = ([mark, ip]: [number, Ip]): string => `${hex(mark)} . ${ip}`;
const mapping = ([mark, ip]: [number, Ip]): string => `${hex(mark)} : ${ip}`;

/** The commands that add what `wanted` has beyond `actual`; a mark whose address changes is changed here. */
export function additions(actual: NftElements, wanted: NftElements): string[] {
  const added = differing(wanted.snat, actual.snat);
  const replaced = added.filter(([mark]) => actual.snat.has(mark));
  const outdated = replaced.flatMap(([mark]): [number, Ip][] => {
    const ip = actual.snat.get(mark);
    return ip === undefined ? [] : [[mark, ip]];
  });
  return [
    ...change('add', 'restricted_pods', missing(wanted.restricted, actual.restricted)),
    ...change('delete', 'egress_snat', outdated.map(([mark]) => hex(mark))),
    ...change('delete', 'egress_sources', outdated.map(source)),
    ...change('add', 'egress_sources', added.map(source)),
    ...change('add', 'egress_snat', added.map(mapping)),
    ...change('add', 'egress_hosted', missing(wanted.hosted, actual.hosted)),
  ];
}

/** The commands that remove what `actual` has beyond `wanted`. */
export function removals(actual: NftElements, wanted: NftElements): string[] {
  const removed = [...actual.snat].filter(([mark]) => !wanted.snat.has(mark));
  return [
    ...change('delete', 'egress_snat', removed.map(([mark]) => hex(mark))),
    ...change('delete', 'egress_sources', removed.map(source)),
    ...change('delete', 'egress_hosted', missing(actual.hosted, wanted.hosted)),
    ...change('delete', 'restricted_pods', missing(actual.restricted, wanted.restricted)),
  ];
}

function elementsOf(listing: readonly unknown[], kind: 'set' | 'map', name: string): readonly unknown[] {
  for (const item of listing) {
    const object = isRecord(item) ? item[kind] : undefined;
    if (isRecord(object) && object['name'] === name) return asList(object['elem']);
  }
  return [];
}

function addresses(elements: readonly unknown[]): Set<Ip> {
  const found = new Set<Ip>();
  for (const element of elements) {
    const ip = parseIp(asText(element));
    if (ip.ok) found.add(ip.value);
  }
  return found;
}

/** The elements of our table as `nft -j list table ip …` prints them. */
export function parseElements(json: string): NftElements {
  const document: unknown = JSON.parse(json);
  const listing = isRecord(document) ? asList(document['nftables']) : [];
  const snat = new Map<number, Ip>();
  for (const pair of elementsOf(listing, 'map', 'egress_snat')) {
    const [mark, address] = asList(pair);
    const ip = parseIp(asText(address));
    if (typeof mark === 'number' && ip.ok) snat.set(mark, ip.value);
  }
  return {
    snat,
    hosted: addresses(elementsOf(listing, 'set', 'egress_hosted')),
    restricted: addresses(elementsOf(listing, 'set', 'restricted_pods')),
  };
}
