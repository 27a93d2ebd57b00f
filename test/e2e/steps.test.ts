/**
 * An agent that is killed at any step of applying a change: before or after each program that it runs to change
 * something. When it is back, kept flows of TCP, UDP, ICMP and SCTP leave as they should within two seconds, whatever
 * it had done.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rounds } from '../rounds.ts';
import { run, TestLab, until } from './lab.ts';

const node = 'worker1';
const outsideHost = '10.1.8.72';
const [redIP, blueIP] = ['192.168.7.201', '192.168.7.202'];
const [node0, node1] = ['192.168.7.11', '192.168.7.12'];
const ports = { red: 20_000, blue: 20_001 } as const;
type Name = keyof typeof ports;
const pods = ['red/w0', 'red/w1', 'blue/w0', 'blue/w1'] as const;
const protocols = ['tcp', 'udp', 'icmp', 'sctp'] as const;

let lab: TestLab;
let shims: string;
const children: ChildProcess[] = [];

/**
 * Stands before a program: counts the calls that change something while it is armed, and kills the agent at one of
 * them.
 */
const shim = (program: string, real: string): string => `#!/bin/bash
changes=no
case "${program} $*" in
  "nft -f"*|"ip "*"-batch"*|"ovs-ofctl "*"--bundle"*|"conntrack -D"*) changes=yes ;;
esac
input=/dev/null
if [ $changes = yes ] && [ "${program}" != conntrack ]; then input=$(mktemp "$(dirname "$0")/in.XXXXXX"); cat > "$input"; fi
if [ $changes = yes ] && [ -e "$(dirname "$0")/armed" ]; then
  exec 9> "$(dirname "$0")/lock"; flock 9
  count=$(( $(cat "$(dirname "$0")/count") + 1 )); echo $count > "$(dirname "$0")/count"
  read -r step when < "$(dirname "$0")/armed" || true
  echo "$count ${program} $*" >> "$(dirname "$0")/calls"
  if [ "$count" = "$step" ] && [ "$when" = before ]; then kill -9 $PPID; exit 1; fi
  if [ "$count" = "$step" ]; then ${real} "$@" < "$input" 9>&-; kill -9 $PPID; exit 1; fi
  exec 9>&-
fi
if [ $changes = yes ]; then ${real} "$@" < "$input"; status=$?; [ "$input" = /dev/null ] || rm -f "$input"; exit $status; fi
exec ${real} "$@"
`;

/** CRC32c of an SCTP packet, as it stands in the packet (RFC 9260, appendix A). */
const crc = `
  const table = Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k += 1) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1; return c >>> 0; });
  const crc32c = (b) => { let c = 0xffffffff; for (const x of b) c = table[(c ^ x) & 255] ^ (c >>> 8); return (c ^ 0xffffffff) >>> 0; };
`;

/**
 * Kept flows of a pod: UDP from one port, one TCP connection that is opened again when it ends or is not answered, and
 * SCTP INITs by raw packets.
 */
const client = (port: number): string => `${crc}
  const u = require('dgram').createSocket('udp4');
  u.bind(4000, () => setInterval(() => u.send('x', ${port}, '${outsideHost}', () => {}), 50));
  // a connection that nobody answers for half a second is given up: it may have been cut before its server could say so
  let socket, heard = 0;
  setInterval(() => {
    if (socket !== undefined && Date.now() - heard < 500) { socket.write('y'); return; }
    socket?.destroy();
    heard = Date.now();
    const mine = socket = require('net').connect(${port}, '${outsideHost}');
    mine.on('error', () => {}).on('data', () => { heard = Date.now(); }).on('close', () => { if (socket === mine) socket = undefined; });
  }, 50);
  const packet = Buffer.alloc(32);
  packet.writeUInt16BE(5000, 0); packet.writeUInt16BE(${port}, 2); packet[12] = 1; packet.writeUInt16BE(20, 14); packet.writeUInt32BE(7, 16); packet.writeUInt32BE(65536, 20); packet.writeUInt16BE(1, 24); packet.writeUInt16BE(1, 26); packet.writeUInt32BE(9, 28);
  packet.writeUInt32LE(crc32c(packet), 8);
  const raw = require('child_process').spawn('socat', ['-u', '-b', '32', 'STDIN', 'IP4-SENDTO:${outsideHost}:132'], { stdio: ['pipe', 'ignore', 'ignore'] });
  setInterval(() => raw.stdin.write(packet), 100);
`;

