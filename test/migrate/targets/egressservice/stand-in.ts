/** What stands in for OVN-Kubernetes' EgressService, and for the load balancer that gives Services their addresses. */
import { egressServices, nodes, services } from '../../../../api/kinds.ts';
import { definitionOf } from '../../../../src/lab/ovn/definitions.ts';
import { selectorAt } from '../../../../src/migrate/kinds/item.ts';
import { serviceItem } from '../../../../src/migrate/kinds/service.ts';
import { egressService } from '../../../../src/migrate/targets/egressservice/target.ts';
import { make } from '../../snapshots.ts';
import { nodeNames, readyNodes, selector, setStatus, type StandIn, text } from '../stand-in.ts';

const asked = ['101', '210', '211', '212'].map((last) => `192.168.7.${last}`);

export const egressServiceStandIn: StandIn = {
  target: egressService,
  definitions: [
    definitionOf(
      egressServices,
      {
        type: 'object',
        properties: {
          network: text,
          nodeSelector: selector,
          sourceIPBy: { type: 'string', enum: ['LoadBalancerIP', 'Network'] },
        },
      },
      { hasStatusSubresource: true },
    ),
  ],
  folder: 'ovn-1.3',
  workloads: ['shop', 'bank', 'plain'].map((namespace) => ({
    kind: services,
    object: make.any(
      'v1',
      'Service',
      { name: 'web', namespace, annotations: { 'metallb.io/loadBalancerIPs': asked.join(',') } },
      { spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] } },
    ),
  })),
  run: async (client) => {
    for (const name of await nodeNames(client)) {
      const annotations = {
        'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}',
        'k8s.ovn.org/node-subnets': '{"default":["10.128.0.0/23"]}',
        'k8s.ovn.org/host-cidrs': '["192.168.7.11/24"]',
      };
      await client.patch(nodes, { name }, { metadata: { annotations } }, { type: 'merge', fieldManager: 'ovnkube' });
    }
  },
  act: async (client) => {
    for (const service of (await client.list(services)).items) {
      const ingress = serviceItem(service).asked.map((ip) => ({ ip }));
      if (ingress.length > 0) await setStatus(client, services, service, { loadBalancer: { ingress } });
    }
    for (const one of (await client.list(egressServices)).items) {
      const [host = ''] = await readyNodes(client, selectorAt(one, 'spec', 'nodeSelector') ?? {});
      await setStatus(client, egressServices, one, { host });
    }
  },
};
