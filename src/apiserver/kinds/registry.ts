/** The served kinds: the built-in ones, and those of the present CRDs. */
import { builtinResources } from './builtin.ts';
import { projectResources } from './projects.ts';
import { groupVersion, type Resource } from './resource.ts';

function resourceKey(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}

export class Registry {
  readonly #resources = new Map<string, Resource>();
  readonly #custom = new Map<string, readonly Resource[]>();

  constructor() {
    for (const resource of [...builtinResources, ...projectResources])
      this.#resources.set(resourceKey(resource.group, resource.version, resource.plural), resource);
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#resources.get(resourceKey(group, version, plural));
  }

  /** Replaces the kinds of a CRD. A kind that is built in stays what it is, as in Kubernetes. */
  set(crdName: string, defined: readonly Resource[]): void {
    const resources = defined.filter(({ id }) => builtinResources.every((one) => one.id !== id));
    for (const { group, version, plural } of this.#custom.get(crdName) ?? [])
      this.#resources.delete(resourceKey(group, version, plural));
    this.#custom.set(crdName, resources);
    for (const resource of resources)
      this.#resources.set(resourceKey(resource.group, resource.version, resource.plural), resource);
  }

  /** The kinds that a CRD defines. */
  ofCrd(crdName: string): readonly Resource[] {
    return this.#custom.get(crdName) ?? [];
  }

  all(): readonly Resource[] {
    return [...this.#resources.values()];
  }

  /** All served `v1` and `GROUP/VERSION`, each with its kinds. */
  byGroupVersion(): ReadonlyMap<string, readonly Resource[]> {
    const result = new Map<string, Resource[]>();
    for (const resource of this.#resources.values()) {
      const key = groupVersion(resource);
      const known = result.get(key);
      if (known === undefined) result.set(key, [resource]);
      else known.push(resource);
    }
    return result;
  }
}
