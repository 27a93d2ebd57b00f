/**
 * Finer rules with real packets, held against the function that says which address each of them leaves with: whatever
 * the annotations and the state are, and for connections that are there when they change.
 */
import { choiceFor, rulesForPod } from '../../src/model/egress/rules.ts';
import { type EgressRules, excludedAnnotation, readRules } from '../../src/model/objects/egressrules.ts';
import { ourAnnotations } from '../../src/model/objects/well-known.ts';
import { parseIp } from '../../src/model/values/address.ts';
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { pace, TestLab, until } from './lab.ts';

const nodeIPs = { worker0: '192.168.7.11', worker1: '192.168.7.12' } as const;
type Worker = keyof typeof nodeIPs;
const [first, second] = ['192.168.7.201', '192.168.7.202'] as const;
const pods = { 'red/w0': 'worker0', 'red/w1': 'worker1' } as const satisfies Record<string, Worker>;
type Pod = keyof typeof pods;
const podNames = ['red/w0', 'red/w1'] as const;
const addresses = ['10.1.8.72', '10.1.8.73'] as const;
const ports = [9001, 9002] as const;
const protocols = ['tcp', 'udp'] as const;

interface Target {
  readonly address: string;
  readonly protocol: (typeof protocols)[number];
  readonly port: number;
}

const targets: readonly Target[] = addresses.flatMap((address) =>
  protocols.flatMap((protocol) => ports.map((port) => ({ address, protocol, port }))),
);

let lab: TestLab;

/** Keeps a listener beside the outside host: an ICMP error ends one that listens to datagrams. */
async function atOutside(command: string): Promise<void> {
  const again = `while :; do ${command}; sleep 0.05; done`;
  await lab.inside('outside', 'sh', '-c', `{ ${again} ; } >/dev/null 2>&1 </dev/null &`);
}

beforeAll(async () => {
  lab = await TestLab.up();
  await lab.namespace('red');
  await lab.pods(...podNames.map((pod) => [pod, pods[pod]] as const));
  const { stdout } = await lab.inside('outside', 'ip', '-o', '-4', 'addr', 'show');
  const device = /^\d+: (\S+) +inet 10\.1\.8\.72/m.exec(stdout)?.[1]?.replace(/@.*/, '') ?? '';
  await lab.inside('outside', 'ip', 'addr', 'add', '10.1.8.73/24', 'dev', device);
  for (const port of ports) {
    await atOutside(`socat TCP4-LISTEN:${port},fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR'`);
    for (const address of addresses)
      await atOutside(
        `socat UDP4-RECVFROM:${port},bind=${address},fork,reuseaddr SYSTEM:'read x; echo $SOCAT_PEERADDR'`,
      );
  }
});
afterAll(async () => {
  // what was started beside the outside host has no end of its own
  const pids = (await lab.inside('outside', 'ip', 'netns', 'pids', `sdnc.${lab.name}.outside`)).stdout.split('\n');
  const listening = await lab.inside('outside', 'pgrep', '-x', 'socat|sh');
  const ours = new Set(listening.stdout.split('\n'));
  for (const pid of pids) if (pid !== '' && ours.has(pid)) process.kill(Number(pid));
  await lab.down();
});

/** The source that the outside host sees; '' if nothing comes back. */
async function seen(pod: Pod, { address, protocol, port }: Target): Promise<string> {
  const to = protocol === 'tcp' ? `TCP4:${address}:${port},connect-timeout=${pace}` : `UDP4:${address}:${port}`;
  const ran = await lab.exec(pod, 'sh', '-c', `echo x | timeout ${2 * pace} socat -t ${0.7 * pace} - ${to}`);
  return ran.stdout.trim();
}

/** What NetNamespace and HostSubnets say. */
interface Setting {
  readonly annotations: Readonly<Record<string, string>>;
  readonly requests: readonly string[];
  readonly hosts: Readonly<Record<Worker, readonly string[]>>;
  readonly excluded: string | undefined;
  /** The label `app` of each pod; none without one. */
  readonly apps: Readonly<Partial<Record<Pod, string>>>;
}

const withPrefix = (annotations: Readonly<Record<string, string | null>>) =>
  Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`${ourAnnotations}${name}`, value]));

const names = ['destinations', 'except-destinations', 'destination-ips', 'pod-selector'] as const;
const noAnnotations = Object.fromEntries(names.map((name) => [name, null]));

