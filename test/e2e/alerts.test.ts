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
  expect(`${stdout}${stderr}`).toContain('SUCCESS: 6 rules found');
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
