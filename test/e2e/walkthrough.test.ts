import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { program, run, TestLab, traces, until } from './lab.ts';

test('the published walkthrough holds from beginning to end, and nothing is left', async () => {
  const lab = new TestLab();
  const walked = await run(program, ['lab', 'walkthrough', '--name', lab.name]);
  expect(walked.stderr).toBe('');
  expect(walked.status).toBe(0);
  expect(walked.stdout).toContain('every result is as published');
  expect(walked.stdout).toContain(
    '$ kubectl patch hostsubnet worker2.ocp4.rober.lab --type=merge -p \'{"egressIPs": ["192.168.7.200/24"]}\'',
  );
  expect(walked.stdout).toMatch(/from the patch to the first packet with the new address: \d+ ms/);
  expect(walked.stdout).toContain('all five came from 192.168.7.201');
  expect(walked.stdout).not.toContain('DIFFERENT');
  expect(await traces(lab.name)).toEqual([]);
});

test('the walkthrough ends with status 1 as soon as a result differs, and nothing is left', async () => {
  const lab = new TestLab();
  const child = spawn(program, ['lab', 'walkthrough', '--name', lab.name]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const record = `${lab.dir}/run/web.json`;
  await until('the web server runs', () => existsSync(record) && readFileSync(record, 'utf8') !== '');
  process.kill(lab.pid('web'), 'SIGKILL');
  expect(await ended).toBe(1);
  expect(output).toContain('sdn-compat: the walkthrough differs: the server answers OK');
  expect(await traces(lab.name)).toEqual([]);
});
