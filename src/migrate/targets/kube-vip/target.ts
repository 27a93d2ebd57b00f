/** kube-vip as a target of migrations: egress by Services, for workloads of one pod. It runs beside another plugin. */
import { services, workloads } from '../../../../api/kinds.ts';
import { requestTarget } from '../../requests/target.ts';
import type { Target } from '../../target.ts';
import { claims } from './claims.ts';
import { checker } from './live.ts';
import { kubeVipObjects, plugin } from './objects.ts';

export const kubeVip: Target = requestTarget({
  name: 'kube-vip',
  plugin,
  makes: [services],
  madeFrom: workloads,
  selectsByLabel: false,
  leaks: 'while no node serves its Service',
  abilities: { moves: 'yes', drops: false },
  steps: [{ name: 'services', description: 'Create a LoadBalancer Service for each workload.' }],
  wayOut: { needs: [services], reads: [], claims },
  make: kubeVipObjects,
  // nothing shows on which nodes it runs
  lacking: () => undefined,
  checker,
  // which pods are behind a Service, its selector alone tells
  leavesWith: () => new Map(),
});
