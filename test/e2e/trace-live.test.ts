/** `trace --live`: nodes as they are, held against what the objects say, and nodes on which somebody changed something. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LiveCheck } from '../../src/node/admin/live-trace.ts';
import { datapath, program, type Ran, TestLab, until } from './lab.ts';

let lab: TestLab;
let folder: string;
const first = '192.168.7.210';
const second = '192.168.7.211';
const outside = '10.1.8.72';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-live-'));
  lab = await TestLab.up('--nodes', '2');
  for (const name of ['shop', 'none']) await lab.namespace(name);
  await lab.pods(['shop/w0', 'worker0'], ['shop/w1', 'worker1'], ['none/w0', 'worker0']);
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [first] });
  await lab.patch('netnamespace', 'shop', { egressIPs: [first] });
  await lab.patch('netnamespace', 'none', { egressIPs: ['192.168.7.77'] });
  await lab.untilSource('shop/w0', first);
});
afterAll(async () => {
  await lab.down();
  await rm(folder, { recursive: true });
});

const kinds = 'netnamespaces,hostsubnets,clusternetworks,namespaces,pods,services,endpointslices';

/** Runs it on a worker, with the objects as they are now. */
async function live(worker: string, pod: string, to: string, ...args: readonly string[]): Promise<Ran> {
  const file = join(folder, 'objects.yaml');
  await writeFile(file, await lab.must(['get', kinds, '-A', '-o', 'yaml']));
  const node = ['--node-name', `${worker}.ocp4.rober.lab`, '--ovs-run-dir', `${lab.dir}/ovs/${worker}`];
  return lab.node(worker, program, 'trace', pod, to, '-f', file, '--live', ...node, ...args);
}

async function checks(worker: string, pod: string, to: string): Promise<readonly [status: number, ...string[]]> {
  const { status, stdout, stderr } = await live(worker, pod, to, '-o', 'json');
  if (stdout === '') throw new Error(stderr);
  const traced = JSON.parse(stdout) as { live: { checks: LiveCheck[] } };
  return [status, ...traced.live.checks.map(({ what, state }) => `${what} ${state}`)];
}

const planned = ['flows as planned', 'nft as planned', 'addresses as planned', 'connections as planned'];

describe('on nodes that are as planned', () => {
  test.each([
    ['the node of the pod', 'worker0', 'shop/w0', outside],
    ['the node that has the egress IP', 'worker1', 'shop/w0', outside],
    ['the node that has both', 'worker1', 'shop/w1', `${outside}:443`],
    ['a node that the way does not go by', 'master0', 'shop/w0', outside],
    ['a pod of another node', 'worker0', 'shop/w0', 'shop/w1:8080'],
    ['where that pod is', 'worker1', 'shop/w0', 'shop/w1:8080/udp'],
  ])('%s says so', async (_what, worker, pod, to) => {
    expect(await checks(worker, pod, to)).toEqual([0, ...planned]);
  });

  test('what is dropped is dropped there too', async () => {
    expect(await checks('worker0', 'none/w0', outside)).toEqual([1, ...planned]);
  });

  test('each of several egress IPs is as planned, whichever a connection takes', async () => {
    await lab.patch('hostsubnet', 'master0', { egressIPs: [second] });
    await lab.patch('netnamespace', 'shop', { egressIPs: [first, second] });
    try {
      await until('both are used', async () => {
        const seen = await live('worker0', 'shop/w0', outside);
        return (
          seen.status === 0 && /it leaves by vxlan0 to 192\.168\.7\.\d+, or it leaves by vxlan0 to/.test(seen.stdout)
        );
      });
    } finally {
      await lab.patch('netnamespace', 'shop', { egressIPs: [first] });
      await lab.patch('hostsubnet', 'master0', { egressIPs: [] });
    }
    await until('one again', async () => (await checks('worker0', 'shop/w0', outside))[0] === 0);
  });
});

