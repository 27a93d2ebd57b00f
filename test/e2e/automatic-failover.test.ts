import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { program, run, TestLab, until } from './lab.ts';

const domain = 'ocp4.rober.lab';

/** Replaces the lab's controller by one with these flags, in the same place. */
async function restartController(lab: TestLab, ...flags: readonly string[]): Promise<() => void> {
  process.kill(lab.pid('controller'), 'SIGTERM');
  const log = openSync(`${lab.dir}/log/controller2.log`, 'a');
  const argv = [
    'netns',
    'exec',
    `sdnc.${lab.name}.master0`,
    program,
    'controller',
    '--kubeconfig',
    `${lab.dir}/kubeconfig`,
    ...flags,
  ];
  const child = spawn('ip', argv, { stdio: ['ignore', 'ignore', log] });
  await until('the new controller works', () => lab.log('controller2').includes('controllers started'));
  return () => child.kill('SIGTERM');
}

const hosts = async (lab: TestLab, ip: string): Promise<readonly string[]> => {
  const { items } = JSON.parse(await lab.must(['get', 'hostsubnet', '-o', 'json'])) as {
    items: { metadata: { name: string }; egressIPs?: string[] }[];
  };
  return items
    .filter(({ egressIPs }) => egressIPs?.includes(ip) === true)
    .map(({ metadata }) => metadata.name.replace(`.${domain}`, ''));
};

async function cut(lab: TestLab, node: string, state: 'up' | 'down'): Promise<void> {
  await run('ip', ['-n', `sdnc.${lab.name}.net`, 'link', 'set', node, state]);
}

test.each([
  ['with defaults', [], 4],
  ['with --probe-interval 500ms', ['--probe-interval', '500ms'], 2],
] as const)('%s an egress IP leaves a dead node in time, and packets follow it', async (_what, flags, seconds) => {
  const lab = await TestLab.up('--nodes', '3');
  const stop = await restartController(lab, ...flags);
  try {
    for (const worker of ['worker0', 'worker1'])
      await lab.patch('hostsubnet', worker, { egressCIDRs: ['192.168.7.0/24'] });
    await lab.namespace('one');
    await lab.pods(['one/a', 'worker2']);
    await lab.patch('netnamespace', 'one', { egressIPs: ['192.168.7.200'] });
    await lab.untilSource('one/a', '192.168.7.200');
    const [first = ''] = await hosts(lab, '192.168.7.200');
    const other = first === 'worker0' ? 'worker1' : 'worker0';
    const began = performance.now();
    await cut(lab, first, 'down');
    await until('the IP is on the other node', async () => (await hosts(lab, '192.168.7.200')).join() === other);
    const moved = (performance.now() - began) / 1000;
    await lab.untilSource('one/a', '192.168.7.200');
    const packets = (performance.now() - began) / 1000;
    process.stdout.write(
      `failover ${flags.join(' ')}: HostSubnet after ${moved.toFixed(2)} s, packets after ${packets.toFixed(2)} s\n`,
    );
    expect(moved).toBeLessThan(seconds);
    expect(packets).toBeLessThan(seconds);
    await cut(lab, first, 'up');
    await until(
      'the node is used again',
      () => lab.log('controller2').includes(`"node":"${first}.${domain}","verdict":"online"`),
      10,
    );
    expect(await lab.source('one/a', 2)).toBe('192.168.7.200');
  } finally {
    stop();
    await lab.down();
  }
});

test('nobody moves when the controller itself is cut off, on a node for egress IPs too, nor when it is back', async () => {
  const lab = await TestLab.up('--nodes', '2');
  try {
    await lab.patch('hostsubnet', 'worker0', { egressCIDRs: ['192.168.7.0/24'] });
    await lab.namespace('one');
    await lab.pods(['one/a', 'worker0']);
    await lab.patch('netnamespace', 'one', { egressIPs: ['192.168.7.200'] });
    await lab.untilSource('one/a', '192.168.7.200');
    for (const node of ['worker1', 'master0']) await lab.patch('hostsubnet', node, { egressCIDRs: ['192.168.7.0/24'] });
    await until('all are watched', () =>
      ['worker0', 'worker1', 'master0'].every((node) =>
        lab.log('controller').includes(`"node":"${node}.${domain}","verdict":"online"`),
      ),
    );
    // a node that is still starting may have been called offline before
    const before = lab.log('controller').length;
    const since = (): string => lab.log('controller').slice(before);
    await cut(lab, 'master0', 'down');
    await until(
      'it says so',
      async () =>
        (await lab.kubectl(['get', 'events', '-o', 'jsonpath={.items[*].reason}'])).stdout.includes('ControllerCutOff'),
      10,
    );
    await new Promise((resolve) => setTimeout(resolve, 14_000)); // long enough for neighbors to be forgotten
    expect(await hosts(lab, '192.168.7.200')).toEqual(['worker0']);
    await cut(lab, 'master0', 'up');
    await until('it reaches nodes again', () => since().includes('nodes can be reached again'), 10);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(since()).not.toContain('"verdict":"offline"');
    expect(await hosts(lab, '192.168.7.200')).toEqual(['worker0']);
    expect(await lab.source('one/a', 2)).toBe('192.168.7.200');
  } finally {
    await lab.down();
  }
});
