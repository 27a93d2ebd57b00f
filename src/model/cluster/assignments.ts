/** Where OVN-Kubernetes has put egress IPs, which is what counts where it forwards: the status of EgressIPs. */
import type { KubeObject, LabelSelectorObject } from '../objects/raw.ts';
import { namesIn } from '../objects/selector.ts';
import { asList, asText, fieldOf } from '../values/json.ts';

/** One place of an address. */
export interface Assignment {
  readonly egressIP: string;
  readonly node: string;
  /** The EgressIP that has it there, and the namespaces that it selects by name. */
  readonly by: string;
  readonly namespaces: ReadonlySet<string>;
}

/** An EgressIP as a server gives it. */
export type EgressIPObject = KubeObject & {
  readonly spec?: { readonly namespaceSelector?: LabelSelectorObject };
  readonly status?: unknown;
};

/** Reads the places from EgressIPs. */
export function assignmentsIn(objects: readonly EgressIPObject[]): readonly Assignment[] {
  return objects.flatMap((object) => {
    const namespaces = new Set(namesIn(object.spec?.namespaceSelector ?? {}));
    return asList(fieldOf(object, 'status', 'items')).map((item) => ({
      ...{ egressIP: asText(fieldOf(item, 'egressIP')), node: asText(fieldOf(item, 'node')) },
      ...{ by: object.metadata.name ?? '', namespaces },
    }));
  });
}
