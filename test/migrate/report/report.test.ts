import { addressTable } from '../../../src/migrate/addresses.ts';
import { type Finding } from '../../../src/migrate/findings/finding.ts';
import { makePlan } from '../../../src/migrate/plan/make.ts';
import { parseFindings } from '../../../src/migrate/plan/parse.ts';
import { reportOf } from '../../../src/migrate/report/content.ts';
import { htmlReport } from '../../../src/migrate/report/html.ts';
import { lossRows } from '../../../src/migrate/report/losses.ts';
import { markdownReport } from '../../../src/migrate/report/markdown.ts';
import { addressEnds } from '../../../src/migrate/targets/ovn/egressips/addresses.ts';
import { ovn } from '../../../src/migrate/targets/ovn/target.ts';
import { sdn } from '../../../src/migrate/targets/sdn/target.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make, options, snapshotOf } from '../snapshots.ts';

const network = (ip: string) => ({ annotations: { 'k8s.ovn.org/node-primary-ifaddr': `{"ipv4":"${ip}/24"}` } });
const cluster: readonly KubeObject[] = [
  make.clusterNetwork(),
  make.node('n1', '192.168.7.11', network('192.168.7.11')),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
  make.node('n2', '192.168.7.12', network('192.168.7.12')),
  make.hostSubnet('n2', '192.168.7.12', { egressIPs: ['192.168.7.104'] }),
  ...['shop', 'dark', 'far', 'chat', 'plain'].map((name) => make.namespace(name)),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('dark', 11, { egressIPs: ['192.168.7.102'] }),
  make.netNamespace('far', 12, { egressIPs: ['203.0.113.9'] }),
  make.netNamespace('chat', 13, {}, { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } }),
  make.netNamespace('plain', 14),
  make.policy('shop', 'p', [['Deny', '203.0.113.0/24']]),
  make.policy('plain', 'open', [['Allow', '203.0.113.0/24']]),
];

function madeFrom(objects: readonly KubeObject[], changes: Partial<typeof options> = {}) {
  return makePlan(snapshotOf(objects), {
    tool: 'test',
    target: ovn,
    options: { ...options, ...changes },
    strict: false,
  });
}

/** The lines between a heading and the next one of its level or above. */
function section(text: string, heading: string): readonly string[] {
  const lines = text.split('\n');
  const from = lines.indexOf(heading) + 1;
  const level = heading.split(' ')[0] ?? '';
  const to = lines.findIndex(
    (line, index) => index >= from && /^#+ /.test(line) && level.startsWith(line.split(' ')[0]!),
  );
  return lines.slice(from, to === -1 ? undefined : to).filter((line) => line !== '');
}

test('the report has the source addresses of each namespace in each phase of both ways to switch', () => {
  const text = markdownReport(reportOf(madeFrom(cluster)));
  expect(section(text, '### In an offline migration')).toEqual([
    '| Namespace | Today | First reboots | Switch | Until assigned | After |',
    '| --- | --- | --- | --- | --- | --- |',
    '| dark | none | none | none | any node | 192.168.7.102 |',
    '| far | none | none | none | any node | any node |',
    '| shop | 192.168.7.101 | 192.168.7.101 | none | any node | 192.168.7.101 |',
  ]);
  expect(section(text, "### In the vendor's live migration")).toContain(
    '| shop | 192.168.7.101 | any node | any node | 192.168.7.101 |',
  );
});

test('they are those of `migrate addresses`, and a plan without egress IPs has none', () => {
  const { addresses } = madeFrom(cluster);
  expect(addresses).toEqual(addressEnds(snapshotOf(cluster), options));
  const alone = madeFrom(cluster, { only: ['firewall'] });
  expect(alone.addresses).toBeUndefined();
  expect(markdownReport(reportOf(alone))).not.toContain('Source addresses');
  expect(htmlReport(reportOf(alone))).not.toContain('Source addresses');
});

