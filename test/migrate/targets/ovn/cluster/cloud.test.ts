import { cloudPart } from '../../../../../src/migrate/targets/ovn/cluster/cloud.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../../snapshots.ts';
import { first, project, second, worker } from '../cluster-of.ts';

const held = (name: string): KubeObject =>
  make.any('cloud.network.openshift.io/v1', 'CloudPrivateIPConfig', { name }, { spec: { node: 'n1' } });
const part = (objects: readonly KubeObject[]) => {
  const { changes, findings } = cloudPart(contextFrom(objects));
  return {
    changes: changes.map((change) => [change.action, change.step, change.action === 'delete' ? change.object : {}]),
    findings: findings.map(({ code, name, tomorrow }) => `${code} ${name}: ${tomorrow}`),
  };
};
const shop = [...worker(1, { egressIPs: [first] }), ...project('shop', 10, [first])];

it('releases the addresses that EgressIPs of the plan have', () => {
  expect(part([...shop, held(first)])).toEqual({
    changes: [
      [
        'delete',
        'release-cloud-addresses',
        { apiVersion: 'cloud.network.openshift.io/v1', kind: 'CloudPrivateIPConfig', name: first },
      ],
    ],
    findings: [
      expect.stringMatching(/^CloudPrivateIPConfig 192.168.7.101: .* before EgressIP egressip-shop is created/),
    ],
  });
});

it('leaves others alone, and says so', () => {
  expect(part([...shop, held(second)])).toEqual({
    changes: [],
    findings: [expect.stringMatching(/^CloudAddressUnused 192.168.7.102: It stays there/)],
  });
});

it('says nothing if nobody requests anything', () => {
  expect(part([...worker(1), held(first)])).toEqual({ changes: [], findings: [] });
});

it('keeps what is requested but in no EgressIP', () => {
  const orphan = [...worker(1), make.namespace('other'), make.netNamespace('shop', 10, { egressIPs: [first] })];
  expect(part([...orphan, held(first)]).findings).toEqual([expect.stringMatching(/^CloudAddressUnused/)]);
});