/** Gives the label `app` to a pod, or takes it away. */
async function label(pod: string, app: string | undefined): Promise<void> {
  const [namespace = '', name = ''] = pod.split('/');
  const body = JSON.stringify({ metadata: { labels: { app: app ?? null } } });
  await lab.must(['patch', 'pod', '-n', namespace, name, '--type=merge', '-p', body]);
}

async function set({ annotations, requests, hosts, excluded, apps }: Setting): Promise<void> {
  const workers = ['worker0', 'worker1'] as const;
  await Promise.all(podNames.map((pod) => label(pod, apps[pod])));
  await lab.patch('netnamespace', 'red', {
    metadata: { annotations: withPrefix({ ...noAnnotations, ...annotations }) },
    egressIPs: requests,
  });
  const body = JSON.stringify({ metadata: { annotations: { [excludedAnnotation]: excluded ?? null } } });
  await lab.must(['patch', 'clusternetwork', 'default', '--type=merge', '-p', body]);
  await Promise.all(workers.map((worker) => lab.patch('hostsubnet', worker, { egressIPs: hosts[worker] })));
}

function rulesOf({ annotations, excluded }: Setting): EgressRules {
  const { rules } = readRules(withPrefix(annotations) as Record<string, string>);
  const except = excluded === undefined ? {} : { [`${ourAnnotations}except-destinations`]: excluded };
  const none: EgressRules = { destinations: undefined, except: [], destinationIPs: [] };
  const own = rules ?? none;
  return { ...own, except: [...own.except, ...(readRules(except).rules?.except ?? [])] };
}

/** The addresses with which a packet may leave; none: it is dropped. */
function allowed(setting: Setting, pod: Pod, { address, protocol, port }: Target): readonly string[] {
  const { requests, hosts } = setting;
  const destination = parseIp(address);
  if (!destination.ok) throw new Error(destination.error);
  const worker = pods[pod];
  if (requests.length === 0) return [nodeIPs[worker]];
  const app = setting.apps[pod];
  const rules = rulesForPod(rulesOf(setting), () => (app === undefined ? {} : { app }));
  const choice = choiceFor(rules, { destination: destination.value, protocol, port });
  if (choice.kind === 'node') return [nodeIPs[worker]];
  const inUse = (one: Worker): readonly string[] => hosts[one].filter((ip) => requests.includes(ip));
  const all = [...inUse('worker0'), ...inUse('worker1')];
  if (choice.kind === 'only') return all.filter((ip) => ip === choice.egressIP);
  return inUse(worker).length > 0 ? inUse(worker) : all;
}

const isAllowed = (list: readonly string[], source: string): boolean =>
  list.length === 0 ? source === '' : list.includes(source);

/**
 * Waits until all packets leave as they should. Until then they leave with the address of a node only where one of the
 * two settings lets them; the egress IPs of the namespace change with several objects.
 */
async function settles(before: Setting, setting: Setting): Promise<void> {
  for (const pod of podNames)
    await Promise.all(
      targets.map(async (target) => {
        const is = allowed(setting, pod, target);
        // rules and labels change one after the other
        const between = [before, { ...before, apps: setting.apps }, { ...setting, apps: before.apps }];
        const was = between.flatMap((one) => allowed(one, pod, target));
        let last = '?';
        const look = async (): Promise<boolean> => {
          last = await seen(pod, target);
          if (last !== '' && ![...was, ...is, first, second].includes(last))
            throw new Error(`${pod} to ${JSON.stringify(target)} left with ${last}; it may ${is.join(' or ')}`);
          return isAllowed(is, last);
        };
        await until('as the rules say', look).catch((error: unknown) => {
          const what = { pod, target, last, is, setting };
          throw new Error(`${String(error)}: ${JSON.stringify(what)}\n${lab.logTails()}`);
        });
      }),
    );
}

const both = {
  requests: [first, second],
  hosts: { worker0: [first], worker1: [second] },
  excluded: undefined,
  apps: {},
};
const without: Setting = { ...both, annotations: {} };

