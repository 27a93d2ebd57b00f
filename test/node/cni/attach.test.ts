/** A pod's link, as the commands that make it. */
import type { Exec, RunResult } from '../../../src/io/programs/exec.ts';
import { linkedPods, makeLink, readLinks, removeLink } from '../../../src/node/cni/attach.ts';
import { cidr, ip, nodeInput } from '../states.ts';

const { facts, networks } = nodeInput({ datapath: 'system' });
const request = {
  sandbox: 's1',
  network: 'net',
  namespace: 'red',
  uid: '1f-2',
  netns: '/run/netns/p1',
  device: 'eth0',
  ip: ip('10.254.0.2'),
  mtu: 1450,
  host: 'veth0123456789',
};

interface World {
  readonly run: Exec;
  /** What was run, with each line of a batch. */
  readonly ran: string[];
}
function world(answer: Partial<RunResult> = {}): World {
  const ran: string[] = [];
  return {
    ran,
    run: (program, args, options = {}) => {
      const command = [program, ...args].join(' ');
      ran.push(
        command,
        ...(options.input ?? '')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => `  ${line}`),
      );
      return Promise.resolve({ status: 0, stdout: '', stderr: '', ...answer });
    },
  };
}

it('makes the pair with the address inside the pod, and says on it whose it is', async () => {
  const { run, ran } = world();
  const two = { ...networks, cluster: [cidr('10.254.0.0/16'), cidr('10.250.0.0/16')] };
  await makeLink(run, facts, two, request);
  expect(ran).toEqual([
    'ip -batch -',
    '  link add veth0123456789 mtu 1450 type veth peer name eth0 address 0a:58:0a:fe:00:02 mtu 1450 netns /run/netns/p1',
    '  link set dev veth0123456789 alias "sdn-compat s1 10.254.0.2 red net 1f-2"',
    '  link set dev veth0123456789 group 157 up',
    'nsenter --net=/run/netns/p1 -- ip -batch -',
    '  link set dev lo up',
    '  addr add 10.254.0.2/24 brd + dev eth0',
    '  link set dev eth0 up',
    '  route replace 10.254.0.0/16 dev eth0',
    '  route replace 10.250.0.0/16 dev eth0',
    '  route replace default via 10.254.0.1 dev eth0',
  ]);
});

it('stops at the first command that fails', async () => {
  const { run, ran } = world({ status: 2, stderr: 'Cannot find netns' });
  await expect(makeLink(run, facts, networks, request)).rejects.toThrow(
    'ip -batch -: exit status 2: Cannot find netns',
  );
  expect(ran).not.toContain('nsenter --net=/run/netns/p1 -- ip -batch -');
});

it('does not remove what is not there', async () => {
  const { run, ran } = world();
  await removeLink(run, 'veth0123456789');
  expect(ran).toEqual([]);
});

it('removes a link that is there', async () => {
  const { run, ran } = world();
  await removeLink(run, 'lo');
  expect(ran).toEqual(['ip link del dev lo']);
});

it('knows its pods by what it said on their links, and nobody else', async () => {
  const stdout = JSON.stringify([
    { ifname: 'lo' },
    { ifname: 'veth1', ifalias: 'sdn-compat s1 10.254.0.2 red net 1f-2' },
    { ifname: 'veth2', ifalias: 'somebody s2 10.254.0.3 red' },
    { ifname: 'veth3', ifalias: 'sdn-compat s3 nonsense red' },
    { ifname: 'veth4', ifalias: 'sdn-compat s4 10.254.0.4' },
    { ifname: 'veth5', ifalias: 'sdn-compat s5 10.254.0.5 red  1f-5' },
  ]);
  const { devices, pods } = await readLinks(world({ stdout }).run);
  expect([...devices]).toEqual(['lo', 'veth1', 'veth2', 'veth3', 'veth4', 'veth5']);
  expect(pods).toEqual([
    { device: 'veth1', sandbox: 's1', network: 'net', namespace: 'red', name: '', uid: '1f-2', ip: '10.254.0.2' },
    { device: 'veth4', sandbox: 's4', network: '', namespace: '', name: '', uid: '', ip: '10.254.0.4' },
    { device: 'veth5', sandbox: 's5', network: '', namespace: 'red', name: '', uid: '1f-5', ip: '10.254.0.5' },
  ]);
  expect(await linkedPods(world({ stdout }).run)).toEqual(pods);
});

it('fails where the links cannot be read', async () => {
  await expect(readLinks(world({ status: 1 }).run)).rejects.toThrow('ip -j link show: exit status 1');
});
