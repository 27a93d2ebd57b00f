/** report.html of `migrate plan` in a real browser. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { make } from '../migrate/snapshots.ts';
import { TestBrowser, type TestPage } from './browser.ts';
import { program, run, until } from './lab.ts';

let browser: TestBrowser;
let folder: string;
beforeAll(async () => {
  browser = await TestBrowser.up();
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-report-'));
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

const address = (ip: string) => ({
  annotations: { 'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: `${ip}/24` }) },
});
const worker = (index: number, fields: Readonly<Record<string, unknown>> = {}): readonly KubeObject[] => [
  make.node(`worker${index}`, `192.168.7.1${index}`, address(`192.168.7.1${index}`)),
  make.hostSubnet(`worker${index}`, `192.168.7.1${index}`, { subnet: `10.128.${index}.0/24`, ...fields }),
];
const project = (name: string, netid: number, egressIPs: readonly string[] = [], metadata = {}) => [
  make.namespace(name),
  make.netNamespace(name, netid, egressIPs.length === 0 ? {} : { egressIPs }, metadata),
];
const multicast = { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } };
const cluster: readonly KubeObject[] = [
  make.clusterNetwork(),
  ...worker(0, { egressIPs: ['192.168.7.210', '192.168.7.211'] }),
  ...worker(1, { egressIPs: ['192.168.7.212', '192.168.7.215'] }),
  ...worker(2),
  ...project('shop', 10, ['192.168.7.210']),
  ...project('payments', 11, ['192.168.7.211', '192.168.7.212']),
  ...project('billing', 12, ['203.0.113.9']),
  ...project('crm', 13, ['192.168.7.213']),
  ...project('reports', 14, ['192.168.7.215']),
  ...project('chat', 15, [], multicast),
  ...project('plain', 16),
  make.policy('shop', 'default', [
    ['Allow', '203.0.113.0/24'],
    ['Deny', '0.0.0.0/0'],
  ]),
];

/** Plans the migration of the objects, and opens the report of it. */
async function reportOf(objects: readonly KubeObject[], name: string): Promise<readonly [file: string, size: number]> {
  const input = join(folder, `${name}.json`);
  await writeFile(input, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const out = join(folder, name);
  const { status, stderr } = await run(program, ['migrate', 'plan', '--to', 'ovn', '--out', out, '-f', input]);
  if (status !== 0 && status !== 1) throw new Error(`${status}: ${stderr}`);
  const file = join(out, 'report.html');
  return [file, (await stat(file)).size];
}

const rowsIn = (seen: TestPage, label: string) => seen.page.getByRole('table', { name: label }).locator('tbody tr');

describe('of a cluster', () => {
  let seen: TestPage;
  let file: string;
  beforeAll(async () => {
    [file] = await reportOf(cluster, 'cluster');
    seen = await browser.open(`file://${file}`);
    await seen.page.getByRole('heading', { name: 'Today and tomorrow' }).waitFor();
  });
  afterEach(() => expect(seen.complaints.splice(0)).toEqual([]));

  test('it has findings by severity, and each namespace between today and tomorrow, the worst first', async () => {
    const sides = await rowsIn(seen, 'Today and tomorrow').allInnerTexts();
    expect(sides[0]).toMatch(/billing.*the address of its node.*is not kept/s);
    expect(sides.find((one) => one.includes('shop'))).toMatch(/192\.168\.7\.210 on worker0.*shop.*as today/s);
    expect(await seen.faults()).toEqual([]);
    expect(await seen.picture('report')).toBeGreaterThan(10_000);
  });

  test('the search box leaves what has the text, in every table, by keyboard alone', async () => {
    await seen.page.keyboard.press('/');
    await seen.page.keyboard.type('PAYments');
    await until('only that namespace is left', async () => (await rowsIn(seen, 'Today and tomorrow').count()) === 1);
    const addresses = seen.page.getByRole('table', { name: /^Source addresses by namespace/ });
    expect(await addresses.first().locator('tbody tr').allInnerTexts()).toEqual([expect.stringMatching(/^payments/)]);
    await seen.page.keyboard.press('Escape');
    await until('all are back', async () => (await rowsIn(seen, 'Today and tomorrow').count()) > 1);
  });

  test('a severity can be hidden, and everything shown again, and paper has all of it', async () => {
    const button = seen.page.getByRole('button', { name: /^\d+ infos?$/ });
    await button.click();
    await until('no info', async () => (await seen.page.locator('.severity.info').count()) === 0);
    expect(await button.getAttribute('aria-pressed')).toBe('false');
    await seen.page.getByRole('button', { name: 'Show all' }).click();
    await until('infos again', async () => (await seen.page.locator('.severity.info').count()) > 0);
    const folded = seen.page.locator('details:not([open])');
    expect(await folded.count()).toBeGreaterThan(0);
    await seen.page.evaluate("dispatchEvent(new Event('beforeprint'))");
    await until('nothing is folded on paper', async () => (await folded.count()) === 0);
    await seen.page.evaluate("dispatchEvent(new Event('afterprint'))");
    await until('folded again', async () => (await folded.count()) > 0);
  });

  test('in the dark it can be read as well', async () => {
    const dark = await browser.open(`file://${file}`, 'dark');
    await rowsIn(dark, 'Today and tomorrow').first().waitFor();
    await dark.page.keyboard.press('/');
    await dark.page.keyboard.type('billing');
    await until('only that namespace is left', async () => (await rowsIn(dark, 'Today and tomorrow').count()) === 1);
    expect(await dark.picture('report-dark')).toBeGreaterThan(10_000);
    expect(await dark.faults()).toEqual([]);
    expect(dark.complaints).toEqual([]);
    await dark.page.close();
  });

  test('what is there without scripts has the same findings', async () => {
    const text = await readFile(file, 'utf8');
    expect(text).toContain('<main class="report">');
    expect(text).toMatch(/<td>billing<\/td>/);
  });
});

test('10,000 namespaces stay quick: rows are drawn when they are asked for', async () => {
  const nodes = Array.from({ length: 200 }, (_, index) => {
    const ip = `10.0.${index}.2`;
    const own = { annotations: { 'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: `${ip}/8` }) } };
    const egressIPs = Array.from({ length: 50 }, (_one, at) => `10.1.${index}.${at + 1}`);
    return [make.node(`n${index}`, ip, own), make.hostSubnet(`n${index}`, ip, { egressIPs })];
  });
  const namespaces = Array.from({ length: 10_000 }, (_, index) => {
    const name = `project-${index}`;
    const egressIPs = [`10.1.${Math.floor(index / 50)}.${(index % 50) + 1}`];
    return [make.namespace(name), make.netNamespace(name, 1000 + index, { egressIPs })];
  });
  const [file, size] = await reportOf([make.clusterNetwork(), ...nodes.flat(), ...namespaces.flat()], 'many');
  const began = performance.now();
  const seen = await browser.open(`file://${file}`);
  await rowsIn(seen, 'Today and tomorrow').first().waitFor();
  const drawn = performance.now() - began;
  expect(await seen.page.locator('tr').count()).toBeLessThan(1_500);
  const box = seen.page.getByRole('searchbox');
  const searched = performance.now();
  await box.fill('project-9999');
  await until('it is found', async () => (await rowsIn(seen, 'Today and tomorrow').count()) === 1);
  const found = performance.now() - searched;
  console.log(
    `report of 10,000 namespaces: ${(size / 2 ** 20).toFixed(1)} MiB, drawn after ${(drawn / 1000).toFixed(2)} s, found after ${(found / 1000).toFixed(2)} s`,
  );
  await box.fill('');
  await until('all are back', async () => (await rowsIn(seen, 'Today and tomorrow').count()) === 8);
  await seen.page.evaluate("dispatchEvent(new Event('beforeprint'))");
  await until('paper has more', async () => (await rowsIn(seen, 'Today and tomorrow').count()) === 1_000);
  await seen.page.evaluate("dispatchEvent(new Event('afterprint'))");
  await until('the screen is as before', async () => (await rowsIn(seen, 'Today and tomorrow').count()) === 8);
  await seen.page
    .getByRole('region', { name: 'Today and tomorrow' })
    .getByRole('button', { name: 'Show 100 more' })
    .click();
  await until('there are more', async () => (await rowsIn(seen, 'Today and tomorrow').count()) === 108);
  expect(seen.complaints).toEqual([]);
  await seen.page.close();
}, 600_000);

test('names are text, whatever is in them', async () => {
  const odd = '<img src=x onerror=alert(1)></script>';
  const [file] = await reportOf([make.clusterNetwork(), ...worker(0), ...project(odd, 10, ['192.168.7.9'])], 'odd');
  expect(await readFile(file, 'utf8')).not.toContain('<img');
  const seen = await browser.open(`file://${file}`);
  await seen.page.getByText(odd).first().waitFor();
  expect(seen.complaints).toEqual([]);
  await seen.page.close();
});
