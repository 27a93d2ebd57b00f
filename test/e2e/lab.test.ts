import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, outside, program, type Ran, run, TestLab, traces, until, userspaceTest } from './lab.ts';

describe('a lab in use', () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await TestLab.up('--nodes', '2');
    await lab.namespace('one');
    await lab.pods(['one/a', 'worker0'], ['one/b']);
  });
  afterAll(() => lab.down());

  /** What `lab exec` and `lab node-exec` do, which other tests do without them. */
  const commanded = (command: 'exec' | 'node-exec', where: string, ...argv: string[]): Promise<Ran> =>
    run(program, ['lab', command, '--name', lab.name, where, '--', ...argv]);

  test('nodes become Ready and have subnets in order', async () => {
    await until(
      'all nodes are Ready',
      async () =>
        (await lab.must([
          'get',
          'nodes',
          '-o',
          'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}',
        ])) === 'True True True',
    );
    const subnets = await lab.must([
      'get',
      'hostsubnet',
      '-o',
      'jsonpath={range .items[*]}{.host}={.hostIP}={.subnet} {end}',
    ]);
    const found = subnets
      .trim()
      .split(' ')
      .map((one) => one.split('=').slice(0, 2).join('='));
    expect(found).toEqual([
      'master0.ocp4.rober.lab=192.168.7.10',
      'worker0.ocp4.rober.lab=192.168.7.11',
      'worker1.ocp4.rober.lab=192.168.7.12',
    ]);
    expect(new Set(subnets.match(/10\.254\.\d+\.0\/24/g)).size).toBe(3);
  });

  test('every namespace has a VNID of its own, default has 0', async () => {
    const netids = await lab.must(['get', 'netnamespace', '-o', 'jsonpath={range .items[*]}{.netname}={.netid} {end}']);
    const pairs = new Map(
      netids
        .trim()
        .split(' ')
        .map((pair) => pair.split('=') as [string, string]),
    );
    expect(pairs.get('default')).toBe('0');
    expect(new Set(pairs.values()).size).toBe(pairs.size);
    expect(Number(pairs.get('one'))).toBeGreaterThanOrEqual(10);
  });

  test('a pod without nodeName goes to the least loaded worker', async () => {
    expect(await lab.must(['get', 'pod', '-n', 'one', 'b', '-o', 'jsonpath={.spec.nodeName} {.status.hostIP}'])).toBe(
      'worker1.ocp4.rober.lab 192.168.7.12',
    );
  });

  test('pods of two nodes reach one another', async () => {
    const podIP = await lab.podIP('one/b');
    await until(
      'the tunnel is up',
      async () => (await commanded('exec', 'one/a', 'ping', '-c', '1', '-W', '1', podIP)).status === 0,
    );
  });

  userspaceTest('what a userspace datapath sends is taken together, and its switch looks into no packet', async () => {
    const podNetns = (await lab.podNamespace('one/a')).replace(`sdnc.${lab.name}.`, '');
    const told = async (place: string, device: string): Promise<string> => {
      const { stdout } = await lab.inside(place, 'ethtool', '-k', device);
      const isThreaded = await lab.inside(place, 'cat', `/sys/class/net/${device}/threaded`);
      const offloads = stdout.match(/(?:generic-receive-offload|tx-checksumming): \w+/g) ?? [];
      // a kernel before 5.12 has no such threads
      return [...offloads.sort(), isThreaded.status === 0 ? isThreaded.stdout.trim() : '1'].join(', ');
    };
    for (const [place, device] of [
      ['net', 'worker0'],
      ['net', 'worker1'],
      [podNetns, 'eth0'],
    ] as const)
      expect([place, device, await told(place, device)]).toEqual([
        place,
        device,
        'generic-receive-offload: on, tx-checksumming: off, 1',
      ]);
    const looks = await lab.inside('net', 'sysctl', '-n', 'net.bridge.bridge-nf-call-iptables');
    expect(looks.status === 0 ? looks.stdout.trim() : '0').toBe('0');
  });

  test('what one node sends another arrives whole', async () => {
    const megabytes = 4;
    const server = run('ip', [
      ...['netns', 'exec', `sdnc.${lab.name}.worker1`, 'timeout', '60'],
      ...['socat', '-u', 'TCP-LISTEN:7070,bind=192.168.7.12,reuseaddr', 'SYSTEM:wc -c >&2'],
    ]);
    const send = `until head -c ${megabytes}000000 /dev/zero | socat -u - TCP:192.168.7.12:7070; do sleep 0.1; done`;
    await lab.node('worker0', 'timeout', '50', 'sh', '-c', send);
    expect((await server).stderr.trim().split('\n').at(-1)).toBe(`${megabytes}000000`);
  }, 120_000);

  test('output and exit status of commands are passed through', async () => {
    const failed = await commanded('exec', 'one/a', 'sh', '-c', 'echo out; echo err >&2; exit 7');
    expect(failed).toEqual({ status: 7, stdout: 'out\n', stderr: 'err\n' });
    expect((await commanded('node-exec', 'worker1', 'ip', '-4', '-o', 'addr', 'show', 'br-ex')).stdout).toContain(
      '192.168.7.12/24',
    );
    const unknown = await commanded('exec', 'one/x', 'true');
    expect(unknown).toEqual({
      status: 1,
      stdout: '',
      stderr: `sdn-compat: there is no running pod one/x in lab ${lab.name}; running: one/a, one/b\n`,
    });
    expect((await commanded('node-exec', 'worker7', 'true')).stderr).toContain(
      'has no node worker7; it has master0, worker0, worker1',
    );
  });

  test("the access log is in Apache's combined format", async () => {
    await lab.untilSource('one/a', '192.168.7.11');
    await commanded('exec', 'one/a', 'curl', '-s', '-A', 'agent "x"', '-e', 'http://from/', `${outside}/ip`);
    const { stdout } = await lab.command('log', '-n', '1');
    expect(stdout).toMatch(
      /^192\.168\.7\.11 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/ip HTTP\/1\.1" 200 13 "http:\/\/from\/" "agent \\"x\\""\n$/,
    );
  });

  test('a deleted pod is gone: object, network namespace, port, flows, and its processes', async () => {
    await lab.pods(['one/c', 'worker0']);
    const podIP = await lab.podIP('one/c');
    const sleeping = commanded('exec', 'one/c', 'sleep', '1000');
    await lab.must(['delete', 'pod', '-n', 'one', 'c']);
    expect((await sleeping).status).not.toBe(0);
    const flows = await commanded('node-exec', 'worker0', 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0');
    await until(
      'the flows are gone',
      async () =>
        !(
          await commanded('node-exec', 'worker0', 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0')
        ).stdout.includes(podIP),
    );
    expect(flows.status).toBe(0);
    expect((await commanded('exec', 'one/c', 'true')).status).toBe(1);
  });

  const badAddresses = ['a.b.c.d', '10.10.10.-1', '10.0.0.1/64', '10.1.1/24', 'A008696', 'fe80::5054:ff:fedd:3698', ''];
  test.each(badAddresses)('egress IP %p is refused by field and value', async (address) => {
    for (const [kind, name, label] of [
      ['netnamespace', 'one', 'NetNamespace'],
      ['hostsubnet', 'worker0.ocp4.rober.lab', 'HostSubnet'],
    ] as const) {
      const refused = await lab.kubectl([
        'patch',
        kind,
        name,
        '--type=merge',
        '-p',
        JSON.stringify({ egressIPs: [address] }),
      ]);
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain(
        `The ${label} "${name}" is invalid: egressIPs[0]: Invalid value: ${JSON.stringify(address)}: egressIPs[0] in body should match`,
      );
    }
  });

  test('the name is taken while the lab is there', async () => {
    const second = await lab.command('up');
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(`the lab name ${lab.name} is taken`);
    expect((await lab.command('status')).status).toBe(0);
  });
});

