/** How the Lease of the controllers tells that its holder is the facade: the same Lease is that of the agents' controller. */

const suffix = '_ovn-facade';

/** The identity with which the facade holds the Lease. */
export function facadeIdentity(identity: string): string {
  return `${identity}${suffix}`;
}

/** Whether who holds the Lease is a facade. */
export function isFacade(holder: string): boolean {
  return holder.endsWith(suffix);
}