const networks = [
  '10.1.8.72',
  '10.1.8.73',
  '10.1.0.0/16',
  '192.0.2.0/24',
  'tcp:9001',
  'udp:9002',
  'tcp:10.1.8.73:9002',
];
const drawn = (seed: number): Setting => {
  const random = generator(seed * 7_919);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const some = (): string => Array.from({ length: 1 + random(3) }, () => pick(networks)).join(',');
  const pair = (): string => `${pick(networks.slice(0, 4))}=${pick([first, second, second, '192.168.7.209'])}`;
  return {
    annotations: {
      ...(random(2) === 0 ? { destinations: random(8) === 0 ? 'bogus' : some() } : {}),
      ...(random(2) === 0 ? { 'except-destinations': some() } : {}),
      ...(random(2) === 0 ? { 'destination-ips': pair() } : {}),
      ...(random(2) === 0 ? { 'pod-selector': pick(['app=web', 'app!=web', 'app', 'app in (web,db)', 'app>1']) } : {}),
    },
    apps: Object.fromEntries(podNames.flatMap((pod) => (random(3) === 0 ? [] : [[pod, pick(['web', 'db', 'x'])]]))),
    requests: random(5) === 0 ? [first] : [first, second],
    hosts: { worker0: random(4) === 0 ? [] : [first], worker1: random(4) === 0 ? [] : [second] },
    excluded: random(4) === 0 ? pick(['10.1.8.73/32', '192.0.2.0/24']) : undefined,
  };
};

test('packets of random rules leave as the rules say, and never otherwise while these change', async () => {
  let before = without;
  await set(before);
  await settles({ ...without, requests: [] }, before);
  for (let seed = 1; seed <= rounds(40); seed += 1) {
    const setting = drawn(seed);
    await set(setting);
    await settles(before, setting);
    before = setting;
  }
}, 900_000);

const target: Target = { address: '10.1.8.72', protocol: 'tcp', port: 9001 };
const file = (): string => `${lab.dir}/stream`;
const lines = async (): Promise<number> =>
  Number((await lab.inside('outside', 'sh', '-c', `wc -l < ${file()}`)).stdout.trim() || 0);
const hasGrown = async (since: number): Promise<boolean> => (await lines()) > since + 3;

beforeAll(async () => {
  await atOutside(`socat -u TCP4-LISTEN:9003,fork,reuseaddr OPEN:${file()},creat,append`);
  await atOutside(`socat UDP4-RECVFROM:9004,bind=10.1.8.72,fork,reuseaddr SYSTEM:'read x; echo $SOCAT_PEERADDR'`);
});

/** Sends lines by one TCP connection until it is cut; resolves when the first have come. */
async function stream(pod: Pod): Promise<void> {
  const since = await lines();
  void lab.exec(
    pod,
    'sh',
    '-c',
    `for i in $(seq 600); do echo $i; sleep 0.1; done | timeout ${60 * pace} socat -u - TCP4:10.1.8.72:9003`,
  );
  await until('the stream flows', () => hasGrown(since));
}

/** Whether it goes on for a while. */
async function goesOn(): Promise<boolean> {
  const since = await lines();
  await new Promise((resolve) => setTimeout(resolve, 1_500 * pace));
  return hasGrown(since);
}

describe('connections that are there when rules change', () => {
  test.each(podNames)(
    'one of %s that becomes covered is cut, and one that stays uncovered goes on',
    async (pod) => {
      const uncovered: Setting = { ...without, annotations: { 'except-destinations': 'tcp:9003,tcp:9001' } };
      await set(uncovered);
      await until('as the node', async () => (await seen(pod, target)) === nodeIPs[pods[pod]]);
      await stream(pod);
      await set({ ...uncovered, annotations: { 'except-destinations': 'tcp:9003' } });
      await until('covered', async () => (await seen(pod, target)) !== nodeIPs[pods[pod]]);
      expect(await goesOn()).toBe(true);
      await set({ ...uncovered, annotations: { 'except-destinations': 'tcp:9001' } });
      await until('the stream is cut', async () => !(await goesOn()));
    },
    300_000,
  );

  test('one with an egress IP is cut when that is no longer for it, and a new one leaves as the node', async () => {
    await set(without);
    await until('covered', async () => (await seen('red/w0', target)) === first);
    await stream('red/w0');
    await set({ ...without, annotations: { destinations: '192.0.2.0/24' } });
    await until('the stream is cut', async () => !(await goesOn()));
    await stream('red/w0');
    expect(await goesOn()).toBe(true);
    await set(without);
    await until('the stream is cut again', async () => !(await goesOn()));
  }, 300_000);

  test('datagrams from one port to another follow the rules as they change', async () => {
    const ask = async (): Promise<string> =>
      (
        await lab.exec(
          'red/w0',
          'sh',
          '-c',
          `echo x | timeout ${2 * pace} socat -t ${0.7 * pace} - UDP4:10.1.8.72:9004,sourceport=4444`,
        )
      ).stdout.trim();
    const becomes = (source: string): Promise<unknown> => until(`from ${source}`, async () => (await ask()) === source);
    await set(without);
    await becomes(first);
    await set({ ...without, annotations: { 'destination-ips': `10.1.8.0/24=${second}` } });
    await becomes(second);
    await set({ ...without, annotations: { 'except-destinations': 'udp:9004' } });
    await becomes(nodeIPs.worker0);
    await set({ ...without, annotations: { 'destination-ips': `10.1.8.72=192.168.7.209` } });
    await becomes('');
    await set(without);
    // a connection keeps its hop, so it may be either
    await until('by an egress IP again', async () => /^192\.168\.7\.20[12]$/.test(await ask()));
  }, 300_000);
});