test('two labs run side by side, and one goes down without the other', async () => {
  const [first, second] = await Promise.all([TestLab.up('--nodes', '1'), TestLab.up('--nodes', '1')]);
  await first.down();
  expect(await traces(first.name)).toEqual([]);
  const status = await second.command('status');
  await second.down();
  expect(status.status).toBe(0);
  expect(await traces(second.name)).toEqual([]);
});

test('down removes all after a crash, and twice is no error', async () => {
  const lab = await TestLab.up('--nodes', '1');
  for (const name of ['apiserver', 'controller', 'kubelet', 'node-worker0', 'ovs-vswitchd-worker0'])
    process.kill(lab.pid(name), 'SIGKILL');
  const status = await lab.command('status');
  expect(status.status).toBe(1);
  expect(status.stdout).toMatch(/node-worker0 +\d+ +ended/);
  expect((await lab.command('down')).status).toBe(0);
  expect(await traces(lab.name)).toEqual([]);
  expect((await lab.command('down')).status).toBe(0);
});

test('a lab whose description is damaged or gone says so in one line, and goes down by its name', async () => {
  const lab = await TestLab.up('--nodes', '1');
  const description = `${lab.dir}/lab.json`;
  const damages: readonly (() => void)[] = [
    () => writeFileSync(description, ''),
    () => writeFileSync(description, '{"workers":1,"po'),
    () => writeFileSync(description, '[]'),
    () => rmSync(description),
  ];
  for (const damage of damages) {
    damage();
    for (const command of ['status', 'log', 'heal']) {
      const refused = await lab.command(command, ...(command === 'heal' ? ['worker0'] : []));
      expect(refused).toEqual({
        status: 1,
        stdout: '',
        stderr: `sdn-compat: the description of lab ${lab.name} (lab.json) is damaged: remove the lab with: sdn-compat lab down --name ${lab.name}\n`,
      });
    }
  }
  writeFileSync(description, '{"wor');
  writeFileSync(`${lab.dir}/run/node-worker0.json`, '{"pid":');
  const ended = await lab.command('down');
  expect(ended).toEqual({ status: 0, stdout: `lab ${lab.name} is down\n`, stderr: '' });
  expect(await traces(lab.name)).toEqual([]);
});

