/** What stands in for kube-vip: a Service that asks for egress gets its address on the first node. */
import { deployments, services } from '../../../../api/kinds.ts';
import { addressesAnnotation, egressAnnotation } from '../../../../src/migrate/targets/kube-vip/objects.ts';
import { kubeVip } from '../../../../src/migrate/targets/kube-vip/target.ts';
import { make } from '../../snapshots.ts';
import { nodeNames, setStatus, type StandIn } from '../stand-in.ts';

const spec = {
  selector: { matchLabels: { app: 'web' } },
  template: {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'web', ports: [{ containerPort: 8080 }] }] },
  },
};

export const kubeVipStandIn: StandIn = {
  target: kubeVip,
  definitions: [],
  folder: 'kube-vip',
  workloads: ['shop', 'bank', 'plain'].map((namespace) => ({
    kind: deployments,
    object: make.any('apps/v1', 'Deployment', { name: 'web', namespace }, { spec }),
  })),
  run: () => Promise.resolve(),
  act: async (client) => {
    const [node = ''] = (await nodeNames(client)).toSorted();
    for (const service of (await client.list(services)).items) {
      const { name = '', namespace = '', annotations = {} } = service.metadata;
      const ip = annotations[addressesAnnotation];
      if (annotations[egressAnnotation] !== 'true' || ip === undefined) continue;
      const said = { 'kube-vip.io/vipHost': node, 'kube-vip.io/active-endpoint': '10.128.0.9' };
      const options = { type: 'merge', fieldManager: 'kube-vip' } as const;
      await client.patch(services, { name, namespace }, { metadata: { annotations: said } }, options);
      await setStatus(client, services, service, { loadBalancer: { ingress: [{ ip }] } });
    }
  },
};
