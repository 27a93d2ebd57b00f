/** Pods that ask for a macvlan interface: what they get, what they leave with, and which of them are refused. */
import { namespaceOf, outside, run, TestLab, until } from './lab.ts';

const macvlanKey = 'pod.network.openshift.io/assign-macvlan';
const source = '192.168.7.77';
let lab: TestLab;
let hasMacvlan = false;

beforeAll(async () => {
  lab = await TestLab.up('--services', 'nftables');
  await lab.must(['create', 'namespace', 'shop']);
  // on the loopback interface it is refused for another reason
  hasMacvlan = !/nknown device type/.test(
    (await run('ip', ['link', 'add', 'link', 'lo', 'name', 'probe', 'type', 'macvlan'])).stderr,
  );
}, 300_000);
afterAll(() => lab.down(), 120_000);

async function create(name: string, value: string, privileged = true): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', annotations: { [macvlanKey]: value } },
    spec: {
      nodeName: 'worker0.ocp4.rober.lab',
      initContainers: [{ name: 'router', image: 'router', securityContext: { privileged } }],
      containers: [{ name: 'wait', image: 'wait' }],
    },
  };
  await lab.must(['create', '-f', '-'], JSON.stringify(pod));
}
/** What the Events on the pod say. */
const events = (pod: string): Promise<string> =>
  lab.must([
    ...['get', 'events', '-n', 'shop', '-o', 'jsonpath={.items[*].message}'],
    ...['--field-selector', `involvedObject.name=${pod},reason=PodNotAttached`],
  ]);
const phase = (pod: string): Promise<string> =>
  lab.must(['get', 'pod', '-n', 'shop', pod, '-o', 'jsonpath={.status.phase}']);
const refused = (pod: string, why: RegExp): Promise<string> =>
  until(`Event of ${pod}`, async () => {
    const said = await events(pod);
    return why.test(said) ? said : undefined;
  });

test('one without a privileged container is not attached, and its Event says why', async () => {
  await create('plain', 'true', false);
  await refused('plain', /which only a pod with a privileged container gets/);
  expect(await phase('plain')).not.toBe('Running');
});

test.each([
  ['absent', 'ens99', /the node has no interface ens99, which annotation .* names/],
  ['ours', 'tun0', /on an interface of this agent/],
  ['odd', 'a b', /is neither true nor the name of an interface/],
])('one that asks for an interface that it cannot have is not attached: %s', async (pod, value, why) => {
  await create(pod, value);
  await refused(pod, why);
  expect(await phase(pod)).not.toBe('Running');
  await lab.must(['delete', 'pod', '-n', 'shop', pod, '--wait=false']);
});

interface Mode {
  /** The image of the container beside the init container. */
  readonly image: string;
  readonly env: Record<string, string>;
  /** What a client asks, given the address of the Service. */
  readonly asks: (address: string) => string[];
  /** What it asks in vain. */
  readonly asksInVain: (address: string) => string[];
}

const modes: Record<string, Mode> = {
  redirect: {
    image: 'ose-pod',
    env: { EGRESS_ROUTER_MODE: 'init', EGRESS_DESTINATION: '# web\n80 tcp 10.1.8.72 8080\n8080 udp 10.1.8.73\n' },
    asks: (address) => [`http://${address}/ip`],
    asksInVain: (address) => [`http://${address}:8080/ip`],
  },
  'redirect to one address': {
    image: 'ose-pod',
    env: { EGRESS_DESTINATION: '10.1.8.72' },
    asks: (address) => [`http://${address}:8080/ip`],
    asksInVain: (address) => [`http://${address}:8081/ip`],
  },
  'http-proxy': {
    image: 'openshift4/ose-egress-http-proxy:v4.16',
    env: { EGRESS_ROUTER_MODE: 'http-proxy', EGRESS_HTTP_PROXY_DESTINATION: '!10.1.8.73\n10.1.8.0/24\n' },
    asks: (address) => ['-x', `http://${address}:8080`, `${outside}/ip`],
    asksInVain: (address) => ['-x', `http://${address}:8080`, '-f', 'http://192.168.7.1:8080/ip'],
  },
  'dns-proxy': {
    image: 'openshift4/ose-egress-dns-proxy:v4.16',
    env: { EGRESS_ROUTER_MODE: 'dns-proxy', EGRESS_DNS_PROXY_DESTINATION: '80 10.1.8.72 8080\n' },
    asks: (address) => [`http://${address}/ip`],
    asksInVain: (address) => [`http://${address}:8080/ip`],
  },
};

/** A router pod on a worker, as the image's documentation has it. */
const routerPod = (name: string, worker: string, { image, env }: Mode): object => {
  const all = { EGRESS_SOURCE: `${source}/24`, EGRESS_GATEWAY: '192.168.7.1', ...env };
  const list = Object.entries(all).map(([key, value]) => ({ name: key, value }));
  const init = {
    name: 'router',
    image: 'openshift4/ose-egress-router',
    securityContext: { privileged: true },
    env: list,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: 'router' }, annotations: { [macvlanKey]: 'true' } },
    spec: {
      nodeName: `${worker}.ocp4.rober.lab`,
      initContainers: [init],
      containers: [{ name: 'main', image, env: list }],
    },
  };
};

describe('a router with a Service in front of it', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'router', namespace: 'shop' },
    spec: {
      selector: { app: 'router' },
      ports: [80, 8080, 8081].map((port) => ({ name: `tcp-${port}`, port })),
    },
  };
  const curl = async (argv: readonly string[]): Promise<string> =>
    (await lab.exec('client/client', 'curl', '-s', '--max-time', '5', ...argv)).stdout.trim();
  let address: string;

  beforeAll(async () => {
    await lab.must(['create', '-f', '-'], JSON.stringify(service));
    address = await lab.must(['get', 'service', '-n', 'shop', 'router', '-o', 'jsonpath={.spec.clusterIP}']);
    await lab.namespace('client');
    await lab.pods(['client/client', 'worker1']);
  }, 120_000);

  test.each(Object.keys(modes))('in mode %s', async (name) => {
    const mode = modes[name]!;
    await lab.must(['create', '-f', '-'], JSON.stringify(routerPod('first', 'worker0', mode)));
    if (!hasMacvlan) {
      await refused('first', /macvlan0 on ens3 cannot be made: .*[Uu]nknown device type/);
      expect(await phase('first')).not.toBe('Running');
      await lab.must(['delete', 'pod', '-n', 'shop', 'first']);
      return;
    }
    await until('it runs', async () => (await phase('first')) === 'Running');
    const device = await lab.exec('shop/first', 'ip', '-d', 'link', 'show', 'macvlan0');
    expect(device.stdout).toMatch(/UP.*macvlan mode private/s);
    await until('the server sees its address', async () => (await curl(mode.asks(address))) === source);
    expect(await curl(mode.asksInVain(address))).toBe('');
    // what does not go through it leaves with the node's address
    expect(await lab.source('client/client', 5)).toBe('192.168.7.12');

    // its node is lost: a second pod elsewhere takes the address over
    await lab.must(['delete', 'pod', '-n', 'shop', 'first']);
    await until('its interface is gone', () => namespaceOf(lab, 'shop/first') === '');
    await lab.must(['create', '-f', '-'], JSON.stringify(routerPod('second', 'worker1', mode)));
    await until('the server sees it again', async () => (await curl(mode.asks(address))) === source);
    await lab.must(['delete', 'pod', '-n', 'shop', 'second']);
  });
});
