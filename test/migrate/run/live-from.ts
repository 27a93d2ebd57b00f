/** What a cluster shows, for tests that need no server. */
import type { Live } from '../../../src/migrate/live.ts';
import { objectRef, refKey } from '../../../src/migrate/ref.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';

/** A cluster with these objects, whose API server serves all kinds but these, each `apiVersion/kind`. */
export function liveFrom(objects: readonly KubeObject[], unserved: readonly string[] = []): Live {
  return {
    objects: new Map(objects.map((object) => [refKey(objectRef(object)), object])),
    unserved: new Set(unserved),
  };
}
