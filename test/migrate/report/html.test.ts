import { htmlReport } from '../../../src/migrate/report/html.ts';
import { bare, report } from './a-report.ts';

const html = htmlReport(report);
/** What stands between two headings, without the head of tables. */
function between(heading: string, text = html): string {
  const from = text.indexOf(`>${heading}</h`);
  expect(from).toBeGreaterThan(0);
  const to = text.indexOf('<h', from);
  return text.slice(text.indexOf('\n', from) + 1, to === -1 ? undefined : to);
}

describe('report.html', () => {
  it('is one element, with nothing from elsewhere', () => {
    expect(html).toMatch(/^<main class="report">\n<h1>A migration<\/h1>/);
    expect(html).not.toMatch(/src=|href=|<script|<style/);
    expect(html.endsWith('</main>')).toBe(true);
  });

  it('closes every element that it opens', () => {
    for (const tag of ['table', 'tr', 'td', 'th', 'details', 'summary', 'p', 'ul', 'li', 'h2', 'h3', 'code', 'span'])
      expect([tag, html.split(new RegExp(`<${tag}[ >]`)).length]).toEqual([tag, html.split(`</${tag}>`).length]);
  });

  it('escapes what comes from the cluster', () => {
    expect(html).toContain('<li>pods: &lt;forbidden&gt;</li>');
    expect(html).toContain('<td>Node &lt;b&gt;*x*</td>');
    expect(html).toContain('<code>192.168.7.11, &lt;i&gt;</code>');
    expect(html).toContain('<p>Between &lt;them&gt;:</p>');
    const quotes = htmlReport({ ...report, options: [['a', `'"&`]] });
    expect(quotes).toContain('<td>&#39;&quot;&amp;</td>');
  });

  it('numbers the steps', () => {
    expect(between('Steps')).toContain('<tr><td>1</td><td>label-nodes</td><td>1 to apply</td><td>Label.</td></tr>');
    expect(between('Steps')).toContain('<tr><td>2</td><td>switch</td>');
  });

  it('shows blockers open and infos folded', () => {
    expect(html).toContain('<details open><summary><span class="blocker">blocker</span> ObjectExists (3)</summary>');
    expect(html).toContain('<details><summary><span class="info">info</span> PinningLost (0)</summary>\n<p>none</p>');
  });

  it('says how much more there is, and where', () => {
    expect(html).toContain('<p>And 1 more in <code>migrate addresses --mode offline</code>.</p>');
    expect(between('What namespaces lose, and for how long')).toContain('<p>And 3 more in findings.json.</p>');
    expect(html).toContain('<p>And 2 more in findings.json.</p></details>');
    expect(between('Egress IPs')).toContain('<p>And 4 more in placement.json.</p>');
    expect(html.split('<p>And ').length - 1).toBe(4);
  });

  it('has the placement behind how many will be assigned', () => {
    expect(between('Egress IPs')).toMatch(/^<p>Will assign: 1 of 5\.<\/p><table>/);
    expect(between('Egress IPs')).toContain('<tr><td>192.168.7.101</td><td>n1</td><td>n1, n2</td></tr>');
  });
});

it('says so where there is nothing to show', () => {
  const text = htmlReport(bare);
  expect(text).not.toContain('class="blocker"><strong>');
  expect(between('What namespaces lose, and for how long', text)).toBe('<p>Nothing that this plan knows of.</p>\n');
  expect(between('Egress IPs', text)).toMatch(/^<p>No egress IP is requested that could be assigned\.<\/p>\n/);
  expect(text).not.toContain('Source addresses by namespace');
  expect(text).not.toContain('<p>And ');
});
