/** The page of `sdn-compat dashboard` in a real browser, on a lab with real packets and on files. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dashboard, dashboard, TestBrowser, type TestPage } from './browser.ts';
import { program, run, TestLab, until } from './lab.ts';

const nodeName = (worker: string): string => `${worker}.ocp4.rober.lab`;
let lab: TestLab;
let browser: TestBrowser;
let shown: Dashboard;
let folder: string;

beforeAll(async () => {
  browser = await TestBrowser.up();
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-page-'));
  lab = await TestLab.up('--nodes', '3');
  for (const name of ['shop', 'payments', 'crm']) await lab.namespace(name);
  await lab.pods(['shop/pod', 'worker1']);
  await lab.patch('netnamespace', 'shop', { egressIPs: ['192.168.7.210'] });
  await lab.patch('netnamespace', 'payments', { egressIPs: ['192.168.7.211', '192.168.7.212'] });
  await lab.patch('netnamespace', 'crm', { egressIPs: ['192.168.7.213'] });
  await lab.patch('hostsubnet', 'worker0', { egressIPs: ['192.168.7.210', '192.168.7.211', '192.168.7.213'] });
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.212'] });
  const ready = await lab.sdnCompat('status', '--wait', '--timeout', '90s');
  if (ready.status !== 0) throw new Error(ready.stdout + ready.stderr);
}, 600_000);
afterAll(async () => {
  await browser.close();
  await lab.down();
  await rm(folder, { recursive: true });
});

describe('on a cluster', () => {
  let seen: TestPage;
  beforeAll(async () => {
    shown = await dashboard([], { KUBECONFIG: `${lab.dir}/kubeconfig` });
    seen = await browser.open(shown.url);
    await seen.page.getByText('192.168.7.210').first().waitFor();
  });
  afterAll(async () => {
    expect(await shown.stop()).toBe(0);
  });
  afterEach(() => expect(seen.complaints.splice(0)).toEqual([]));

  const line = (text: string) => seen.page.locator('.line', { hasText: text });

  test('it shows who leaves where', async () => {
    expect(await seen.lines()).toEqual([
      `crm leaves with 192.168.7.213 by ${nodeName('worker0')}`,
      `payments leaves with 192.168.7.211 by ${nodeName('worker0')}`,
      `shop leaves with 192.168.7.210 by ${nodeName('worker0')}`,
      `payments leaves with 192.168.7.212 by ${nodeName('worker1')}`,
    ]);
    await seen.page.getByText('4 of 4').waitFor();
    expect(await seen.picture('well')).toBeGreaterThan(10_000);
    expect(await seen.faults()).toEqual([]);
  });

  test('the token is in no address from then on, opens nothing again, and is in no log', async () => {
    expect(new URL(seen.page.url()).hash).toBe('');
    const again = await browser.open(shown.url);
    await again.page.getByText('was used before').waitFor();
    await again.page.close();
    expect(shown.said().split(new URL(shown.url).hash.slice(1))).toHaveLength(2);
  });

  test('a patch is seen at once, with the move and its cause', async () => {
    await lab.patch('hostsubnet', 'worker0', { egressIPs: ['192.168.7.211', '192.168.7.213'] });
    const patched = performance.now();
    await line('192.168.7.210').locator('.end', { hasText: 'dropped' }).waitFor();
    console.log(`dashboard: a patch is seen after ${((performance.now() - patched) / 1000).toFixed(2)} s`);
    await lab.patch('hostsubnet', 'worker2', { egressIPs: ['192.168.7.210'] });
    const moves = seen.page.getByRole('region', { name: 'Last moves' });
    await moves.getByText(`HostSubnet ${nodeName('worker2')} lists it`).waitFor();
    await until('it is said to be there', async () =>
      (await seen.lines()).includes(`shop leaves with 192.168.7.210 by ${nodeName('worker2')}`),
    );
    expect(await lab.source('shop/pod', 2)).toBe('192.168.7.210');
  });

  test('the search box finds, and Escape shows all again, by keyboard alone', async () => {
    const { keyboard } = seen.page;
    await keyboard.press('/');
    await keyboard.type('payments');
    await until('the others are gone', async () => (await seen.lines()).every((one) => one.startsWith('payments')));
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await seen.page.getByRole('region', { name: /^Egress IP 192\.168\.7\.21[12]$/ }).waitFor();
    await keyboard.press('Escape');
    await until('all are back', async () => (await seen.lines()).length === 4);
    expect(await seen.page.getByRole('region', { name: /^Egress IP/ }).count()).toBe(0);
  });

  test('a click on a node shows what is on it', async () => {
    await seen.page
      .getByRole('button', { name: nodeName('worker1') })
      .first()
      .click();
    await until('only its lines', async () => (await seen.lines()).every((one) => one.endsWith(nodeName('worker1'))));
    await seen.page.getByRole('button', { name: 'Show all' }).click();
    await until('all are back', async () => (await seen.lines()).length === 4);
  });

  test('what if a node goes offline', async () => {
    const form = seen.page.getByRole('region', { name: 'What if' });
    await form.getByLabel('Node', { exact: true }).fill('nobody');
    await form.getByRole('button', { name: 'Try' }).click();
    await form.getByText('there is no HostSubnet nobody').waitFor();
    await form.getByLabel('Node', { exact: true }).fill(nodeName('worker0'));
    await form.getByRole('button', { name: 'Try' }).click();
    await form.getByText('1 namespace dropped:').waitFor();
    expect(await form.locator('.answer').innerText()).toContain('crm');
    expect(await seen.picture('what-if')).toBeGreaterThan(10_000);
  });

  test('the way of a packet, which the outside host sees as the page says', async () => {
    await line('192.168.7.210').click();
    const picked = seen.page.getByRole('region', { name: 'Egress IP 192.168.7.210' });
    await picked.getByLabel('Destination from shop').fill('10.1.8.72:8080');
    await picked.getByRole('button', { name: 'Trace' }).click();
    await picked.getByText(`leaves as 192.168.7.210 on ${nodeName('worker2')}`).waitFor();
    expect(await lab.source('shop/pod', 2)).toBe('192.168.7.210');
    expect(await seen.picture('trace')).toBeGreaterThan(10_000);
    expect(await seen.faults()).toEqual([]);
    await picked.getByLabel('Destination from shop').fill('nonsense');
    await picked.getByRole('button', { name: 'Trace' }).click();
    await picked.getByText('is no destination').waitFor();
  });

  test('a node that fails stands out, and so does a conflict', async () => {
    expect((await lab.command('fail', 'worker2', '--mode', 'power')).status).toBe(0);
    try {
      await line('192.168.7.210').locator('.end', { hasText: 'NodeOffline' }).waitFor({ timeout: 60_000 });
      await lab.patch('netnamespace', 'crm', { egressIPs: ['192.168.7.212'] });
      await line('crm').locator('.end', { hasText: 'EgressIPInSeveralNamespaces' }).waitFor({ timeout: 60_000 });
      await seen.page.keyboard.press('Escape');
      // what changed under the eyes of somebody looks like what was so from the beginning
      const colors = `[...document.querySelectorAll('.line.bad .whose')].map((one) => getComputedStyle(one).color)`;
      expect(new Set(await seen.page.evaluate<string[]>(colors))).toEqual(new Set(['rgb(179, 38, 30)']));
      expect(await seen.picture('wrong')).toBeGreaterThan(10_000);
      const dark = await browser.open((await behindProxy()).url, 'dark');
      await dark.page.getByText('NodeOffline').first().waitFor();
      expect(await dark.picture('wrong-dark')).toBeGreaterThan(10_000);
      expect(await dark.faults()).toEqual([]);
      expect(dark.complaints).toEqual([]);
      await dark.page.close();
    } finally {
      await proxied?.stop();
      await lab.command('heal', 'worker2');
      await lab.patch('netnamespace', 'crm', { egressIPs: ['192.168.7.213'] });
    }
    expect((await lab.sdnCompat('status', '--wait', '--timeout', '90s')).status).toBe(0);
  }, 600_000);

  let proxied: Dashboard | undefined;
  async function behindProxy(): Promise<Dashboard> {
    proxied = await dashboard([], { KUBECONFIG: `${lab.dir}/kubeconfig` });
    return proxied;
  }
});

/** Files with so many namespaces, on nodes with twenty each. */
async function writeState(count: number, name: (index: number) => string): Promise<string> {
  const meta = { apiVersion: 'network.openshift.io/v1' };
  const address = (index: number): string => `10.${100 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  const items = Array.from({ length: count }, (_, index) => ({
    ...{ ...meta, kind: 'NetNamespace', metadata: { name: name(index) }, netname: name(index), netid: 1000 + index },
    egressIPs: [address(index)],
  }));
  const nodes = Array.from({ length: Math.ceil(count / 20) }, (_, index) => ({
    ...{ ...meta, kind: 'HostSubnet', metadata: { name: `node${index}` }, host: `node${index}` },
    ...{ hostIP: `192.168.${index >> 7}.${(index & 127) + 1}`, subnet: `10.${1 + (index >> 8)}.${index & 255}.0/24` },
    egressIPs: Array.from({ length: 20 }, (_one, at) => address(index * 20 + at)),
  }));
  const file = join(folder, `state-${count}.json`);
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...items, ...nodes] }));
  return file;
}

/** Scrolls down by 60 windows, and gives the longest time for which nothing else could be done, in milliseconds. */
const scrolling = `(async () => {
  let worst = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) worst = Math.max(worst, duration);
  }).observe({ type: 'longtask' });
  for (let step = 0; step < 60; step++) {
    scrollBy(0, 900);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  return worst;
})()`;

test('a page of 10,000 namespaces is one file, and scrolls by what is in view', async () => {
  const file = await writeState(10_000, (index) => `project-${index}`);
  const page = join(folder, 'page.html');
  const written = await run(program, ['dashboard', '-f', file, '--no-agents', '--export', page]);
  expect([written.status, written.stderr]).toEqual([0, '']);
  const began = performance.now();
  const seen = await browser.open(`file://${page}`);
  await seen.page.locator('.line').first().waitFor();
  const drawn = performance.now() - began;
  const longest: number = await seen.page.evaluate(scrolling);
  const heap: number = await seen.page.evaluate('performance.memory.usedJSHeapSize');
  console.log(
    `dashboard of 10,000 namespaces: drawn after ${(drawn / 1000).toFixed(2)} s, longest stall ${longest.toFixed(0)} ms, ${(heap / 2 ** 20).toFixed(0)} MiB`,
  );
  // only what is in view is there, wherever it is
  expect(await seen.page.locator('.line').count()).toBeLessThan(120);
  const found = seen.page.locator('.line', { hasText: 'project-9999' });
  await seen.page.getByRole('searchbox').fill('project-9999');
  await found.waitFor();
  expect(seen.complaints).toEqual([]);
  await seen.page.close();
});

