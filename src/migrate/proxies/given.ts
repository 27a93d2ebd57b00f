/** What a cluster's objects, and the proxies made so far, have taken: names and addresses. */
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Snapshot } from '../snapshot.ts';

/** What is taken already, by the cluster and by the proxies made so far. */
export class Given {
  readonly snapshot: Snapshot;
  readonly #names = new Set<string>();
  readonly #addresses = new Map<string, string>();

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    for (const { hostIP = '', host = '' } of snapshot.hostSubnets) this.#addresses.set(hostIP, `node ${host}`);
    for (const { netname = '', egressIPs } of snapshot.netNamespaces) {
      for (const ip of egressIPs ?? []) this.#addresses.set(ip, `namespace ${netname}`);
    }
  }

  /** Whether nobody can say which addresses are free. */
  get isUnknown(): boolean {
    return this.snapshot.unread.some(({ kind }) => kind === netNamespaces || kind === hostSubnets);
  }

  /** The egress IPs that a namespace requests. */
  requests(namespace: string): readonly string[] {
    return this.snapshot.netNamespaces.find(({ netname }) => netname === namespace)?.egressIPs ?? [];
  }

  /** A name that objects of every kind may have, and no other proxy of the namespace has. */
  name({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
    const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    const stem = (/^[a-z]/.test(plain) ? plain : `r-${plain}`).slice(0, 50).replace(/-+$/, '');
    for (let number = 1; ; number += 1) {
      const one = number === 1 ? `${stem}-proxy` : `${stem}-proxy-${number}`;
      if (this.#names.has(`${namespace}/${one}`)) continue;
      this.#names.add(`${namespace}/${one}`);
      return one;
    }
  }

  /** Takes an address for a proxy; returns who has it if somebody does. */
  take(address: Ip, holder: string): string | undefined {
    const other = this.#addresses.get(address);
    if (other === undefined) this.#addresses.set(address, holder);
    return other;
  }
}