const server = `
  const net = require('net'), dgram = require('dgram');
  for (const port of ${JSON.stringify(Object.values(ports))}) {
    net.createServer((s) => s.on('error', () => {}).pipe(s)).listen(port, '${outsideHost}');
    const u = dgram.createSocket('udp4');
    u.on('message', (m, r) => u.send(m, r.port, r.address)).bind(port, '${outsideHost}');
  }
`;

function background(netns: string, ...argv: string[]): void {
  children.push(spawn('ip', ['netns', 'exec', netns, ...argv], { stdio: 'ignore' }));
}

/** The router counts by namespace, protocol and source; pings are known by their identifier. */
async function watch(): Promise<void> {
  const rules = (Object.keys(ports) as Name[]).flatMap((name) => [
    ...(['tcp', 'udp', 'sctp'] as const).map(
      (protocol) =>
        `ip saddr != 0.0.0.0 meta l4proto ${protocol} th dport ${ports[name]} update @${name} { ip saddr . meta l4proto counter }`,
    ),
    `icmp type echo-request icmp id { ${ports[name]}, ${ports[name] + 10} } update @${name} { ip saddr . meta l4proto counter }`,
  ]);
  await lab.pipe(
    'router',
    `table ip steps {}\ndelete table ip steps\ntable ip steps {
    set red { type ipv4_addr . inet_proto; flags dynamic; size 1024; }
    set blue { type ipv4_addr . inet_proto; flags dynamic; size 1024; }
    chain look { type filter hook prerouting priority -300; policy accept;
      iifname "lan0" ip daddr ${outsideHost} jump each
    }
    chain each {
      ${rules.join('\n      ')}
    }
  }\n`,
  );
}

type Sources = Readonly<Record<Name, readonly string[]>>;

/** What came in a stretch of time: `PROTOCOL SOURCE` by namespace. */
async function seenFor(milliseconds: number): Promise<Readonly<Record<Name, readonly string[]>>> {
  await watch();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const { stdout } = await lab.inside('router', 'nft', 'list', 'table', 'ip', 'steps');
  const of = (name: Name): string[] => {
    const [, elements = ''] = new RegExp(`set ${name} \\{[^}]*?elements = \\{([^}]*)\\}`).exec(stdout) ?? [];
    return [...elements.matchAll(/(\d+\.\d+\.\d+\.\d+) \. (\w+)/g)]
      .map(([, source, protocol]) => `${protocol!} ${source!}`)
      .sort();
  };
  return { red: of('red'), blue: of('blue') };
}

const wanted = (sources: Sources): Readonly<Record<Name, readonly string[]>> => {
  const of = (name: Name): string[] =>
    protocols.flatMap((protocol) => sources[name].map((source) => `${protocol} ${source}`)).sort();
  return { red: of('red'), blue: of('blue') };
};

const nodes = [node0, node1];
/**
 * Each change, with who leaves how when it has been applied. `back` brings all to: red has its egress IP on worker1,
 * blue none.
 */
const changes: readonly { readonly what: string; readonly change: () => Promise<unknown>; readonly then: Sources }[] = [
  {
    what: 'red gives its egress IP to blue',
    change: async () => {
      await lab.patch('netnamespace', 'red', { egressIPs: null });
      await lab.patch('netnamespace', 'blue', { egressIPs: [redIP] });
    },
    then: { red: nodes, blue: [redIP] },
  },
  {
    what: 'blue begins to ask',
    change: () => lab.patch('netnamespace', 'blue', { egressIPs: [blueIP] }),
    then: { red: [redIP], blue: [blueIP] },
  },
  {
    what: 'the egress IP moves to the other node',
    change: async () => {
      await lab.patch('hostsubnet', node, { egressIPs: [blueIP] });
      await lab.patch('hostsubnet', 'worker0', { egressIPs: [redIP] });
    },
    then: { red: [redIP], blue: nodes },
  },
  {
    what: 'red stops asking',
    change: () => lab.patch('netnamespace', 'red', { egressIPs: null }),
    then: { red: nodes, blue: nodes },
  },
];

