/**
 * Tests of Services through a service proxy on every node, whose rules have one form or the other: which address the
 * receiver sees, for each way to an endpoint. What leaves the cluster by a Service obeys the first law like anything else.
 */
import { type ChildProcess } from 'node:child_process';
import type { ProxyForm } from '../../src/lab/proxy-forms.ts';
import { namespaceOf, pace, run, TestLab, until } from './lab.ts';
import { script } from './packets.ts';

const [master, node0, node1] = ['192.168.7.10', '192.168.7.11', '192.168.7.12'];
const [egressIP, nobodys, outsideHost] = ['192.168.7.201', '192.168.7.202', '10.1.8.72'];
const [gateway0, gateway1] = ['10.254.1.1', '10.254.2.1'];

/** The Services of the tests, each with a cluster address of its own. */
const addresses = {
  pod0: '172.30.0.10',
  pod1: '172.30.0.11',
  both: '172.30.0.12',
  node: '172.30.0.13',
  outside: '172.30.0.14',
  local: '172.30.0.15',
  sticky: '172.30.0.16',
  nobody: '172.30.0.17',
  relayed: '172.30.0.18',
} as const;
type Name = keyof typeof addresses;
const nodePorts: Readonly<Partial<Record<Name, number>>> = {
  pod1: 30011,
  outside: 30014,
  local: 30015,
  nobody: 30017,
  relayed: 30018,
};

let lab: TestLab;
const servers: ChildProcess[] = [];

const service = (name: Name, spec: object): object => {
  const nodePort = nodePorts[name];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'back' },
    spec: {
      clusterIP: addresses[name],
      type: nodePort === undefined ? 'ClusterIP' : 'NodePort',
      ports: [
        { name: 'web', port: 80, targetPort: 8080, ...(nodePort === undefined ? {} : { nodePort }) },
        { name: 'echo', port: 80, targetPort: 8080, protocol: 'UDP', ...(nodePort === undefined ? {} : { nodePort }) },
      ],
      ...spec,
    },
  };
};

/** An EndpointSlice as a user writes it for what is no pod. */
const slice = (name: Name, address: string, port = 8088): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-own`, namespace: 'back', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [
    { name: 'web', port, protocol: 'TCP' },
    { name: 'echo', port, protocol: 'UDP' },
  ],
  endpoints: [{ addresses: [address] }],
});

/** Answers each request and each datagram with the address it came from and the name of the one who answers. */
const server = (name: string, port: number): string => `
  const [http, dgram] = [require('http'), require('dgram')];
  http.createServer((q, r) => r.end(q.socket.remoteAddress.replace('::ffff:', '') + (q.url === '/who' ? ' at ${name}' : ''))).listen(${port});
  const u = dgram.createSocket('udp4');
  u.on('message', (m, from) => u.send(from.address, from.port, from.address)).bind(${port}, () => console.log('ready'));
`;

/** Sends one datagram and prints the answer. */
const datagram = (ip: string, port: number): string => `
  const u = require('dgram').createSocket('udp4');
  setTimeout(() => process.exit(0), ${700 * pace});
  u.on('message', (m) => { console.log(m.toString()); process.exit(0); }).send('?', ${port}, '${ip}');
`;

async function serve(netns: string, name: string, port: number): Promise<void> {
  const child = script(netns, server(name, port));
  servers.push(child);
  await new Promise((resolve) => child.stdout!.once('data', resolve));
}

const netnsOf = (place: string): string =>
  place.includes('/') ? namespaceOf(lab, place) : `sdnc.${lab.name}.${place}`;

async function get(place: string, url: string): Promise<string> {
  const argv = ['netns', 'exec', netnsOf(place), 'curl', '-s', '--max-time', String(0.8 * pace), `http://${url}`];
  return (await run('ip', argv)).stdout.trim();
}

/** The source that the receiver sees, by TCP and by UDP; '-' if nothing is answered. */
async function seen(place: string, ip: string, port: number): Promise<string> {
  const udp = run('ip', ['netns', 'exec', netnsOf(place), process.execPath, '-e', datagram(ip, port)]);
  const [tcp, echoed] = [(await get(place, `${ip}:${port}`)) || '-', (await udp).stdout.trim() || '-'];
  return tcp === echoed ? tcp : `TCP ${tcp}, UDP ${echoed}`;
}

const pods = ['plain/w0', 'plain/w1', 'red/w0', 'red/w1', 'shut/w0'] as const;

/** What each place sees of one target. */
async function table(places: readonly string[], ip: string, port = 80): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(places.map(async (place) => [place, await seen(place, ip, port)] as const)),
  );
}

