import { reportPage, stateOf } from '../../../src/cli/migrate/report-page.ts';
import { makePlan } from '../../../src/migrate/plan/make.ts';
import { reportOf } from '../../../src/migrate/report/content.ts';
import { ovn } from '../../../src/migrate/targets/ovn/target.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make, options, snapshotOf } from '../../migrate/snapshots.ts';

const primary = { annotations: { 'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.11/24"}' } };
const count = 300;
const cluster: readonly KubeObject[] = [
  make.clusterNetwork(),
  make.node('n1', '192.168.7.11', primary),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101', '192.168.7.103'] }),
  ...['shop', 'dark', 'far'].map((name) => make.namespace(name)),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('dark', 11, { egressIPs: ['192.168.7.102'] }),
  make.netNamespace('far', 12, { egressIPs: ['203.0.113.9'] }),
  ...Array.from({ length: count }, (_, index) => make.netNamespace(`gone${index}`, 100 + index)),
];
const made = makePlan(snapshotOf(cluster), { tool: 'test', target: ovn, options: { ...options }, strict: false });
const state = stateOf(made, reportOf(made, Infinity));

test('each namespace stands between the address of today and of tomorrow', () => {
  expect(state.sides).toEqual([
    {
      ...{ namespace: 'dark', tone: 'unsure', today: 'nothing: it is dropped' },
      tomorrow: '192.168.7.102 on n1',
    },
    {
      ...{ namespace: 'far', tone: 'bad', today: 'nothing: it is dropped' },
      tomorrow: 'the address of its node',
    },
    { namespace: 'shop', tone: 'good', today: '192.168.7.101 on n1', tomorrow: '192.168.7.101 on n1' },
  ]);
});

test('every finding is there, also those that the report for paper leaves out', () => {
  expect(made.plan.findings.length).toBeGreaterThan(200);
  expect(state.findings).toHaveLength(made.plan.findings.length);
  const cut = reportOf(made).sections.flatMap(({ findings }) => findings);
  expect(cut.length).toBeLessThan(made.plan.findings.length);
});

test('the tables are those of the report', () => {
  expect(state.sheets.map(({ title }) => title)).toEqual([
    'Steps',
    'Between the two plugins',
    'Source addresses by namespace: In an offline migration',
    "Source addresses by namespace: In the vendor's live migration",
    'What namespaces lose, and for how long',
    'Egress IPs',
  ]);
  expect(state.sheets.at(-1)?.rows).toContainEqual(['192.168.7.101', 'n1', 'n1']);
});

test('where the program was not built, the file is what is seen without scripts', () => {
  const text = reportPage(made, '<main>here</main>');
  expect(text).toContain('<div id="page"><main>here</main></div>');
  expect(text).not.toContain('id="state"');
});