async function back(): Promise<void> {
  await lab.patch('netnamespace', 'blue', { egressIPs: null });
  await lab.patch('hostsubnet', 'worker0', { egressIPs: null });
  await lab.patch('hostsubnet', node, { egressIPs: [redIP, blueIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [redIP] });
  await right({ red: [redIP], blue: nodes }, 15);
}

/** Until all flows of both namespaces leave as they should, and none otherwise. */
async function right(sources: Sources, seconds: number): Promise<void> {
  let last: unknown;
  await until(
    `flows leave as ${JSON.stringify(sources)}`,
    async () => {
      last = await seenFor(400);
      return JSON.stringify(last) === JSON.stringify(wanted(sources));
    },
    seconds,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; last seen: ${JSON.stringify(last)}`);
  });
}

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2', '--host', 'systemd', '--agent-option', 'resync=600');
  await Promise.all(['red', 'blue'].map((name) => lab.namespace(name)));
  await lab.pods(...pods.map((pod) => [pod, `worker${pod.at(-1)!}`] as const));
  shims = mkdtempSync(join(tmpdir(), 'sdn-compat-steps-'));
  for (const program of ['nft', 'ip', 'ovs-ofctl', 'conntrack']) {
    const real = (await run('sh', ['-c', `command -v ${program}`])).stdout.trim();
    writeFileSync(join(shims, program), shim(program, real));
    chmodSync(join(shims, program), 0o755);
  }
  const record = `${lab.dir}/run/node-${node}.json`;
  const started = JSON.parse(readFileSync(record, 'utf8')) as { spec: { env?: object } };
  await lab.command('kill', 'agent', node);
  writeFileSync(
    record,
    JSON.stringify({ ...started, spec: { ...started.spec, env: { PATH: `${shims}:${process.env['PATH']!}` } } }),
  );
  await lab.command('start', 'agent', node);
  background(`sdnc.${lab.name}.outside`, process.execPath, '-e', server);
  for (const pod of pods) {
    const port = ports[pod.split('/', 1)[0] as Name];
    const netns = await lab.podNamespace(pod);
    background(netns, process.execPath, '-e', client(port));
    // behind one address two pods cannot have one identifier: NAT would give one of them another
    const identifier = port + (pod.endsWith('1') ? 10 : 0);
    background(netns, 'ping', '-q', '-i', '0.1', '-e', String(identifier), outsideHost);
  }
  await back();
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await lab.down();
  rmSync(shims, { recursive: true, force: true });
});

/** Applies the change with the agent killed at a step; false when it took fewer steps than that. */
async function killedAt(step: number, when: 'before' | 'after', change: () => Promise<unknown>): Promise<boolean> {
  const pid = lab.pid(`node-${node}`);
  writeFileSync(join(shims, 'count'), '0');
  writeFileSync(join(shims, 'armed'), `${step} ${when}\n`);
  await change();
  const isAlive = (): boolean =>
    existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  const killed = await until('it is killed', () => !isAlive(), 2.5).then(
    () => true,
    () => false,
  );
  rmSync(join(shims, 'armed'));
  return killed;
}

const mostSteps = 8;
const all = changes
  .flatMap(({ what, ...rest }) =>
    Array.from({ length: mostSteps }, (_, index) =>
      (['before', 'after'] as const).map((when) => ({ what, step: index + 1, when, ...rest })),
    ),
  )
  .flat();
const total = rounds(all.length);
// spread over changes and steps; the first steps of each change come first, since not every change has all
const chosen = all.toSorted((a, b) => a.step - b.step).filter((_, index) => index < total || total === all.length);

test('killed at each step of each change, the agent makes all flows right within two seconds of its return', async () => {
  let kills = 0;
  for (const { what, step, when, change, then } of chosen) {
    if (!(await killedAt(step, when, change))) {
      await right(then, 5);
      await back();
      continue;
    }
    kills += 1;
    const before = lab.log(`node-${node}`).length;
    await lab.command('start', 'agent', node);
    await until(
      'the agent is back',
      () => lab.log(`node-${node}`).slice(before).includes('the node is as the cluster says'),
      10,
    );
    await right(then, 2).catch((error: unknown) => {
      throw new Error(
        `${what}, killed ${when} step ${step}: ${String(error)}\n${readFileSync(join(shims, 'calls'), 'utf8').split('\n').slice(-12).join('\n')}`,
      );
    });
    await back();
  }
  console.log(`${kills} kills in ${chosen.length} rounds`);
  expect(kills).toBeGreaterThanOrEqual(Math.min(chosen.length, 12) / 2);
}, 900_000);
