/** The CNI plugin by its calling convention: environment and standard input made by hand, against an agent of a lab. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { askAgent } from '../../src/node/cni/client.ts';
import { rounds } from '../rounds.ts';
import { type Ran, run, TestLab, until } from './lab.ts';

const plugin = fileURLToPath(new URL('../../dist/sdn-compat-cni.js', import.meta.url));
const worker = 'worker0';
let lab: TestLab;
let refusal: Promise<{ readonly ran: Ran; readonly ms: number }>;
let counter = 0;

const socket = (): string => `/run/sdn-compat-lab/${lab.name}/cni/${worker}.sock`;

/** Calls the plugin as a container runtime does, but inside no shell of ours. */
function call(command: string, env: Readonly<Record<string, string>> = {}, config: object = {}): Promise<Ran> {
  const input = JSON.stringify({
    cniVersion: '1.1.0',
    name: 'sdn',
    type: 'sdn-compat-cni',
    socket: socket(),
    ...config,
  });
  return run(process.execPath, [plugin], {
    input,
    env: { CNI_COMMAND: command, CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin', ...env },
  });
}

interface Sandbox {
  readonly id: string;
  readonly env: Readonly<Record<string, string>>;
  readonly netns: string;
}

/** A network namespace of the lab's, which takes it down with itself. */
async function sandbox(namespace = 'red'): Promise<Sandbox> {
  counter += 1;
  const id = `sandbox-${counter}`;
  const netns = `sdnc.${lab.name}.cni${counter}`;
  const made = await run('ip', ['netns', 'add', netns]);
  if (made.status !== 0) throw new Error(made.stderr);
  return {
    id,
    netns,
    env: {
      CNI_CONTAINERID: id,
      CNI_NETNS: `/run/netns/${netns}`,
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${id}`,
    },
  };
}

async function add(one: Sandbox): Promise<string> {
  const ran = await call('ADD', one.env);
  if (ran.status !== 0) throw new Error(`ADD ${one.id}: ${ran.stdout}${ran.stderr}`);
  const { ips } = JSON.parse(ran.stdout) as { ips: { address: string }[] };
  return ips[0]!.address.replace(/\/.*/, '');
}

async function remove(...all: readonly Sandbox[]): Promise<void> {
  for (const { env } of all) expect(await call('DEL', env)).toEqual({ status: 0, stdout: '', stderr: '' });
}

const ports = async (): Promise<number> =>
  (await lab.node(worker, 'ip', '-o', 'link')).stdout.split('\n').filter((line) => /\bveth/.test(line)).length;
const attached = async (address: string): Promise<boolean> =>
  (await lab.node(worker, 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0')).stdout.includes(`${address} `);

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '1');
  await lab.namespace('red');
});
afterAll(async () => {
  // those of a node that does not exist: nobody ends them
  await lab.must(['delete', 'pods', '--namespace=red', '--all', '--force', '--grace-period=0']);
  await lab.down();
});

test('ADD makes interface, address and routes, and the pod reaches the outside and the gateway', async () => {
  const one = await sandbox();
  const ran = await call('ADD', one.env);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  const result = JSON.parse(ran.stdout) as { ips: { address: string; gateway: string }[]; interfaces: object[] };
  const [{ address, gateway }] = result.ips as [{ address: string; gateway: string }];
  expect(result.interfaces).toEqual([
    { name: 'eth0', mac: expect.stringMatching(/^0a:58:/) as string, sandbox: `/run/netns/${one.netns}`, mtu: 1400 },
  ]);
  const inside = (...argv: string[]): Promise<Ran> => run('ip', ['netns', 'exec', one.netns, ...argv]);
  expect((await inside('ip', '-4', '-o', 'addr', 'show', 'eth0')).stdout).toContain(address);
  expect((await inside('ip', 'route')).stdout).toContain(`default via ${gateway}`);
  expect((await inside('ip', 'link', 'show', 'eth0')).stdout).toContain('mtu 1400');
  expect((await inside('ping', '-c', '1', '-W', '2', gateway)).status).toBe(0);
  expect((await inside('curl', '-s', '--max-time', '3', 'http://10.1.8.72:8080/ip')).stdout.trim()).toBe(
    '192.168.7.11',
  );
  await remove(one);
});

test('ADD twice for one sandbox is one pod with one address', async () => {
  const one = await sandbox();
  const before = await ports();
  const [first, second] = [await add(one), await add(one)];
  expect(second).toBe(first);
  expect(await ports()).toBe(before + 1);
  await remove(one);
  expect(await ports()).toBe(before);
  expect(await attached(first)).toBe(false);
});

test('of two ADDs at once the address given out later is on record, also when the other ends later', async () => {
  // what limits its bandwidth makes the first of them take longer
  const pod = (name: string): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'red', name, annotations: { 'kubernetes.io/egress-bandwidth': '10M' } },
    spec: { nodeName: 'elsewhere', containers: [{ name: 'c', image: 'c' }] },
  });
  const attach = async ({ id, netns }: Sandbox): Promise<string> => {
    const at = { sandbox: id, netns: `/run/netns/${netns}`, device: 'eth0', namespace: 'red', name: id };
    return String((await askAgent(socket(), { command: 'ADD', ...at }))['ip']);
  };
  const database = `--db=unix:/run/sdn-compat-lab/${lab.name}/ovs/${worker}/db.sock`;
  const recorded = async (): Promise<string> =>
    (await run('ovs-vsctl', [database, 'get', 'Bridge', 'br0', 'external_ids:last-pod-address'])).stdout.trim();
  for (let round = 0; round < 10; round += 1) {
    const both = [await sandbox(), await sandbox()];
    await lab.must(['create', '-f', '-'], JSON.stringify(pod(both[0]!.id)));
    const addresses = await Promise.all(both.map(attach));
    await remove(...both);
    const last = Math.max(...addresses.map((address) => Number(address.split('.')[3])));
    expect(await recorded()).toMatch(new RegExp(`[.]${last}"$`));
  }
});

test('ADD of a known sandbox in another network namespace puts the pod there', async () => {
  const one = await sandbox();
  await add(one);
  const other = await sandbox();
  const before = await ports();
  const address = await add({ ...one, env: { ...one.env, CNI_NETNS: other.env['CNI_NETNS']! } });
  const inside = (...argv: string[]): Promise<Ran> => run('ip', ['netns', 'exec', other.netns, ...argv]);
  expect((await inside('ip', '-4', '-o', 'addr', 'show', 'eth0')).stdout).toContain(`${address}/`);
  expect((await inside('curl', '-s', '--max-time', '3', 'http://10.1.8.72:8080/ip')).stdout.trim()).toBe(
    '192.168.7.11',
  );
  expect(await ports()).toBe(before);
  await remove(one);
});

test('DEL twice is no error, nor DEL without network namespace, nor of a sandbox never seen', async () => {
  const one = await sandbox();
  const address = await add(one);
  await run('ip', ['netns', 'del', one.netns]);
  expect(await call('DEL', { CNI_CONTAINERID: one.id, CNI_NETNS: '' })).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(await call('DEL', { CNI_CONTAINERID: one.id })).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(await call('DEL', { CNI_CONTAINERID: 'never-seen' })).toEqual({ status: 0, stdout: '', stderr: '' });
  await until('its flows are gone', async () => !(await attached(address)));
});

test('DEL while ovs-vswitchd is dead leaves nothing of the pod; while OVSDB does not answer it fails, and GC too', async () => {
  const [one, two] = [await sandbox(), await sandbox()];
  const [first, second] = [await add(one), await add(two)];
  const sockets = `/run/sdn-compat-lab/${lab.name}/ovs/${worker}`;
  const held = async (): Promise<string> =>
    (
      await run('ovs-vsctl', [
        `--db=unix:${sockets}/db.sock`,
        '--no-wait',
        '--bare',
        '--columns=external_ids',
        'list',
        'Interface',
      ])
    ).stdout;
  expect(await held()).toContain(`ip=${first} `);
  await lab.command('kill', 'ovs', worker);
  await remove(one);
  expect(await held()).not.toContain(`ip=${first} `);
  process.kill(lab.pid(`ovsdb-server-${worker}`), 'SIGSTOP');
  try {
    const ran = await Promise.all(
      ['DEL', 'GC'].map((command) => call(command, two.env, { 'cni.dev/valid-attachments': [] })),
    );
    expect(ran.map(({ status }) => status)).toEqual([1, 1]);
  } finally {
    process.kill(lab.pid(`ovsdb-server-${worker}`), 'SIGCONT');
  }
  await lab.command('start', 'ovs', worker);
  await until('the node is ready again', async () => (await call('DEL', two.env)).status === 0);
  expect(await held()).not.toContain(`ip=${second} `);
});

/** What OVSDB and the links hold of a sandbox; '' when nothing. */
async function leftOf(one: Sandbox): Promise<string> {
  const database = `--db=unix:/run/sdn-compat-lab/${lab.name}/ovs/${worker}/db.sock`;
  const rows = await Promise.all(
    ['Interface', 'QoS'].map((table) =>
      run('ovs-vsctl', [database, '--no-wait', '--bare', '--columns=external_ids', 'list', table]),
    ),
  );
  const links = await lab.node(worker, 'ip', '-o', 'link');
  const lines = [...rows, links].flatMap(({ stdout }) => stdout.split('\n'));
  return lines.filter((line) => new RegExp(`(sandbox=|sdn-compat )${one.id}( |$)`).test(line.trim())).join('\n');
}

/** Starts the plugin with an ADD and does not wait for it. */
function beginAdd(one: Sandbox): {
  readonly ended: Promise<Ran>;
  readonly kill: () => void;
  readonly hangUp: () => void;
  readonly signal: (name: NodeJS.Signals) => void;
} {
  const child = spawn(process.execPath, [plugin], {
    env: { ...process.env, CNI_COMMAND: 'ADD', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin', ...one.env },
  });
  child.stdin.end(JSON.stringify({ cniVersion: '1.1.0', name: 'sdn', type: 'sdn-compat-cni', socket: socket() }));
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const ended = new Promise<Ran>((resolve) =>
    child.on('close', (code) => resolve({ status: code ?? -1, stdout, stderr: '' })),
  );
  return {
    ended,
    kill: () => child.kill('SIGKILL'),
    hangUp: () => child.stdout.destroy(),
    signal: (name) => child.kill(name),
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** While ovs-vswitchd stands still a pod gets no port, and no pass ends. */
async function withoutSwitch(work: () => Promise<void>): Promise<void> {
  const pid = lab.pid(`ovs-vswitchd-${worker}`);
  process.kill(pid, 'SIGSTOP');
  await work().finally(() => process.kill(pid, 'SIGCONT'));
}

describe('an ADD that is overtaken', () => {
  const detached = {
    code: 100,
    msg: expect.stringMatching('it was detached (while it was being attached|before this was heard)') as string,
  };

  test('by a DEL while it waits for the NetNamespace fails, leaves nothing, and the sandbox can be added later', async () => {
    const one = await sandbox('overtaken');
    const adding = beginAdd(one);
    await sleep(500);
    await remove(one);
    await lab.namespace('overtaken');
    const ran = await adding.ended;
    expect(ran.status).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject(detached);
    await sleep(300);
    expect(await leftOf(one)).toBe('');
    const address = await add(one);
    expect(await attached(address)).toBe(true);
    await remove(one);
    expect(await leftOf(one)).toBe('');
  });

  test('by a DEL before it is heard makes nothing, and the sandbox can be added later', async () => {
    const one = await sandbox();
    const adding = beginAdd(one);
    adding.signal('SIGSTOP');
    await remove(one);
    adding.signal('SIGCONT');
    const ran = await adding.ended;
    expect([ran.status, ran.stdout]).toEqual([1, expect.stringContaining('it was detached before this was heard')]);
    expect(await leftOf(one)).toBe('');
    const address = await add(one);
    expect(await attached(address)).toBe(true);
    await remove(one);
    expect(await leftOf(one)).toBe('');
  });

  test('by a DEL while it waits for its port or its flows leaves nothing', async () => {
    const all = await Promise.all([0, 100, 300, 600].map(async (after) => ({ after, one: await sandbox() })));
    const adds: Promise<Ran>[] = [];
    await withoutSwitch(async () => {
      adds.push(...all.map(({ one }) => beginAdd(one).ended));
      const dels = all.map(({ after, one }) => sleep(after).then(() => remove(one)));
      await sleep(1_500);
      void Promise.all(dels).catch(() => undefined);
    });
    const refused = (await Promise.all(adds)).filter(({ status }) => status !== 0);
    for (const { stdout } of refused) expect(JSON.parse(stdout)).toMatchObject(detached);
    expect(refused.length).toBeGreaterThan(0);
    await Promise.all(all.map(({ one }) => remove(one)));
    await sleep(300);
    for (const { one } of all) expect(await leftOf(one)).toBe('');
  });

  test('by the death of the plugin leaves nothing, though no DEL comes', async () => {
    const [one, two] = [await sandbox(), await sandbox('abandoned')];
    const waiting = beginAdd(two);
    await withoutSwitch(async () => {
      const adding = beginAdd(one);
      await until('its veth is there', async () => (await leftOf(one)) !== '');
      for (const { kill, ended } of [adding, waiting]) {
        kill();
        await ended;
      }
    });
    await lab.namespace('abandoned');
    await until('nothing is left of it', async () => (await leftOf(one)) === '', 30);
    await sleep(500);
    expect(await leftOf(two)).toBe('');
    await add(one);
    await remove(one);
  });

  test('by the death of one plugin goes on when another asks for the same sandbox', async () => {
    const one = await sandbox();
    const seconds: Promise<Ran>[] = [];
    await withoutSwitch(async () => {
      const first = beginAdd(one);
      await until('its veth is there', async () => (await leftOf(one)) !== '');
      seconds.push(call('ADD', one.env));
      await sleep(300);
      first.kill();
      await first.ended;
    });
    expect(await Promise.all(seconds)).toMatchObject([{ status: 0 }]);
    expect(await leftOf(one)).toContain(one.id);
    await remove(one);
    expect(await leftOf(one)).toBe('');
  });
});

/** Creates the Pod object of a sandbox, which limits what it receives and sends. */
async function limited({ id }: Sandbox): Promise<void> {
  const annotations = { 'kubernetes.io/ingress-bandwidth': '10M', 'kubernetes.io/egress-bandwidth': '20M' };
  const metadata = { namespace: 'red', name: id, annotations };
  const spec = { nodeName: 'elsewhere', containers: [{ name: 'c', image: 'c' }] };
  await lab.must(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));
}

/** What limits a sandbox now: the queueing at its own end, and the rate of its port. */
async function limitsOf({ id, netns }: Sandbox): Promise<readonly string[]> {
  const vsctl = async (...args: string[]): Promise<string> =>
    (await lab.node(worker, 'ovs-vsctl', '--no-wait', '--bare', ...args)).stdout.trim();
  const qdisc = await run('ip', ['netns', 'exec', netns, 'tc', 'qdisc', 'show', 'dev', 'eth0']);
  const port = await vsctl('--columns=name', 'find', 'Interface', `external_ids:sandbox=${id}`);
  const limit = port === '' ? '' : await vsctl('--columns=qos', 'list', 'Port', port);
  const config = limit === '' ? '' : await vsctl('--columns=other_config', 'list', 'QoS', limit);
  return [/ rate (\S+)/.exec(qdisc.stdout)?.[1] ?? '', /max-rate="?(\d+)/.exec(config)?.[1] ?? ''];
}

describe('an ADD on whose way somebody dies', () => {
  const restart = async (): Promise<void> => {
    await lab.command('start', 'agent', worker);
    await until('the agent is ready', async () => (await call('STATUS')).status === 0);
  };

  test('the agent, before the pod is limited: added again without a DEL, it has its limits', async () => {
    const one = await sandbox();
    await limited(one);
    await withoutSwitch(async () => {
      const adding = beginAdd(one);
      await until('its veth has its address', async () =>
        (await run('ip', ['netns', 'exec', one.netns, 'ip', '-4', 'addr', 'show', 'eth0'])).stdout.includes('inet '),
      );
      await lab.command('kill', 'agent', worker);
      await adding.ended;
    });
    expect(await limitsOf(one)).toEqual(['', '']);
    await restart();
    await until('its port was put back', async () => (await leftOf(one)).includes('sandbox='));
    const address = await add(one);
    expect(await limitsOf(one)).toEqual(['20Mbit', '10000000']);
    expect(await attached(address)).toBe(true);
    await remove(one);
    expect(await leftOf(one)).toBe('');
  });

  /** All that the node has for its pods. */
  const everything = async (): Promise<string> => {
    const flows = await lab.node(worker, 'ovs-ofctl', '-O', 'OpenFlow13', '--no-stats', 'dump-flows', 'br0');
    const tables = await lab.node(worker, 'nft', '-s', 'list', 'table', 'ip', 'sdn_compat');
    const rules = tables.stdout.replace(/written_\w+/g, '').replace(/counter packets \d+ bytes \d+/g, 'counter');
    return [...flows.stdout.split('\n').sort(), rules, String(await ports())].join('\n');
  };

  test.each(['plugin', 'runtime', 'agent'] as const)(
    'the %s, at any moment: nothing is left after a DEL, and the next one is whole',
    async (dies) => {
      const before = await everything();
      const whole = await sandbox();
      await limited(whole);
      const began = performance.now();
      await add(whole);
      const takes = performance.now() - began;
      await remove(whole);
      const total = dies === 'agent' ? rounds(40) : rounds(100);
      for (let round = 0; round < total; round += 1) {
        const one = await sandbox();
        await limited(one);
        const adding = beginAdd(one);
        await sleep((takes * 1.2 * round) / total);
        if (dies === 'plugin') adding.kill();
        else if (dies === 'runtime') adding.hangUp();
        else await lab.command('kill', 'agent', worker);
        if (dies === 'agent') await restart();
        if (round % 2 === 0) {
          const address = await add(one);
          expect(await limitsOf(one)).toEqual(['20Mbit', '10000000']);
          const asked = ['curl', '-s', '--max-time', '3', 'http://10.1.8.72:8080/ip'];
          expect((await run('ip', ['netns', 'exec', one.netns, ...asked])).stdout.trim()).toBe('192.168.7.11');
          expect(await attached(address)).toBe(true);
        }
        await remove(one);
        expect(await leftOf(one)).toBe('');
        await adding.ended;
      }
      await until('all is as before', async () => (await everything()) === before);
    },
    600_000,
  );
});

test('ports that somebody removes come back at once', async () => {
  const one = await sandbox();
  const address = await add(one);
  const vsctl = (...args: string[]) =>
    run('ovs-vsctl', [`--db=unix:/run/sdn-compat-lab/${lab.name}/ovs/${worker}/db.sock`, '--no-wait', ...args]);
  const reaches = async (to: string): Promise<boolean> =>
    (await run('ip', ['netns', 'exec', one.netns, 'ping', '-c', '1', '-W', '1', to])).status === 0;
  const gateway = address.replace(/\d+$/, '1');
  await until('the gateway answers', () => reaches(gateway));
  const links = async (): Promise<string> =>
    (await vsctl('--bare', '--columns=name,ofport,options', 'list', 'Interface', 'vxlan0', 'tun0')).stdout;
  const before = await links();
  for (const port of [
    'tun0',
    'vxlan0',
    (await vsctl('list-ports', 'br0')).stdout.split('\n').find((name) => name.startsWith('veth'))!,
  ]) {
    await vsctl('del-port', 'br0', port);
    await until(
      `${port} is there again`,
      async () => (await vsctl('list-ports', 'br0')).stdout.includes(port) && (await links()) === before,
      30,
    );
    await until('the gateway answers', () => reaches(gateway), 30);
  }
  await vsctl('set', 'Interface', 'vxlan0', 'options:key=7');
  await until('vxlan0 is as before', async () => (await links()) === before, 30);
  await vsctl('set-fail-mode', 'br0', 'standalone');
  await until(
    'the bridge fails closed',
    async () => (await vsctl('get-fail-mode', 'br0')).stdout.trim() === 'secure',
    30,
  );
  await vsctl('del-br', 'br0', '--', 'add-br', 'br0');
  await until('the pod reaches the outside', () => reaches('10.1.8.72'), 30);
  for (const damage of [
    ['link', 'set', 'tun0', 'down'],
    ['route', 'del', '10.254.0.0/16', 'dev', 'tun0'],
    ['addr', 'flush', 'dev', 'tun0'],
  ]) {
    await lab.node(worker, 'ip', ...damage);
    await until(`the gateway answers after ${damage.join(' ')}`, () => reaches(gateway), 30);
  }
  await remove(one);
});

test('CHECK is content with a pod, and finds a removed route, address, interface or port', async () => {
  const one = await sandbox();
  const address = await add(one);
  const check = async (): Promise<string> => {
    const ran = await call('CHECK', one.env);
    return ran.status === 0 ? '' : (JSON.parse(ran.stdout) as { msg: string }).msg;
  };
  expect(await check()).toBe('');
  await run('ip', ['-n', one.netns, 'route', 'delete', 'default']);
  expect(await check()).toContain('has no default route on eth0');
  await run('ip', ['netns', 'exec', one.netns, 'ip', 'addr', 'flush', 'dev', 'eth0']);
  expect(await check()).toContain(`eth0 does not have ${address}`);
  await run('ip', ['netns', 'exec', one.netns, 'ip', 'link', 'del', 'eth0']);
  expect(await check()).toMatch(/has no interface eth0|is not on the bridge/);
  await remove(one);
  expect(await check()).toContain('is not on the bridge');
});

test('GC removes what is not among the valid attachments, and nothing else', async () => {
  const [stays, goes] = [await sandbox(), await sandbox()] as const;
  const [kept, gone] = [await add(stays), await add(goes)];
  expect((await call('GC', {}, {})).status).toBe(1);
  expect(await attached(gone)).toBe(true);
  const valid = { 'cni.dev/valid-attachments': [{ containerID: stays.id, ifname: 'eth0' }] };
  expect(await call('GC', {}, valid)).toEqual({ status: 0, stdout: '', stderr: '' });
  await until('its flows are gone', async () => !(await attached(gone)));
  expect(await attached(kept)).toBe(true);
  await remove(stays);
});

test('GC of another network, and of none, leaves what this one attached; it may be asked twice', async () => {
  const stays = await sandbox();
  const kept = await add(stays);
  const none = { 'cni.dev/valid-attachments': [] };
  for (const name of ['other', undefined]) {
    expect(await call('GC', {}, { ...none, name })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await attached(kept)).toBe(true);
  }
  for (let time = 0; time < 2; time += 1)
    expect(await call('GC', {}, none)).toEqual({ status: 0, stdout: '', stderr: '' });
  await until('its flows are gone', async () => !(await attached(kept)));
});

test('GC passes over what is being attached; a list that is null, as one without entries comes from Go, is empty', async () => {
  const [goes, comes] = [await sandbox(), await sandbox()];
  const gone = await add(goes);
  const adding: Promise<Ran>[] = [];
  await withoutSwitch(async () => {
    adding.push(beginAdd(comes).ended);
    await until('its row is there', async () => (await leftOf(comes)).includes('sandbox='));
    expect(await call('GC', {}, { 'cni.dev/valid-attachments': null })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await leftOf(goes)).toBe('');
  });
  expect(await Promise.all(adding)).toMatchObject([{ status: 0 }]);
  await until('its flows are gone', async () => !(await attached(gone)));
  expect(await leftOf(comes)).toContain('sandbox=');
  await remove(comes);
});

test('GC of 1,000 attachments removes the others, although one of them cannot be removed, and names that one', async () => {
  const [stays, ...others] = [await sandbox(), await sandbox(), await sandbox(), await sandbox()] as const;
  for (const one of [stays, ...others]) await add(one);
  const vsctl = (...args: string[]): Promise<Ran> => lab.node(worker, 'ovs-vsctl', '--no-wait', ...args);
  // a limit that another port refers to cannot be deleted
  const limit = ['--id=@limit', 'create', 'QoS', 'type=linux-htb', `external_ids:sandbox=${others[1].id}`];
  expect(await vsctl('set', 'port', 'tun0', 'qos=@limit', '--', ...limit)).toMatchObject({ status: 0 });
  const kept = [stays.id, ...Array.from({ length: 999 }, (_, index) => String(index).padStart(64, '0'))];
  const valid = { 'cni.dev/valid-attachments': kept.map((containerID) => ({ containerID, ifname: 'eth0' })) };
  const ran = await call('GC', {}, valid);
  expect(ran.status).toBe(1);
  expect(ran.stdout).toContain(`"msg":"still attached: ${others[1].id} (`);
  expect([await leftOf(others[0]), await leftOf(others[2])]).toEqual(['', '']);
  expect(await leftOf(stays)).toContain('sandbox=');
  await vsctl('clear', 'port', 'tun0', 'qos');
  expect(await call('GC', {}, valid)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(await leftOf(others[1])).toBe('');
  await remove(stays);
});

test('a NetworkPolicy is about a pod from its first packet on, before the API tells its address', async () => {
  await lab.command('kill', 'kubelet'); // it would attach these pods itself
  const [held, free, from] = [await sandbox(), await sandbox(), await sandbox()] as const;
  const { items } = JSON.parse(await lab.must(['get', 'node', '-o', 'json'])) as {
    items: { metadata: { name: string } }[];
  };
  const nodeName = items.map(({ metadata }) => metadata.name).find((name) => name.startsWith(worker));
  const object = (one: Sandbox, app: string): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'red', name: one.id, labels: { app } },
    spec: { nodeName, containers: [{ name: 'c', image: 'c' }] },
  });
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: 'red', name: 'closed' },
    spec: { podSelector: { matchLabels: { app: 'web' } } },
  };
  await lab.must(
    ['create', '-f', '-'],
    [policy, object(held, 'web'), object(free, 'db'), object(from, 'db')].map((one) => JSON.stringify(one)).join('\n'),
  );
  const [heldIP, freeIP] = [await add(held), await add(free), await add(from)];
  const answers = async (ip: string): Promise<boolean> =>
    (await run('ip', ['netns', 'exec', from.netns, 'ping', '-c', '1', '-W', '1', ip])).status === 0;
  expect(await answers(heldIP)).toBe(false);
  await until('the pod that no policy selects answers', () => answers(freeIP));
  expect(await answers(heldIP)).toBe(false);
  await lab.must(['label', 'pod', '-n', 'red', held.id, 'app=db', '--overwrite']);
  await until('so does the other when its labels are others', () => answers(heldIP));
  await lab.must(['delete', 'networkpolicy', '-n', 'red', 'closed']);
  await lab.must(['delete', 'pod', '-n', 'red', '--force', '--grace-period=0', held.id, free.id, from.id]);
  await remove(held, free, from);
  await lab.command('start', 'kubelet');
});