describe('where somebody changed the node and no agent is there', () => {
  const ofctl = (worker: string, ...args: readonly string[]): Promise<Ran> =>
    lab.node(worker, 'env', `OVS_RUNDIR=${lab.dir}/ovs/${worker}`, 'ovs-ofctl', '-O', 'OpenFlow13', ...args);

  beforeAll(async () => {
    await until('all is well', async () => (await checks('worker1', 'shop/w0', outside))[0] === 0);
    for (const worker of ['worker0', 'worker1']) await lab.command('kill', 'agent', worker);
  });
  afterAll(async () => {
    for (const worker of ['worker0', 'worker1']) await lab.command('start', 'agent', worker);
    await until('all is well again', async () => (await checks('worker0', 'shop/w0', outside))[0] === 0, 60);
  });

  test('a flow of somebody else, and one that is gone', async () => {
    await ofctl('worker0', 'add-flow', 'br0', 'table=101,priority=200,ip,actions=output:2');
    const changed = await live('worker0', 'shop/w0', outside);
    expect(changed.status).toBe(3);
    expect(changed.stdout).toMatch(
      /flows +DIFFERS +by the plan it takes the flow of priority 100 in table 101, on br0 the flow of priority 200 in table 101/,
    );
    await ofctl('worker0', '--strict', 'del-flows', 'br0', 'table=101,priority=200,ip');
    await ofctl('worker1', 'del-flows', 'br0', 'table=10');
    const gone = await live('worker1', 'shop/w0', outside);
    expect([gone.status, gone.stdout]).toEqual([
      3,
      expect.stringMatching(/flows +DIFFERS +by the plan.*table 10, on br0 no/),
    ]);
  });

  test('a flow that leads elsewhere with the same priority', async () => {
    await ofctl(
      'worker0',
      'mod-flows',
      'br0',
      'table=101,ip,reg0=0x' + (await lab.netid('shop')).toString(16) + ',actions=output:2',
    );
    const { status, stdout } = await live('worker0', 'shop/w0', outside);
    expect(status).toBe(3);
    expect(stdout).toMatch(
      /flows +DIFFERS +by the plan it leaves by vxlan0 to 192\.168\.7\.12, on br0 it leaves by tun0/,
    );
  });

  test('a flow that gives the packet the mark or the VNID of another namespace', async () => {
    const shop = `reg0=0x${(await lab.netid('shop')).toString(16)}`;
    const other = await lab.netid('none');
    const mac = `0a:fe:${other.toString(16).padStart(2, '0')}:00:00:00`;
    const mark = datapath === 'netdev' ? `set_field:${mac}->eth_src` : `set_field:${other}->pkt_mark`;
    await ofctl('worker1', 'mod-flows', 'br0', `table=101,ip,${shop},actions=${mark},output:2`);
    const marked = await live('worker1', 'shop/w1', outside);
    expect([marked.status, marked.stdout]).toEqual([3, expect.stringMatching(/flows +DIFFERS .* with mark 0x/)]);
    const tunnel = `set_field:${other}->tun_id,set_field:192.168.7.12->tun_dst,output:1`;
    await ofctl('worker0', 'mod-flows', 'br0', `table=101,ip,${shop},actions=${tunnel}`);
    const sent = await live('worker0', 'shop/w0', outside);
    expect([sent.status, sent.stdout]).toEqual([3, expect.stringMatching(/flows +DIFFERS .* with VNID 0x/)]);
  });

  test('chains of nft that somebody changed', async () => {
    await lab.node('worker1', 'nft', 'flush', 'chain', 'ip', 'sdn_compat', 'leaving');
    const { status, stdout } = await live('worker1', 'shop/w1', outside);
    expect([status, stdout]).toEqual([3, expect.stringMatching(/nft +DIFFERS +somebody changed our chains/)]);
  });

  test('an element of nft that is gone', async () => {
    await lab.node('worker1', 'nft', 'flush', 'map', 'ip', 'sdn_compat', 'egress_snat');
    const { status, stdout } = await live('worker1', 'shop/w0', outside);
    expect([status, stdout]).toEqual([3, expect.stringMatching(/nft +DIFFERS +.*egress_snat.*192\.168\.7\.210/)]);
  });

  test('an address that is not there, and one that should not be', async () => {
    await lab.node('worker1', 'ip', 'address', 'del', `${first}/24`, 'dev', 'br-ex');
    expect((await live('worker1', 'shop/w0', outside)).stdout).toMatch(
      /addresses +DIFFERS +192\.168\.7\.210 is not on/,
    );
    await lab.node('worker0', 'ip', 'address', 'add', `${first}/24`, 'dev', 'br-ex');
    expect((await live('worker0', 'shop/w0', outside)).stdout).toMatch(/addresses +DIFFERS +.* and should not be/);
    await lab.node('worker0', 'ip', 'address', 'del', `${first}/24`, 'dev', 'br-ex');
  });

  test('what cannot be read is not taken for well', async () => {
    await lab.node('worker1', 'nft', 'delete', 'table', 'ip', 'sdn_compat');
    expect((await checks('worker1', 'shop/w0', outside))[2]).toBe('nft unknown');
    await lab.command('kill', 'ovs', 'worker0');
    try {
      const [status, flows] = await checks('worker0', 'shop/w0', outside);
      expect([status, flows]).toEqual([2, 'flows unknown']);
    } finally {
      await lab.command('start', 'ovs', 'worker0');
    }
  });
});

test('mistakes are one line', async () => {
  for (const [args, text] of [
    [['--reply'], 'leave out --reply'],
    [['--from-node', 'worker1.ocp4.rober.lab'], 'leave out --from-node'],
    [['--node-name', 'nobody'], 'there is no valid HostSubnet nobody'],
  ] as const) {
    const { status, stderr } = await live('worker0', 'shop/w0', outside, ...args);
    expect([status, stderr.trim().split('\n')]).toEqual([2, [expect.stringContaining(text)]]);
  }
});
