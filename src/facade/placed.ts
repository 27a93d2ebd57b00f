/** Where our EgressIPs have their addresses, by node and by address. */
import type { KubeObject } from '../model/objects/raw.ts';
import { placesIn } from './reading.ts';

export class Placed {
  /** By node: the address, and the EgressIP that has it there. */
  readonly #byNode = new Map<string, Map<string, string>>();
  readonly #nodeOf = new Map<string, string>();

  /** The addresses on the node, in any order. */
  on(node: string): readonly string[] {
    return [...(this.#byNode.get(node)?.keys() ?? [])];
  }

  /** The node that has the address. */
  nodeOf(ip: string): string | undefined {
    return this.#nodeOf.get(ip);
  }

  /** Follows a change of the EgressIP; returns the nodes that got or lost addresses. */
  change(name: string, before: KubeObject | undefined, after: KubeObject | undefined): ReadonlySet<string> {
    const [was, is] = [placesIn(before), placesIn(after)];
    const left = [...was].filter(([ip, node]) => is.get(ip) !== node);
    const come = [...is].filter(([ip, node]) => was.get(ip) !== node);
    for (const [ip, node] of left) {
      if (this.#byNode.get(node)?.get(ip) === name) this.#byNode.get(node)?.delete(ip);
      if (this.#nodeOf.get(ip) === node) this.#nodeOf.delete(ip);
    }
    for (const [ip, node] of come) {
      const here = this.#byNode.get(node) ?? new Map<string, string>();
      this.#byNode.set(node, here.set(ip, name));
      this.#nodeOf.set(ip, node);
    }
    return new Set([...left, ...come].map(([, node]) => node));
  }
}
