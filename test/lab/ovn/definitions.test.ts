/** Our definitions of OVN-Kubernetes's kinds against its own, where those lie beside the checkout. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { egressFirewalls } from '../../../api/kinds.ts';
import { egressFirewallDefinition, egressIPDefinition } from '../../../src/lab/ovn/definitions.ts';
import { egressFirewallItem } from '../../../src/migrate/kinds/egressfirewall.ts';
import { listAt } from '../../../src/migrate/kinds/item.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { fieldOf } from '../../../src/model/values/json.ts';
import { until } from '../../e2e/lab.ts';
import { StandInCluster } from '../../ovn/stand-in.ts';

const root = process.env['SDN_COMPAT_TEST_CRDS'] ?? join(import.meta.dirname, '../../../../shared/crds');
const files = ['k8s.ovn.org_egressips.yaml', 'k8s.ovn.org_egressfirewalls.yaml'];
const folders = ['ovn', 'ovn-1.3'].map((name) => join(root, name));

const read = (folder: string): readonly object[] =>
  files.map((file) => load(readFileSync(join(folder, file), 'utf8')) as object);
const version = (definition: object): unknown => listAt(definition, 'spec', 'versions')[0];

for (const folder of folders.filter((one) => files.every((file) => existsSync(join(one, file))))) {
  test(`they have names, scope and subresources of those in ${folder.split('/').at(-1)}`, () => {
    const ours = [egressIPDefinition, egressFirewallDefinition];
    for (const [index, theirs] of read(folder).entries()) {
      for (const path of [
        ['spec', 'names', 'kind'],
        ['spec', 'names', 'plural'],
        ['spec', 'scope'],
      ])
        expect(fieldOf(ours[index], ...path)).toEqual(fieldOf(theirs, ...path));
      expect(fieldOf(version(ours[index]!), 'subresources', 'status')).toEqual(
        fieldOf(version(theirs), 'subresources', 'status'),
      );
    }
  });

  test(`the stand-in does the same with those in ${folder.split('/').at(-1)}`, async () => {
    const cluster = await StandInCluster.start({ definitions: read(folder) });
    try {
      await cluster.egressIP('p', ['192.168.7.100', '192.168.7.101']);
      await cluster.assignedOf('p', 2);
      await cluster.namespace('shop');
      await cluster.firewall('shop', [{ type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } }]);
      await until('the rules are applied', async () => {
        const ref = { name: 'default', namespace: 'shop' };
        const object = await cluster.client.get<KubeObject>(egressFirewalls, ref);
        return object !== undefined && egressFirewallItem(object).status === 'EgressFirewall Rules applied';
      });
    } finally {
      await cluster.stop();
    }
  });
}

test('EgressIP has no status subresource, EgressFirewall has', () => {
  expect(fieldOf(version(egressIPDefinition), 'subresources')).toBeUndefined();
  expect(fieldOf(version(egressFirewallDefinition), 'subresources')).toEqual({ status: {} });
});
