/** The stand-in for OVN-Kubernetes by itself, on a server that begins to serve its kinds later. */
import { crds } from '../../../api/crds.ts';
import { customResourceDefinitions, egressIPs, nodes } from '../../../api/kinds.ts';
import { ovnDefinitions } from '../../../src/lab/ovn/definitions.ts';
import { runStandIn } from '../../../src/lab/underlay/run.ts';
import { assignedIn } from '../../../src/migrate/kinds/egressip.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { logger, start } from '../../apiserver/started.ts';
import { until } from '../../controllers/started.ts';

test('assigns egress IPs until it is stopped', async () => {
  const server = await start({ crds });
  const { client } = server;
  const stop = new AbortController();
  try {
    const ended = runStandIn(client, { build: 'B', logger }, stop.signal);
    for (const crd of ovnDefinitions) await client.create(customResourceDefinitions, crd);
    const node: KubeObject & { readonly status: object } = {
      metadata: { name: 'node0', labels: { 'k8s.ovn.org/egress-assignable': '' } },
      status: {
        addresses: [{ type: 'InternalIP', address: '192.168.7.10' }],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    };
    await client.create<KubeObject>(nodes, node);
    await client.create<KubeObject>(egressIPs, {
      metadata: { name: 'red' },
      ...{ spec: { egressIPs: ['192.168.7.200'], namespaceSelector: {} } },
    });
    await until(
      'it is assigned',
      async () =>
        assignedIn((await client.get<KubeObject>(egressIPs, { name: 'red' }))!).get('192.168.7.200') === 'node0',
    );
    stop.abort();
    await ended;
  } finally {
    await server.stop();
  }
});