test('names are text, whatever is in them, and the page alone is small', async () => {
  const name = '<img src=x onerror=alert(1)>\u202e</script><script>alert(2)</script>';
  const file = await writeState(1, () => name);
  const page = join(folder, 'odd.html');
  expect((await run(program, ['dashboard', '-f', file, '--export', page])).status).toBe(0);
  expect((await stat(page)).size).toBeLessThan(150_000);
  expect(await readFile(page, 'utf8')).not.toContain('<img');
  const seen = await browser.open(`file://${page}`);
  expect(await seen.page.locator('.whose').first().innerText()).toContain('<img src=x onerror=alert(1)>');
  expect(await seen.faults()).toEqual([]);
  expect(seen.complaints).toEqual([]);
});

test('mistakes are one line', async () => {
  const wrong = async (...args: readonly string[]): Promise<readonly [number, string]> => {
    const { status, stderr } = await run(program, ['dashboard', ...args]);
    return [status, stderr];
  };
  const file = await writeState(1, () => 'shop');
  expect(await wrong('-f', file, '--listen', '0.0.0.0:0')).toEqual([
    2,
    expect.stringMatching(/^\S.*served without TLS.*\n$/),
  ]);
  expect(await wrong('-f', file, '--listen', 'here')).toEqual([2, expect.stringMatching(/^\S.*ADDRESS:PORT\n$/)]);
  expect(await wrong('-f', join(folder, 'none.json'))).toEqual([2, expect.stringMatching(/^\S.*none\.json.*\n$/)]);
});