describe('rules that select pods', () => {
  const selecting: Setting = { ...without, annotations: { 'pod-selector': 'app=web' }, apps: { 'red/w0': 'web' } };
  const becomes = (pod: Pod, source: string): Promise<unknown> =>
    until(`${pod} leaves as ${source}`, async () => (await seen(pod, target)) === source);
  const begin = async (): Promise<void> => {
    await set(selecting);
    await becomes('red/w0', first);
    await becomes('red/w1', nodeIPs.worker1);
  };
  const restart = async (change: () => Promise<unknown>): Promise<void> => {
    await lab.command('kill', 'agent', 'worker1');
    await change();
    await lab.command('start', 'agent', 'worker1');
  };

  test('cut the stream of one whose labels change, and let go on what leaves as it may', async () => {
    await begin();
    await stream('red/w1');
    // other labels that mean the same
    await label('red/w1', 'db');
    expect(await goesOn()).toBe(true);
    await label('red/w1', 'web');
    await becomes('red/w1', second);
    await until('the stream is cut', async () => !(await goesOn()));
    await stream('red/w1');
    await label('red/w1', undefined);
    await until('the stream with the egress IP is cut', async () => !(await goesOn()));
    await becomes('red/w1', nodeIPs.worker1);
    await becomes('red/w0', first);
  }, 300_000);

  test('hold for connections that are there when an agent begins, by the labels of then', async () => {
    await begin();
    await stream('red/w1');
    const pid = lab.pid('node-worker1');
    await restart(() => Promise.resolve());
    await until('another agent runs', () => lab.pid('node-worker1') !== pid);
    expect(await goesOn()).toBe(true);
    await becomes('red/w1', nodeIPs.worker1);
    expect(await goesOn()).toBe(true);
    await restart(() => label('red/w1', 'web'));
    await until('the stream is cut', async () => !(await goesOn()));
    await becomes('red/w1', second);
  }, 300_000);

  test('lend nothing to a pod that gets the address and the name of one that left as the node', async () => {
    await begin();
    const podIP = await lab.podIP('red/w1');
    const rules = async (): Promise<string> =>
      (await lab.node('worker1', 'nft', 'list', 'map', 'ip', 'sdn_compat_guard', 'pod_rules')).stdout;
    expect(await rules()).toContain(`${podIP} : accept`);
    const last = podIP.replace(/\d+$/, (octet) => String(Number(octet) - 1));
    await lab.must(['delete', 'pod', '-n', 'red', 'w1', '--grace-period=0', '--force']);
    await until('its element is gone', async () => !(await rules()).includes(podIP));
    await restart(() => lab.node('worker1', 'ovs-vsctl', 'br-set-external-id', 'br0', 'last-pod-address', last));
    const made = { metadata: { namespace: 'red', name: 'w1', labels: { app: 'web' } } };
    const spec = { nodeName: 'worker1.ocp4.rober.lab', containers: [{ name: 'c', image: 'c' }] };
    await lab.must(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...made, spec }));
    const sources = new Set<string>();
    await until('the new pod leaves', async () => {
      const source = await seen('red/w1', target);
      sources.add(source);
      return source === second;
    });
    expect(await lab.podIP('red/w1')).toBe(podIP);
    expect([...sources].filter((source) => source !== '' && source !== second)).toEqual([]);
    expect(await rules()).not.toContain(podIP);
  }, 300_000);

  test('cover a pod that is attached and whose object is gone', async () => {
    await begin();
    await stream('red/w1');
    // nobody detaches it
    const kubelet = lab.pid('kubelet');
    process.kill(kubelet, 'SIGSTOP');
    try {
      const netns = await lab.podNamespace('red/w1');
      await lab.must(['delete', 'pod', '-n', 'red', 'w1', '--grace-period=0', '--force']);
      await until('the stream is cut', async () => !(await goesOn()));
      const asked = await lab.inside(netns.replace(/^sdnc\.[^.]*\./, ''), 'socat', '-t3', '-', 'TCP4:10.1.8.72:9001');
      expect(asked.stdout.trim()).toBe(second);
    } finally {
      process.kill(kubelet, 'SIGCONT');
    }
    await until('it is detached', async () => (await lab.kubectl(['get', 'pod', '-n', 'red', 'w1'])).status !== 0);
    await lab.pods(['red/w1', 'worker1']);
  }, 300_000);
});

