/** The parts of objects that an agent reads. The rest is most of them, and there are many. */
import isEmpty from 'lodash/isEmpty.js';
import pick from 'lodash/pick.js';
import pickBy from 'lodash/pickBy.js';
import { egressIpConfigAnnotation } from '../../model/objects/cloud.ts';
import { ruleAnnotations } from '../../model/objects/egressrules.ts';
import type { NetNamespaceObject, NodeObject } from '../../model/objects/raw.ts';
import { multicastAnnotation } from '../../model/objects/well-known.ts';

/** Of a Node: readiness, addresses and what a cloud says. */
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

const read: ReadonlySet<string> = new Set([multicastAnnotation, ...Object.values(ruleAnnotations)]);

/** Of a NetNamespace: its VNID, what it requests, and the annotations that say more. */
export function netNamespacePart({ metadata, ...fields }: NetNamespaceObject): NetNamespaceObject {
  const annotations = pickBy(metadata.annotations, (_, name) => read.has(name));
  return {
    ...pick(fields, ['apiVersion', 'kind', 'netname', 'netid', 'egressIPs']),
    metadata: {
      ...pick(metadata, ['name', 'uid', 'resourceVersion']),
      ...(isEmpty(annotations) ? {} : { annotations }),
    },
  };
}