/** The packets that reached the router's wire to the nodes for the outside host, by source. */
const watch = `table ip watch {
  set sources { type ipv4_addr . ipv4_addr; flags dynamic; size 65535; }
  chain arriving { type filter hook prerouting priority raw
    iifname "lan0" add @sources { ip saddr . ip daddr }
  }
}
`;

const podIPs: Record<string, string> = {};

/** How a node shows the cluster addresses that refuse TCP, as the Services there have no endpoint. */
const refusals: Readonly<Record<ProxyForm, { readonly argv: readonly string[]; readonly address: RegExp }>> = {
  nftables: {
    argv: ['nft', 'list', 'map', 'ip', 'lab_services', 'no-endpoint-services'],
    address: /([\d.]+) \. tcp \./g,
  },
  iptables: {
    argv: ['iptables-nft', '-t', 'filter', '-S', 'KUBE-SERVICES'],
    address: /-d ([\d.]+)\/32 -p tcp .*-j REJECT/g,
  },
};

/** Declares the tests for a form of the rules. */
export function testServices(form: ProxyForm): void {
  const refusedAddresses = async (node: string): Promise<string[]> => {
    const { argv, address } = refusals[form];
    return [...(await lab.node(node, ...argv)).stdout.matchAll(address)].map((match) => match[1]!);
  };

  beforeAll(async () => {
    lab = await TestLab.up('--nodes', '2', '--services', form);
    await Promise.all(['plain', 'red', 'shut', 'back'].map((name) => lab.namespace(name)));
    await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
    await lab.patch('netnamespace', 'shut', { egressIPs: [nobodys] });
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [egressIP] });
    await lab.pods(
      ...pods.map((pod) => [pod, `worker${pod.at(-1)!}`] as const),
      ['back/w0', 'worker0'],
      ['back/w1', 'worker1'],
    );
    for (const pod of [...pods, 'back/w0', 'back/w1']) podIPs[pod] = await lab.podIP(pod);
    for (const name of ['w0', 'w1']) await lab.must(['label', 'pod', '-n', 'back', name, 'app=back', `at=${name}`]);
    const items = [
      service('pod0', { selector: { at: 'w0' } }),
      service('pod1', { selector: { at: 'w1' } }),
      service('both', { selector: { app: 'back' } }),
      service('node', {}),
      slice('node', node1),
      service('outside', {}),
      slice('outside', outsideHost),
      service('relayed', {}),
      slice('relayed', node1, nodePorts.outside),
      service('local', { selector: { at: 'w1' }, externalTrafficPolicy: 'Local' }),
      service('sticky', { selector: { app: 'back' }, sessionAffinity: 'ClientIP' }),
      service('nobody', { selector: { app: 'nobody' } }),
    ];
    await lab.must(['create', '-f', '-'], items.map((item) => JSON.stringify(item)).join('\n'));
    await lab.pipe('router', watch);
    await Promise.all([
      serve(netnsOf('back/w0'), 'w0', 8080),
      serve(netnsOf('back/w1'), 'w1', 8080),
      serve(netnsOf('worker1'), 'node', 8088),
      serve(netnsOf('outside'), 'outside', 8088),
    ]);
    await lab.untilSource('red/w0', egressIP);
    await lab.untilSource('red/w1', egressIP);
    await until(
      'Services lead to all endpoints',
      async () =>
        (await Promise.all(Object.values(addresses).map((ip) => get('plain/w0', ip)))).filter(Boolean).length === 8,
    );
  });
  afterAll(async () => {
    for (const child of servers) child.kill('SIGKILL');
    await lab.down();
  });

  /** Pods, nodes, and the endpoints themselves. */
  const everybody = [...pods, 'worker0', 'worker1', 'back/w0', 'back/w1'] as const;

  /** How many ICMP redirects a node has sent: each takes one of the errors that the kernel grants a pod. */
  async function redirects(worker: string): Promise<number> {
    const [names = '', values = ''] = (await lab.node(worker, 'grep', '^Icmp:', '/proc/net/snmp')).stdout.split('\n');
    return Number(values.split(' ')[names.split(' ').indexOf('OutRedirects')]);
  }

  describe('a cluster address', () => {
    test('of pods: they see the pod; nodes, and a pod that reaches itself, come as the gateway', async () => {
      const seenBy = async (name: Name) => table(everybody, addresses[name]);
      const fromPods = Object.fromEntries(pods.map((pod) => [pod, podIPs[pod]]));
      expect(await seenBy('pod0')).toEqual({
        ...fromPods,
        worker0: gateway0,
        worker1: gateway1,
        'back/w0': gateway0,
        'back/w1': podIPs['back/w1'],
      });
      expect(await seenBy('pod1')).toEqual({
        ...fromPods,
        worker0: gateway0,
        worker1: gateway1,
        'back/w0': podIPs['back/w0'],
        'back/w1': gateway1,
      });
    });

    test('of a node: it sees the node of the pod, of the namespace with an egress IP too', async () => {
      expect(await table(everybody, addresses.node)).toEqual({
        'plain/w0': node0,
        'red/w0': node0,
        'shut/w0': node0,
        'back/w0': node0,
        worker0: node0,
        // what does not leave the node keeps its address
        'plain/w1': podIPs['plain/w1'],
        'red/w1': podIPs['red/w1'],
        'back/w1': podIPs['back/w1'],
        worker1: gateway1,
      });
    });

    test('of an endpoint outside: a namespace that asks for an egress IP never leaves as a node', async () => {
      expect(await table(everybody, addresses.outside)).toEqual({
        'plain/w0': node0,
        'plain/w1': node1,
        'back/w0': node0,
        'back/w1': node1,
        worker0: node0,
        worker1: node1,
        'red/w0': '-',
        'red/w1': '-',
        'shut/w0': '-',
      });
    });

    test('of a node port that leads outside: no node sends it on for a namespace that asks for an egress IP', async () => {
      const places = ['plain/w0', 'red/w0', 'shut/w0', 'worker0'] as const;
      const byNodePort = { 'plain/w0': node1, 'red/w0': '-', 'shut/w0': '-', worker0: node1 };
      expect(await table(places, addresses.relayed)).toEqual(byNodePort);
      // from one node port to the other
      expect(await table(places, node0, nodePorts.relayed)).toEqual(byNodePort);
      expect(await table(places, master, nodePorts.relayed)).toEqual(byNodePort);
    });

    const refused = 7; // curl: connection refused
    const refusal = async (place: string): Promise<number> =>
      (
        await run('ip', [
          'netns',
          'exec',
          netnsOf(place),
          'curl',
          '-s',
          '--max-time',
          '5',
          `http://${addresses.nobody}`,
        ])
      ).status;

    test('without endpoints: it refuses nodes and pods at once', async () => {
      const workers = ['worker0', 'worker1'];
      const before = await Promise.all(workers.map(redirects));
      const all = await Promise.all(['worker0', 'plain/w0', 'red/w1', 'shut/w0'].map(refusal));
      expect(all).toEqual([refused, refused, refused, refused]);
      expect(await Promise.all(workers.map(redirects))).toEqual(before);
    });
  });

  describe('a node port', () => {
    const places = [...pods, 'worker0', 'worker1', 'outside'] as const;
    const reached = (node: string, name: Name) => table(places, node, nodePorts[name]);

    test('of a pod: it sees the gateway of the node that was asked', async () => {
      const all = (gateway: string) => ({
        ...Object.fromEntries(places.map((place) => [place, gateway])),
        'shut/w0': '-',
      });
      expect(await reached(node0, 'pod1')).toEqual(all(gateway0));
      expect(await reached(node1, 'pod1')).toEqual(all(gateway1));
    });

    test('with externalTrafficPolicy Local: the pod sees who asks, and only its node answers the outside', async () => {
      expect(await reached(node1, 'local')).toEqual({
        outside: outsideHost,
        worker0: node0,
        worker1: gateway1,
        'plain/w0': node0,
        'plain/w1': podIPs['plain/w1'],
        'red/w0': gateway1,
        'red/w1': gateway1,
        'shut/w0': '-',
      });
      expect(await reached(node0, 'local')).toEqual({
        outside: '-',
        // the node and its pods reach every endpoint
        worker0: gateway0,
        'plain/w0': podIPs['plain/w0'],
        worker1: '-',
        'plain/w1': '-',
        'red/w0': '-',
        'red/w1': '-',
        'shut/w0': '-',
      });
    });

    test('of an endpoint outside: no node lends its address to a namespace with an egress IP', async () => {
      const all = (node: string) => ({
        ...Object.fromEntries(places.map((place) => [place, node])),
        'red/w0': '-',
        'red/w1': '-',
        'shut/w0': '-',
      });
      expect(await reached(node0, 'outside')).toEqual(all(node0));
      expect(await reached(node1, 'outside')).toEqual(all(node1));
      // a node without pods
      expect(await reached(master, 'outside')).toEqual(all(master));
    });

    test('leads to pods of a namespace with an egress IP, and their answers leave as the node', async () => {
      await serve(netnsOf('red/w0'), 'red', 8080);
      await lab.must(['label', 'pod', '-n', 'red', 'w0', 'app=red']);
      const spec = { type: 'NodePort', selector: { app: 'red' } };
      const ports = [{ name: 'echo', port: 80, targetPort: 8080, protocol: 'UDP', nodePort: 30020 }];
      const asked = (name: string, more: object): object => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: 'red' },
        spec: { ...spec, ...more },
      });
      const local = { port: 80, targetPort: 8080, nodePort: 30019, name: 'web' };
      const items = [
        asked('any', { ports: [...ports, { ...local, nodePort: 30020 }] }),
        asked('here', { externalTrafficPolicy: 'Local', ports: [{ ...ports[0], nodePort: 30019 }, local] }),
      ];
      await lab.must(['create', '-f', '-'], items.map((item) => JSON.stringify(item)).join('\n'));
      await until('the Service leads to the pod', async () => (await get('outside', `${node0}:30019`)) !== '');
      expect(await seen('outside', node0, 30020)).toBe(gateway0);
      expect(await seen('outside', node1, 30020)).toBe(gateway1);
      expect(await seen('outside', node0, 30019)).toBe(outsideHost);
      expect(await seen('outside', node1, 30019)).toBe('-');
      // as anybody outside: another node hosts the egress IP
      expect(await seen('red/w1', node0, 30019)).toBe(egressIP);
      expect(await seen('red/w0', node0, 30019)).toBe(egressIP);
    });

    test('is not at an egress IP', async () => {
      expect(await table(['outside', 'worker0', 'plain/w0'], egressIP, nodePorts.pod1)).toEqual({
        outside: '-',
        worker0: '-',
        'plain/w0': '-',
      });
    });
  });

  describe('which endpoint', () => {
    const who = async (place: string, name: Name): Promise<string> =>
      (await get(place, `${addresses[name]}/who`)).split(' at ')[1] ?? '-';
    const asked = async (place: string, name: Name, times: number): Promise<string[]> => {
      const answers: string[] = [];
      for (let time = 0; time < times; time += 1) answers.push(await who(place, name));
      return [...new Set(answers)].sort();
    };

    test('every one is drawn', async () => {
      expect(await asked('plain/w0', 'both', 40)).toEqual(['w0', 'w1']);
      expect(await asked('worker0', 'both', 40)).toEqual(['w0', 'w1']);
    });

    test('with sessionAffinity ClientIP a client keeps its own, also while Services change, until that is gone', async () => {
      const [first = ''] = await asked('plain/w0', 'sticky', 15);
      expect(await asked('plain/w0', 'sticky', 15)).toEqual([first]);
      await lab.must(
        ['create', '-f', '-'],
        JSON.stringify(service('both', { clusterIP: '', selector: {} })).replace('"both"', '"later"'),
      );
      await until('the later Service is there', async () => (await refusedAddresses('worker0')).length > 1);
      expect(await asked('plain/w0', 'sticky', 15)).toEqual([first]);
      await lab.must(['label', 'pod', '-n', 'back', first, 'app-']);
      const other = first === 'w0' ? 'w1' : 'w0';
      await until('the other answers', async () => (await who('plain/w0', 'sticky')) === other);
      expect(await asked('plain/w0', 'sticky', 10)).toEqual([other]);
      await lab.must(['label', 'pod', '-n', 'back', first, 'app=back']);
    });

    test('a deleted pod is one no more, and a deleted Service answers no more', async () => {
      await lab.must(['delete', 'service', '-n', 'back', 'both']);
      await until('its address is nobody', async () => (await get('plain/w0', addresses.both)) === '');
      await until(
        'its EndpointSlices are gone',
        async () => !(await lab.must(['get', 'endpointslices', '-n', 'back', '-o', 'name'])).includes('/both-'),
      );
      await lab.must(['delete', 'pod', '-n', 'back', 'w0']);
      await until('the address of its Service refuses', async () =>
        (await refusedAddresses('worker1')).includes(addresses.pod0),
      );
    });
  });

  test('nothing but nodes and the egress IP was ever seen outside', async () => {
    const { stdout } = await lab.inside('router', 'nft', 'list', 'set', 'ip', 'watch', 'sources');
    const found = [...stdout.matchAll(/([\d.]+) \. 10\.1\.8\.72/g)].map((match) => match[1]!).sort();
    expect(found).toEqual([master, node0, node1, egressIP]);
  });
}
