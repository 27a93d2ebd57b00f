/** What a pod runs, also as the template of a workload. */
import type { JsonObject } from '../../model/values/json.ts';
import { atomic, mapBy, mergedBy, open, openObject, text } from './definition.ts';

const fieldRef = { ...atomic, properties: { apiVersion: { ...text, default: 'v1' }, fieldPath: text } };
const variable = openObject({ name: text, valueFrom: openObject({ fieldRef }) }, { required: ['name'] });

const container = openObject(
  {
    name: { ...text, description: 'Name of the container, unique in its pod.', minLength: 1 },
    image: { ...text, description: 'Image of the container.' },
    env: { ...mergedBy('name', variable), description: 'Variables of its environment.' },
    volumeMounts: mergedBy('mountPath', openObject({ mountPath: text, name: text })),
    resources: { ...open, default: {} },
    terminationMessagePath: { ...text, default: '/dev/termination-log' },
    terminationMessagePolicy: { ...text, default: 'File' },
    imagePullPolicy: { ...text, default: 'IfNotPresent', enum: ['Always', 'IfNotPresent', 'Never'] },
  },
  { required: ['name'] },
);

export const podSpec = openObject(
  {
    initContainers: { ...mapBy('name', container), description: 'What runs before the containers, one after another.' },
    containers: { ...mapBy('name', container), minItems: 1, description: 'The containers of this pod.' },
    volumes: mapBy('name', openObject({ name: text }, { required: ['name'] })),
    nodeName: { ...text, description: 'The node this pod runs on; empty until it is placed.' },
    nodeSelector: atomic,
    restartPolicy: { ...text, default: 'Always', enum: ['Always', 'OnFailure', 'Never'] },
    dnsPolicy: { ...text, default: 'ClusterFirst' },
    schedulerName: { ...text, default: 'default-scheduler' },
    terminationGracePeriodSeconds: { type: 'integer', format: 'int64', default: 30 },
    securityContext: { ...open, default: {} },
  },
  { required: ['containers'] },
) satisfies JsonObject;
