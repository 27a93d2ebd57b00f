/** What of others is in the way on a node, and what is half installed. */
import {
  cniResults,
  type ConfigFile,
  confinementResult,
  droppingChains,
  forwardResult,
  portResult,
  switchVersionResult,
  vxlanResult,
} from '../../../src/node/admin/surroundings.ts';

test.each([
  ['ovs-vswitchd (Open vSwitch) 3.1.0', '3.1.0', false],
  ['ovs-vswitchd (Open vSwitch) 2.15.0\n', '2.15.0', false],
  ['ovs-vswitchd (Open vSwitch) 2.14.9', '2.14.9, older than 2.15, the oldest that works', true],
  ['ovs-vswitchd (Open vSwitch) 2.5.11', '2.5.11, older than 2.15, the oldest that works', true],
  ['something else', 'unknown: something else', false],
])('%j', (said, found, isBad) => {
  const result = switchVersionResult(said);
  expect([result.found, result.fix !== undefined]).toEqual([found, isBad]);
});

const at = { configs: '/etc/cni/net.d', plugins: '/opt/cni/bin' };
const list = (name: string, ...types: string[]): ConfigFile => ({
  name,
  text: JSON.stringify({ cniVersion: '1.0.0', plugins: types.map((type) => ({ type })) }),
});
const ours = list('10-sdn-compat.conflist', 'sdn-compat-cni', 'portmap');
const single = (name: string, type: string): ConfigFile => ({ name, text: JSON.stringify({ type }) });

test('our configuration is the first, with its plugins; what comes after it, or is none, does not matter', () => {
  const files = [list('87-podman.conflist', 'bridge'), { name: '00-README', text: '' }, ours];
  expect(cniResults(files, () => true, at)).toEqual([
    { what: 'CNI configuration', found: '/etc/cni/net.d/10-sdn-compat.conflist, with its plugins' },
  ]);
  expect(cniResults([], () => false, at)).toEqual([
    { what: 'CNI configuration', found: 'none of ours in /etc/cni/net.d yet' },
  ]);
});

test.each([
  [single('05-flannel.conf', 'flannel'), 'calls flannel and'],
  [list('10-calico.conflist', 'calico', 'bandwidth'), 'calls calico, bandwidth and'],
  [{ name: '00-broken.json', text: '{' }, 'cannot be read, and'],
  [{ name: '00-empty.conf', text: '{}' }, 'calls nothing and'],
])('a configuration that comes before ours is named, whether ours is there or not: %j', (other, whose) => {
  for (const files of [[other, ours], [ours, other], [other]])
    expect(cniResults(files, () => true, at)).toEqual([
      {
        what: 'CNI configuration',
        found: `/etc/cni/net.d/${other.name} ${whose} comes before 10-sdn-compat.conflist: runtimes take the first`,
        fix: 'remove it with what its plugin left on this machine',
      },
    ]);
});

test('a plugin that our configuration calls and is not there is named', () => {
  expect(cniResults([ours], (plugin) => plugin !== 'portmap', at)).toEqual([
    {
      what: 'CNI plugin portmap',
      found: 'not in /opt/cni/bin, and /etc/cni/net.d/10-sdn-compat.conflist calls it',
      fix: 'install it there',
    },
  ]);
  expect(cniResults([ours], () => false, at).map(({ what }) => what)).toEqual([
    'CNI plugin sdn-compat-cni',
    'CNI plugin portmap',
  ]);
});

test('a VXLAN device of others at our port is named, that of Open vSwitch and other ports are not', () => {
  const device = (ifname: string, port: number) => ({ ifname, linkinfo: { info_kind: 'vxlan', info_data: { port } } });
  const devices = [{}, null, device('vxlan_sys_4789', 4789), device('flannel.1', 8472)];
  expect(vxlanResult(devices, 4789)).toEqual({ what: 'VXLAN port', found: '4789' });
  expect(vxlanResult(devices, 8472)).toEqual({
    what: 'VXLAN port',
    found: 'flannel.1 uses UDP port 8472',
    fix: 'remove it (ip link delete flannel.1), or set vxlanPort of ClusterNetwork "default" to another',
  });
});

test("a socket at our port is another program's, unless it is the kernel's own", () => {
  const kernels = 'UNCONN 0 0 0.0.0.0:4789 0.0.0.0:*\n';
  expect(portResult(kernels, 4789)).toEqual({ what: 'VXLAN port', found: '4789' });
  const other = `${kernels}UNCONN 0 0 127.0.0.1:4789 0.0.0.0:* users:(("nc",pid=17,fd=3))\n`;
  expect(portResult(other, 4789)).toMatchObject({ found: 'nc (process 17) has UDP port 4789' });
});

test('a chain that drops what is forwarded must have rules for pods', () => {
  const chain = { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' };
  const others = [
    { ...chain, policy: 'accept' },
    { ...chain, hook: 'input' },
    { ...chain, family: 'ip6' },
    { ...chain, hook: undefined },
  ];
  const nftables = [{ metainfo: {} }, null, ...[...others, chain].map((one) => ({ chain: one }))];
  const [found, ...more] = droppingChains({ nftables });
  expect([found, more]).toEqual([{ family: 'ip', table: 'filter', name: 'FORWARD' }, []]);
  const networks = ['tun0', '10.254.0.0'];
  expect(forwardResult(found!, '{"right": "docker0"}', networks).fix).toContain('-i tun0 -j ACCEPT');
  expect(forwardResult(found!, '{"right": "tun0"}', networks).fix).toBeUndefined();
  expect(forwardResult(found!, '{"prefix": {"addr": "10.254.0.0", "len": 16}}', networks).fix).toBeUndefined();
  expect(droppingChains(undefined)).toEqual([]);
});

test.each([
  ['', 'confinement', false],
  ['unconfined', 'confinement', false],
  ['docker-default (enforce)', 'AppArmor', true],
  ['cri-containerd.apparmor.d (complain)', 'confinement', false],
  ['system_u:system_r:spc_t:s0', 'confinement', false],
  ['unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023', 'confinement', false],
  ['system_u:system_r:container_t:s0:c1,c2', 'SELinux', true],
])('confined by %j: %s', (context, what, isBad) => {
  const result = confinementResult(context);
  expect([result.what, result.fix !== undefined]).toEqual([what, isBad]);
});