/** Does something while the agent of worker0 can make no pass, and lets it again, whatever happens. */
async function whileNoPass(act: () => Promise<void>): Promise<void> {
  const repair = await lab.breakHostSubnet('worker0');
  await act().finally(repair);
}

test('what becomes covered while no pass can be made is closed', async () => {
  await set({ ...without, annotations: { destinations: 'udp:53' } });
  await until('as the node', async () => (await seen('red/w0', target)) === nodeIPs.worker0);
  await whileNoPass(async () => {
    await lab.patch('netnamespace', 'red', { metadata: { annotations: withPrefix({ destinations: 'tcp:9001' }) } });
    await until('closed', async () => (await seen('red/w0', target)) === '');
    // a connection that is opened while nft closes the other may be lost
    const other = { ...target, port: 9002 };
    await until('what is not covered goes on', async () => (await seen('red/w0', other)) === nodeIPs.worker0);
  });
  await until('by the egress IP', async () => (await seen('red/w0', target)) === first);
}, 120_000);

test('a pod that becomes covered by its labels while no pass can be made is closed', async () => {
  await set({ ...without, annotations: { 'pod-selector': 'app=web' } });
  await until('as the node', async () => (await seen('red/w0', target)) === nodeIPs.worker0);
  await whileNoPass(async () => {
    await label('red/w0', 'web');
    await until('closed', async () => (await seen('red/w0', target)) === '');
  });
  await until('by the egress IP', async () => (await seen('red/w0', target)) === first);
}, 120_000);

test.each([{ destinations: 'udp:9002' }, { 'except-destinations': 'udp:9001' }])(
  'datagrams in fragments to ports that %j covers leave by the egress IP, and never as the node',
  async (annotations) => {
    await set({ ...without, annotations, apps: {} });
    const whole: Target = { address: '10.1.8.72', protocol: 'udp', port: 9001 };
    await until('the other port as the node', async () => (await seen('red/w0', whole)) === nodeIPs.worker0);
    const send = `{ head -c 3000 /dev/zero | tr '\\0' x; echo; } | timeout ${2 * pace} socat -b 4000 -t ${0.7 * pace} - UDP4:10.1.8.72:9002`;
    const sources: string[] = [];
    await until('some are answered', async () => {
      sources.push(...(await lab.exec('red/w0', 'sh', '-c', send)).stdout.split('\n').filter((line) => line !== ''));
      return sources.length >= 5;
    });
    expect([...new Set(sources)]).toEqual([first]);
  },
  120_000,
);

test('what cannot be read has an Event and leaves all traffic with an egress IP', async () => {
  await set({ ...without, annotations: { destinations: '10.0.0.5/8', 'except-destinations': '192.0.2.0/24' } });
  await lab.event('InvalidEgressRule', 'netnamespace/red');
  await lab.must([
    'patch',
    'clusternetwork',
    'default',
    '--type=merge',
    '-p',
    `{"metadata":{"annotations":{"${excludedAnnotation}":"x"}}}`,
  ]);
  await lab.event('InvalidExcludedCIDRs', 'clusternetwork/default');
  await settles(without, without);
}, 120_000);

test('trace says what the packets do', async () => {
  const setting: Setting = {
    ...without,
    annotations: { destinations: 'tcp:9001,10.1.8.73', 'destination-ips': `10.1.8.73=${second}` },
  };
  await set(setting);
  await settles(without, setting);
  for (const target of targets) {
    const to = `${target.address}:${target.port}/${target.protocol}`;
    const ran = await lab.sdnCompat('trace', 'red/w0', to, '-o', 'json');
    const { ways } = JSON.parse(ran.stdout) as { ways: { address: string | null }[] };
    expect({ to, address: ways.map(({ address }) => address) }).toEqual({
      to,
      address: allowed(setting, 'red/w0', target),
    });
  }
}, 120_000);