test("STATUS and VERSION; a call that is wrong gets CNI's error, with the code of the specification", async () => {
  expect(await call('STATUS')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(JSON.parse((await call('VERSION')).stdout)).toEqual({
    cniVersion: '1.1.0',
    supportedVersions: ['0.3.1', '0.4.0', '1.0.0', '1.1.0'],
  });
  const absent = { socket: '/run/sdn-compat-lab/no.sock' };
  const codes: readonly (readonly [Promise<Ran>, number])[] = [
    [call('FROB'), 4],
    [call('ADD'), 4],
    [call('STATUS', {}, { cniVersion: '9.9.9' }), 1],
    [call('STATUS', {}, absent), 50],
    [call('DEL', { CNI_CONTAINERID: 'x' }, absent), 11],
    [run(process.execPath, [plugin], { input: '{', env: { CNI_COMMAND: 'STATUS' } }), 6],
  ];
  for (const [calling, code] of codes) {
    const ran = await calling;
    expect(ran.status).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      code,
      msg: expect.stringMatching(/./) as string,
      cniVersion: expect.stringMatching(/^\d/) as string,
    });
  }
});

test("the socket is the owner's alone", () => {
  expect(statSync(socket()).mode & 0o777).toBe(0o600);
});

test('20 ADDs at once get 20 addresses; no address is in two hands over restarts of the agent', async () => {
  const first = await Promise.all(Array.from({ length: 20 }, () => sandbox()));
  const addresses = await Promise.all(first.map(add));
  expect(new Set(addresses).size).toBe(20);
  const later: Sandbox[] = [];
  const nowhere = await sandbox('nowhere');
  const interrupted = call('ADD', nowhere.env);
  for (let restart = 0; restart < 2; restart += 1) {
    await lab.command('kill', 'agent', worker);
    await lab.command('start', 'agent', worker);
    await until('the agent is ready', async () => (await call('STATUS')).status === 0);
    const more = await Promise.all(Array.from({ length: 5 }, () => sandbox()));
    later.push(...more);
    addresses.push(...(await Promise.all(more.map(add))));
    expect(new Set(addresses).size).toBe(addresses.length);
  }
  expect(JSON.parse((await interrupted).stdout)).toMatchObject({ code: 11 });
  const began = performance.now();
  refusal = call('ADD', nowhere.env).then((ran) => ({ ran, ms: performance.now() - began }));
  expect(await add(first[0]!)).toBe(addresses[0]);
  await Promise.all([...first, ...later].map((one) => remove(one)));
});

test('ADDs one after another each give another address; how long they take is printed', async () => {
  const times: number[] = [];
  const addresses = new Set<string>();
  for (let round = 0; round < 30; round += 1) {
    const one = await sandbox();
    const began = performance.now();
    addresses.add(await add(one));
    times.push(performance.now() - began);
    await remove(one);
  }
  const at = (share: number): number => times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1]!;
  console.log(`ADD: median ${at(0.5).toFixed(0)} ms, p95 ${at(0.95).toFixed(0)} ms`);
  expect(addresses.size).toBe(30); // an address given up is used again as late as possible
});

test('a pod of an unknown namespace waits for its NetNamespace, and gets a clear error after 30 s', async () => {
  const { ran, ms } = await refusal;
  expect(ran.status).toBe(1);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    cniVersion: '1.1.0',
    code: 100,
    msg: expect.stringMatching(
      /^pod nowhere\/sandbox-\d+: namespace nowhere has no NetNamespace \(waited 30 s\)$/,
    ) as string,
  });
  expect(ms).toBeGreaterThan(29_000);
  const late = await sandbox('overtaken');
  const adding = add(late);
  await lab.namespace('late');
  expect(await adding).toMatch(/^10\.254\./);
});