test('lab down also removes what a lab left whose folder is gone', async () => {
  const name = `gone${process.pid}`;
  mkdirSync('/run/sdn-compat-lab', { recursive: true });
  symlinkSync(`/nonexistent/.lab/${name}`, `/run/sdn-compat-lab/${name}`);
  expect(await run(program, ['lab', 'down', '--name', name])).toMatchObject({ status: 0 });
  expect(readdirSync('/run/sdn-compat-lab')).not.toContain(name);
});

test('lab down leaves the lab of another folder alone, and names it', async () => {
  const name = `other${process.pid}`;
  const [others, space] = [mkdtempSync(join(tmpdir(), 'sdn-compat-others-')), `sdnc.${name}.worker0`];
  mkdirSync(join(others, name));
  mkdirSync('/run/sdn-compat-lab', { recursive: true });
  symlinkSync(join(others, name), `/run/sdn-compat-lab/${name}`);
  await run('ip', ['netns', 'add', space]);
  const there = async (): Promise<boolean> => (await run('ip', ['netns', 'list'])).stdout.includes(space);
  const how = `SDN_COMPAT_LAB_DIR=${others} sdn-compat lab down --name ${name}`;
  for (const command of ['down', 'up']) {
    const refused = await run(program, ['lab', command, '--name', name]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining(how) as string });
    expect(refused.stderr.split('\n')).toHaveLength(2);
    expect(await there()).toBe(true);
    expect(existsSync(join(import.meta.dirname, '../../.lab', name))).toBe(false);
  }
  expect(await run('env', [`SDN_COMPAT_LAB_DIR=${others}`, program, 'lab', 'down', '--name', name])).toMatchObject({
    status: 0,
  });
  expect(await there()).toBe(false);
  expect(readdirSync('/run/sdn-compat-lab')).not.toContain(name);
  rmSync(others, { recursive: true });
});

describe('what cannot be is refused in one line, and leaves nothing', () => {
  const refusals: readonly (readonly [string, readonly string[], string, number])[] = [
    ['a name that is none', ['lab', 'up', '--name', 'A_b'], '"A_b" is no lab name', 1],
    ['a number that is none', ['lab', 'up', '--nodes', '0'], 'it must be a whole number from 1 to 180', 2],
    ['an unknown option', ['lab', 'up', '--frob'], "unknown option '--frob'", 2],
    ['a lab that is not there', ['lab', 'status', '--name', 'nosuch'], 'there is no lab nosuch', 1],
    ['an unknown command', ['frob'], "unknown command 'frob'", 2],
  ];
  test.each(refusals)('%s', async (_what, args, message, status) => {
    const refused = await run(program, args);
    expect(refused.stderr).toContain(message);
    expect(refused.stderr).not.toContain('    at ');
    expect(refused.status).toBe(status);
  });

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const lab = new TestLab();
    const refused = await lab.command('up', '--port', String(port));
    server.close();
    expect(refused).toEqual({
      status: 1,
      stdout: '',
      stderr: `sdn-compat: port ${port} of 127.0.0.1 is taken: choose another with --port\n`,
    });
    expect(await traces(lab.name)).toEqual([]);
  });

  test('a user who is not root', async () => {
    const refused = await run('setpriv', ['--reuid=65534', '--clear-groups', program, 'lab', 'up', '--name', 'nobody']);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toBe('sdn-compat: the lab makes network namespaces and needs root: run it with sudo\n');
  });
});

test('what `up` and `status` say to copy works as it stands: a path with a space, one worker alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdn compat '));
  const name = `t${process.pid}-space`;
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(program, join(bin, 'sdn-compat'));
  const env = { SDN_COMPAT_LAB_DIR: folder, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  try {
    const up = await must(program, ['lab', 'up', '--name', name, '--nodes', '1'], { env });
    const told = (start: string, text = up): string => text.split('\n').find((line) => line.startsWith(start)) ?? '';
    const nodes = await must('sh', ['-euc', `${told('export KUBECONFIG')}; ${told('kubectl get nodes')} -o name`]);
    expect(nodes).toContain('node/worker0');
    expect(await must('sh', ['-euc', told('sdn-compat lab node-exec')], { env })).toContain('tun0');
    const status = await must(program, ['lab', 'status', '--name', name], { env });
    expect(told('export', status)).toBe(told('export'));
  } finally {
    await must(program, ['lab', 'down', '--name', name], { env });
    rmSync(folder, { recursive: true });
  }
});