test('what each namespace loses, and for how long: all first, then by name', () => {
  const lines = section(markdownReport(reportOf(madeFrom(cluster))), '## What namespaces lose, and for how long');
  expect(lines).toEqual([
    '| Namespace | Loses | For how long | Finding |',
    '| --- | --- | --- | --- |',
    "| all | packets of today's size | from the switch, for good | ClusterMTU |",
    '| chat | multicast | while nodes are rebooted | MulticastInterrupted |',
    '| shop | egress IP 192.168.7.101 | offline: switch, until assigned; live: both reboots, until assigned |  |',
    '| shop | the protection of its policy | from the switch until apply | FirewallInterrupted |',
    '| shop | the nodes that an admin chose | from the switch, for good | PinningLost |',
  ]);
});

test('nothing is lost of what does not work today, and what stays lost is said of every phase', () => {
  const ends = (egressIPs: readonly string[]) => ({ egressIPs, nodes: egressIPs.length === 0 });
  const tables = (['offline', 'live'] as const).map((mode) =>
    addressTable(
      mode,
      ['192.168.7.11'],
      [
        { namespace: 'a', today: ends(['192.0.2.1', '192.0.2.2']), between: ends([]), after: ends(['192.0.2.1']) },
        { namespace: 'b', today: { egressIPs: [], nodes: false }, between: ends([]), after: ends(['192.0.2.3']) },
      ],
    ),
  );
  expect(lossRows([], tables)).toEqual([
    {
      namespace: 'a',
      what: 'egress IP 192.0.2.1, 192.0.2.2',
      howLong: 'offline: switch, until assigned, after; live: both reboots, until assigned, after',
      code: '',
    },
  ]);
});

test('a loss of an object without a namespace names the object', () => {
  const finding: Finding = {
    severity: 'warning',
    code: 'PodSelectorLost',
    kind: 'EgressIP',
    name: 'some-pods',
    today: 't',
    tomorrow: 't',
    action: 'a',
    lost: { what: 'the selection of pods', span: 'for-good' },
  };
  expect(lossRows([finding, finding], []).map(({ namespace }) => namespace)).toEqual(['EgressIP some-pods']);
});

test('both reports escape, and stop at 200 rows with where the rest is', () => {
  const names = Array.from({ length: 201 }, (_, index) => `p${String(index).padStart(3, '0')}`);
  const many = [
    make.clusterNetwork(),
    make.node('n1', '192.168.0.2', { annotations: { 'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.0.2/16"}' } }),
    make.hostSubnet('n1', '192.168.0.2', { egressIPs: names.map((_, index) => `192.168.9.${index + 1}`) }),
    ...names.flatMap((name, index) => [
      make.namespace(name),
      make.netNamespace(name, 100 + index, { egressIPs: [`192.168.9.${index + 1}`] }),
    ]),
    make.namespace('<b>|x'),
    make.netNamespace('<b>|x', 999, { egressIPs: ['192.168.9.250'] }),
  ];
  const report = reportOf(madeFrom(many));
  const [markdown, html] = [markdownReport(report), htmlReport(report)];
  expect(markdown).toContain('And 2 more in `migrate addresses --mode offline`.');
  expect(html).toContain('<p>And 2 more in <code>migrate addresses --mode live</code>.</p>');
  expect(markdown).toContain('| \\<b\\>\\|x | none |');
  expect(html).toContain('<td>&lt;b&gt;|x</td>');
  expect(html).not.toContain('<b>');
});

test('findings.json carries the loss, and one that is edited is refused by field', () => {
  const { findings } = madeFrom(cluster).plan;
  expect(findings.find(({ code }) => code === 'PinningLost')?.lost).toEqual({
    what: 'the nodes that an admin chose',
    span: 'for-good',
  });
  expect(parseFindings(JSON.parse(JSON.stringify(findings)))).toEqual({ ok: true, value: findings });
  const edited = [{ ...findings[0], lost: { what: 'x', span: 'a while' } }];
  expect(parseFindings(edited)).toMatchObject({
    ok: false,
    error: { field: '[0].lost.span', reason: expect.stringContaining('"a while"') as string },
  });
});

test('a report of the way back shows no addresses before and after', () => {
  const made = makePlan(snapshotOf(cluster), { tool: 'test', target: sdn, options: { ...options }, strict: false });
  expect(made.addresses).toBeUndefined();
  expect(markdownReport(reportOf(made))).toContain('Nothing that this plan knows of.');
});
