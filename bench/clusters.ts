/** Clusters of any size for benchmarks, as raw objects, and a timer. */
import { type HostSubnet, parseHostSubnet } from '../src/model/objects/hostsubnet.ts';
import { type NetNamespace, parseNetNamespace } from '../src/model/objects/netnamespace.ts';
import type { HostSubnetObject, NetNamespaceObject } from '../src/model/objects/raw.ts';

/** The address with this number in 10.0.0.0/8. */
export function address(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}

export function rawHostSubnet(
  index: number,
  egressIPs: readonly string[],
  egressCIDRs: readonly string[],
): HostSubnetObject {
  const name = `node-${String(index).padStart(5, '0')}`;
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'HostSubnet',
    metadata: { name },
    host: name,
    hostIP: `172.16.${index >> 8}.${index & 255}`,
    subnet: `100.${64 + (index >> 8)}.${index & 255}.0/24`,
    egressIPs: [...egressIPs],
    egressCIDRs: [...egressCIDRs],
  };
}

export function rawNetNamespace(index: number, egressIPs: readonly string[]): NetNamespaceObject {
  const name = `project-${String(index).padStart(6, '0')}`;
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name },
    netname: name,
    netid: 10 + index,
    egressIPs: [...egressIPs],
  };
}

export function hostSubnet(raw: HostSubnetObject): HostSubnet {
  const parsed = parseHostSubnet(raw);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

export function netNamespace(raw: NetNamespaceObject): NetNamespace {
  const parsed = parseNetNamespace(raw);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

/** Runs `work`; returns its duration in milliseconds and its result. */
export function timed<T>(work: () => T): { readonly ms: number; readonly value: T } {
  const start = performance.now();
  const value = work();
  return { ms: performance.now() - start, value };
}

/** Prints rows under a heading with aligned columns, numbers to the right. */
export function table(title: string, head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const cells = [
    head,
    ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toFixed(cell < 10 ? 1 : 0) : cell))),
  ];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  console.log(`\n${title}`);
  for (const row of cells) {
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    );
  }
}
