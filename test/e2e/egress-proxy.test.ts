/** Proxies in place of egress routers: the programs run with the configuration that `migrate proxies` writes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { unprivilegedArgv } from '../../src/lab/cluster/unprivileged.ts';
import { namespaceOf, TestLab, until } from './lab.ts';

const egressIP = '192.168.7.201';
const server = '10.1.8.72';
let lab: TestLab;
let folder: string;
let address: string;
/** The names in the machine's `/dev/shm` before the proxies ran. */
let memory: readonly string[];
const children: ChildProcess[] = [];

interface Printed {
  readonly proxies: {
    readonly router: { readonly name: string };
    readonly notes: readonly string[];
    readonly objects: readonly {
      readonly kind: string;
      readonly data?: Record<string, string>;
      readonly spec?: { readonly ports?: readonly { port: number; targetPort: number }[] };
    }[];
  }[];
}
let printed: Printed;

const router = (name: string, mode: string, env: Record<string, string>): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'routers', name },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: { 'pod.network.openshift.io/assign-macvlan': 'true' } },
      spec: {
        initContainers: [
          {
            name: 'router',
            image: 'x',
            env: [
              { name: 'EGRESS_SOURCE', value: '192.168.7.77/24' },
              { name: 'EGRESS_ROUTER_MODE', value: mode },
            ],
          },
        ],
        containers: [{ name: 'proxy', image: 'x', env: Object.entries(env).map(([n, value]) => ({ name: n, value })) }],
      },
    },
  },
});

/** Starts a program in the proxy's pod, with the rights of a container that has none. */
function start(...argv: string[]): void {
  const [program, ...rest] = unprivilegedArgv(namespaceOf(lab, 'routers/proxy'), { uid: '12345', gid: '0' }, argv);
  children.push(spawn(program!, rest, { detached: true, stdio: 'ignore' }));
}

/** A DNS server that knows every name below `example` as the server outside. */
const dns = `
  const socket = require('dgram').createSocket('udp4');
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5, isAddress = query.readUInt16BE(end - 4) === 1;
    const known = query.subarray(12, end).includes('example');
    const head = Buffer.from([query[0], query[1], 0x81, known ? 0x80 : 0x83, 0, 1, 0, known && isAddress ? 1 : 0, 0, 0, 0, 0]);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ${server.split('.').join(',')}]);
    socket.send(Buffer.concat([head, query.subarray(12, end), ...(known && isAddress ? [answer] : [])]), from.port, from.address);
  }).bind(53, '127.0.0.1');`;

beforeAll(async () => {
  lab = await TestLab.up();
  await lab.namespace('routers');
  await lab.namespace('shop');
  await lab.pods(['routers/proxy', 'worker0'], ['shop/client', 'worker1']);
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'routers', { egressIPs: [egressIP] });
  const http = `# first what is denied\n!*.bad.example\n${server}\ngood.example\n*.wide.example\n`;
  const routers = [
    router('web', 'http-proxy', { EGRESS_HTTP_PROXY_DESTINATION: http }),
    router('tcp', 'dns-proxy', { EGRESS_DNS_PROXY_DESTINATION: `80 ${server} 8080\n8081 db.example 8080\n` }),
  ];
  for (const one of routers) await lab.must(['create', '-f', '-'], JSON.stringify(one));
  const ran = await lab.sdnCompat('migrate', 'proxies', '--from-cluster', '-o', 'json');
  if (ran.status !== 0) throw new Error(ran.stderr);
  printed = JSON.parse(ran.stdout) as Printed;

  const netns = namespaceOf(lab, 'routers/proxy');
  folder = `/etc/netns/${netns}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/resolv.conf`, 'nameserver 127.0.0.1\n');
  const data = printed.proxies.flatMap(({ objects }) => objects.flatMap((one) => Object.entries(one.data ?? {})));
  for (const [file, text] of data) writeFileSync(`${folder}/${file}`, text, { mode: 0o644 });
  children.push(
    spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', dns], { stdio: 'inherit', detached: true }),
  );
  memory = readdirSync('/dev/shm');
  start('/usr/sbin/squid', '-N', '-f', `${folder}/squid.conf`);
  start('haproxy', '-W', '-db', '-f', `${folder}/haproxy.cfg`);
  address = await lab.podIP('routers/proxy');
  await lab.untilSource('routers/proxy', egressIP);
}, 300_000);

afterAll(async () => {
  for (const { pid, exitCode, signalCode } of children)
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
  await lab.down();
}, 120_000);

/** What a client in another namespace gets of a URL: the status, and the source that the server saw. */
async function get(url: string, ...more: string[]): Promise<string> {
  const argv = ['-s', '--max-time', '20', '-w', ' %{http_connect} %{http_code}', ...more, url];
  return (await lab.exec('shop/client', 'curl', ...argv)).stdout.replace(/\s+/g, ' ').trim();
}
const byProxy = (url: string, ...more: string[]): Promise<string> => get(url, '-x', `http://${address}:8080`, ...more);

/** The port at which the pods listen for one of the Service. */
const targetOf = (port: number): number =>
  printed.proxies
    .flatMap(({ objects }) => objects.flatMap(({ spec }) => spec?.ports ?? []))
    .find((one) => one.port === port)!.targetPort;

test('by the one in HTTP mode clients reach what its rules allow, and the server sees the egress IP', async () => {
  await until('it answers', async () => (await byProxy(`http://${server}:8080/ip`)) === `${egressIP} 000 200`);
  expect(await byProxy('http://good.example:8080/ip')).toBe(`${egressIP} 000 200`);
  expect(await byProxy('http://wide.example:8080/ip')).toBe(`${egressIP} 000 200`);
  expect(await byProxy('http://a.wide.example:8080/ip')).toBe(`${egressIP} 000 200`);
  expect(await byProxy('http://good.example:8080/ip', '-p')).toBe(`${egressIP} 200 200`);
});

test('what a proxy keeps in shared memory is seen by its pod alone', () => {
  expect(readdirSync('/dev/shm').filter((name) => !memory.includes(name))).toEqual([]);
});

test.each([
  ['a name that is denied', 'http://x.bad.example:8080/ip'],
  ['a name that no rule knows, though its address is allowed by name alone', 'http://other.sample:8080/ip'],

  ['an address that no rule knows', 'http://10.1.8.1:8080/ip'],
])('by the one in HTTP mode they do not reach %s', async (_, url) => {
  expect(await byProxy(url)).toMatch(/ 000 403$/);
  expect(await byProxy(url, '-p')).toMatch(/^403 000$/);
});

test('by the one in DNS mode clients reach each destination at its port, and the server sees the egress IP', async () => {
  expect(targetOf(80)).toBeGreaterThanOrEqual(1024);
  await until(
    'the name is known',
    async () => (await get(`http://${address}:${targetOf(8081)}/ip`)) === `${egressIP} 000 200`,
  );
  expect(await get(`http://${address}:${targetOf(80)}/ip`)).toBe(`${egressIP} 000 200`);
});

test('a namespace that requests egress IPs gets no EgressIP beside them, and a note says so', () => {
  const kinds = printed.proxies.map(({ objects }) => objects.map(({ kind }) => kind));
  expect(kinds).toEqual([
    ['ConfigMap', 'Deployment', 'Service'],
    ['ConfigMap', 'Deployment', 'Service'],
  ]);
  for (const { notes } of printed.proxies)
    expect(notes[0]).toMatch(/^its pods leave as all of namespace routers do: it requests 192\.168\.7\.201/);
});
