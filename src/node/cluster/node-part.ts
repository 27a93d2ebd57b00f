/** The part of a Node that an agent reads: readiness, addresses and what a cloud says. The rest is most of it. */
import pick from 'lodash/pick.js';
import { egressIpConfigAnnotation } from '../../model/objects/cloud.ts';
import type { NodeObject } from '../../model/objects/raw.ts';

export function nodePart({ metadata, status = {} }: NodeObject): NodeObject {
  const { annotations = {} } = metadata;
  const ready = (status.conditions ?? []).filter(({ type }) => type === 'Ready');
  return {
    metadata: {
      ...pick(metadata, ['name', 'uid', 'resourceVersion', 'creationTimestamp']),
      annotations: pick(annotations, [egressIpConfigAnnotation]),
    },
    status: {
      addresses: status.addresses ?? [],
      conditions: ready.map((condition) => pick(condition, ['type', 'status', 'message'])),
    },
  };
}
