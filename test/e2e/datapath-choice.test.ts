/** Which datapath the agents and the lab choose on this machine's kernel. */
import { run, TestLab } from './lab.ts';

const hasKernels = async (): Promise<boolean> =>
  (await run('genl', ['ctrl', 'get', 'name', 'ovs_datapath'])).status === 0;

let lab: TestLab;
afterEach(() => lab.down());

test("--datapath auto takes the kernel's datapath if there is one, says why, and packets leave", async () => {
  const [kind, why] = (await hasKernels())
    ? ['system', 'the kernel has it']
    : ['netdev', 'the kernel has no netlink family ovs_datapath'];
  lab = await TestLab.up('--nodes', '1', '--datapath', 'auto');
  expect(lab.log('node-worker0')).toContain(`"datapath":"${kind}","why":"${why}","msg":"the datapath of br0"`);
  const shown = (await lab.node('worker0', 'ovs-appctl', 'dpif/show')).stdout;
  expect(shown.match(/^\w+@/gm)).toEqual([`${kind}@`]);
  await lab.namespace('red');
  await lab.pods(['red/a', 'worker0']);
  await lab.untilSource('red/a', '192.168.7.11');
});

test('--datapath system is refused where the kernel has none, in one line that says what to do', async () => {
  lab = new TestLab();
  const up = await lab.command('up', '--nodes', '1', '--datapath', 'system');
  if (await hasKernels()) expect(up.stderr).toBe('');
  else
    expect(up.stderr).toBe(
      "sdn-compat: this kernel lacks Open vSwitch's datapath (no netlink family ovs_datapath): load the module openvswitch, or use --datapath netdev\n",
    );
  expect(up.status === 0).toBe(await hasKernels());
});
