import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './lab.ts';

const root = join(import.meta.dirname, '../..');
const unpacked = join(root, '.tools/prometheus/usr/bin/promtool');
const promtool = existsSync(unpacked) ? unpacked : 'promtool';
const alerts = join(root, 'config/alerts.yaml');

test("Prometheus' own tool takes the alert rules", async () => {
  const { status, stdout, stderr } = await run(promtool, ['check', 'rules', alerts]);
  expect(`${stdout}${stderr}`).toContain('SUCCESS: 8 rules found');
  expect(status).toBe(0);
});

test('each alert fires when it should, and not before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-alerts-'));
  try {
    const file = join(folder, 'tests.yaml');
    await writeFile(
      file,
      (await readFile(join(import.meta.dirname, 'alerts.test.yaml'), 'utf8')).replace('ALERTS', alerts),
    );
    const { status, stdout, stderr } = await run(promtool, ['test', 'rules', file]);
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("Prometheus' own tool takes the dashboard's queries", async () => {
  const dashboard = join(root, 'config/components/grafana-dashboard/dashboard.json');
  const { panels } = JSON.parse(await readFile(dashboard, 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const rules = queries.map((expr, index) => ({ record: `query:${String(index)}`, expr }));
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-dashboard-'));
  try {
    const file = join(folder, 'rules.yaml');
    await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { status, stdout, stderr } = await run(promtool, ['check', 'rules', file]);
    expect(`${stdout}${stderr}`).toContain(`SUCCESS: ${String(queries.length)} rules found`);
    expect(status).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
