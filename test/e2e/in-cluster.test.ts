import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '../../src/io/programs/exec.ts';
import { credentialsOf, start, type Started } from '../apiserver/started.ts';

let started: Started;
let folder = '';
let token = '';
let authority = '';
beforeAll(async () => {
  started = await start();
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-inside-'));
  ({ token, authority } = await credentialsOf(started.kubeconfig));
});
afterAll(async () => {
  await started.stop();
  await rm(folder, { recursive: true, force: true });
});

test('inside a cluster the service account is used, and its rotated token', async () => {
  const { hostname, port } = new URL(started.server.url);
  const script = join(folder, 'inside.sh');
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  await writeFile(
    script,
    `set -e
mount -t tmpfs none /var/run
mkdir -p ${account}
printf '%s' "$AUTHORITY" | base64 -d >${account}/ca.crt
printf old >${account}/token
exec "$NODE" "$PROGRAM"
`,
  );
  const program = join(folder, 'inside.mjs');
  const root = join(import.meta.dirname, '../..');
  await writeFile(
    program,
    `import { writeFileSync } from 'node:fs';
import { openKube } from '${root}/src/io/kube/config.ts';
import { createLogger } from '${root}/src/io/log.ts';
import { namespaces } from '${root}/api/kinds.ts';
const client = await openKube({ logger: createLogger({ level: 'silent', name: 'x' }), userAgent: 'x' });
const first = await client.get(namespaces, { name: 'default' }).catch((error) => error.code);
writeFileSync('${account}/token', process.env.TOKEN);
const second = await client.get(namespaces, { name: 'default' });
process.stdout.write(JSON.stringify([first, second.metadata.name]));
client.close();
`,
  );
  const env = {
    KUBECONFIG: '',
    HOME: folder,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    AUTHORITY: authority,
    TOKEN: token,
    NODE: process.execPath,
    PROGRAM: program,
  };
  const result = await exec('unshare', ['--mount', 'sh', script], { env });
  expect({
    status: result.status,
    stdout: result.stdout,
    stderr: result.stderr.replace(/.*Warning.*\n?/g, ''),
  }).toEqual({
    status: 0,
    stdout: '[401,"default"]',
    stderr: '',
  });
});
