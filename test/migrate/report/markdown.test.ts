import { markdownReport } from '../../../src/migrate/report/markdown.ts';
import { bare, report } from './a-report.ts';

const lines = markdownReport(report).split('\n');
const after = (heading: string, text = lines): readonly string[] => {
  const from = text.indexOf(heading);
  const to = text.findIndex((line, index) => index > from && line.startsWith('#'));
  return text.slice(from + 1, to === -1 ? undefined : to).filter((line) => line !== '');
};

describe('report.md', () => {
  it('begins with the title, the counts, what is incomplete, and the options', () => {
    expect(lines.slice(0, 13)).toEqual([
      '# A migration',
      '',
      '1 blocker, 0 warnings, 1 info',
      '',
      '**The input was incomplete, and so is this plan:**',
      '',
      String.raw`- pods: \<forbidden\>`,
      '',
      '| Option | Value |',
      '| --- | --- |',
      String.raw`| prefix | a\|b |`,
      '',
      '## Steps',
    ]);
  });

  it('numbers the steps', () => {
    expect(after('## Steps').slice(2)).toEqual([
      '| 1 | label-nodes | 1 to apply | Label. |',
      '| 2 | switch | none | You switch. |',
    ]);
  });

  it('says which addresses the outside sees between the plugins', () => {
    expect(after('## Between the two plugins')).toEqual(['Between <them>:', String.raw`192.168.7.11, \<i\>`]);
    const one = markdownReport({ ...report, nodeAddresses: ['192.168.7.11'] }).split('\n');
    expect(after('## Between the two plugins', one)).toEqual(['Between <them>:', '192.168.7.11']);
  });

  it('has a table of addresses for each way to switch, and where the rest is', () => {
    expect(after('### In an offline migration')).toEqual([
      '| Namespace | Today |',
      '| --- | --- |',
      '| shop | none |',
      'And 1 more in `migrate addresses --mode offline`.',
    ]);
    expect(after("### In the vendor's live migration")).toEqual(['none']);
  });

  it('has the losses, and where the rest is', () => {
    expect(after('## What namespaces lose, and for how long').slice(2)).toEqual([
      '| all | it | long | ClusterMTU |',
      'And 3 more in findings.json.',
    ]);
  });

  it('has a table for each kind of finding, escaped, and where the rest is', () => {
    expect(after('### blocker: ObjectExists (3)')).toEqual([
      '| Object | Today | Tomorrow | Do |',
      '| --- | --- | --- | --- |',
      String.raw`| Node \<b\>\*x\* | a | b | c |`,
      'And 2 more in findings.json.',
    ]);
    expect(after('### info: PinningLost (0)')).toEqual(['none']);
  });

  it('ends with the placement, and where the rest is', () => {
    expect(after('## Egress IPs')).toEqual([
      'Will assign: 1 of 5.',
      '| Egress IP | Today | May get |',
      '| --- | --- | --- |',
      '| 192.168.7.101 | n1 | n1, n2 |',
      'And 4 more in placement.json.',
    ]);
  });

  it('has one line for each row, whatever is in it', () => {
    const odd = { ...report, options: [['prefix', 'a\n\n# b\tc']] as const };
    expect(markdownReport(odd)).toContain(String.raw`| prefix | a \# b c |`);
  });
});

describe('a report with nothing to show', () => {
  const text = markdownReport(bare).split('\n');

  it('says so', () => {
    expect(text.slice(0, 6)).toEqual(['# A migration', '', '1 blocker, 0 warnings, 1 info', '', 'none', '']);
    expect(after('## Between the two plugins', text)).toEqual(['Between <them>:']);
    expect(after('## What namespaces lose, and for how long', text)).toEqual(['Nothing that this plan knows of.']);
    expect(after('## Egress IPs', text)).toEqual(['No egress IP is requested that could be assigned.']);
    expect(after('## Findings', text)).toEqual([]);
  });

  it('has no section for addresses that nobody knows, and nothing more elsewhere', () => {
    expect(text).not.toContain('## Source addresses by namespace');
    expect(text.filter((line) => line.startsWith('And '))).toEqual([]);
  });
});
