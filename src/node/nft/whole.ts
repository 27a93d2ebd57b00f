/** Whether nft tables have all that they were written with, as far as their text tells. Pure. */

/** The chains in a text for nft, or of nft, as `TABLE CHAIN`, each with whether it has rules. */
function chainsIn(text: string): ReadonlyMap<string, boolean> {
  const chains = new Map<string, boolean>();
  let table = '';
  let chain: string | undefined;
  for (const line of text.split('\n')) {
    table = /^table (.+) \{$/.exec(line)?.[1] ?? table;
    const name = /^\s+chain (\S+) \{$/.exec(line)?.[1];
    if (name !== undefined) {
      chain = `${table} ${name}`;
      chains.set(chain, false);
    } else if (/^\s+\}$/.test(line)) chain = undefined;
    else if (chain !== undefined && !/^\s*type /.test(line)) chains.set(chain, true);
  }
  return chains;
}

/** Whether what nft printed has every chain that the text has, and rules wherever that has some. */
export function isWhole(text: string, printed: string): boolean {
  const there = chainsIn(printed);
  return [...chainsIn(text)].every(([chain, hasRules]) => there.get(chain) === hasRules);
}
