import type { KubeObject } from '../model/objects/raw.ts';

/** Options of a deletion that is refused if the object is not as it was seen. */
export function preconditions({ metadata: { uid, resourceVersion } }: KubeObject): object {
  if (uid === undefined) return {};
  return { preconditions: { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
}
