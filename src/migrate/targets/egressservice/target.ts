/** OVN-Kubernetes' EgressService as a target of migrations, for workloads that have a LoadBalancer Service anyway. */
import { apiVersionOf, egressServices, services } from '../../../../api/kinds.ts';
import { requestTarget } from '../../requests/target.ts';
import type { Target } from '../../target.ts';
import { lackingAnnotations } from '../ovn/marks/annotations.ts';
import { checker } from './live.ts';
import { egressServiceObjects, plugin } from './objects.ts';

export const egressService: Target = requestTarget({
  name: 'egressservice',
  plugin,
  networkType: 'OVNKubernetes',
  apiVersion: apiVersionOf(egressServices),
  makes: [egressServices],
  reads: [services],
  madeFrom: [services],
  selectsByLabel: false,
  leaks: 'while no node serves it',
  abilities: { moves: 'yes', drops: false },
  steps: [{ name: 'egress-services', description: 'Create EgressServices beside LoadBalancer Services.' }],
  make: egressServiceObjects,
  lacking: lackingAnnotations,
  checker,
  // which pods are behind a Service, its selector alone tells
  leavesWith: () => new Map(),
});
