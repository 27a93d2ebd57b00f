/** Pods that ask for a macvlan interface: what they get, what they leave with, and which of them are refused. */
import { namespaceOf, outside, run, TestLab, until } from './lab.ts';

const key = 'pod.network.openshift.io/assign-macvlan';
const source = '192.168.7.77';
let lab: TestLab;
let hasMacvlan = false;

beforeAll(async () => {
  lab = await TestLab.up();
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
    metadata: { name, namespace: 'shop', annotations: { [key]: value } },
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

test('a router forwards to one server outside, which sees its address; where the kernel has no macvlan it is refused', async () => {
  await create('router', 'true');
  if (!hasMacvlan) {
    await refused('router', /macvlan0 on ens3 cannot be made: .*[Uu]nknown device type/);
    expect(await phase('router')).not.toBe('Running');
    return;
  }
  await until('it runs', async () => (await phase('router')) === 'Running');
  const netns = namespaceOf(lab, 'shop/router');
  const inRouter = async (...argv: string[]): Promise<string> => {
    const ran = await run('ip', ['netns', 'exec', netns, ...argv]);
    if (ran.status !== 0) throw new Error(`${argv.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  };
  expect(await inRouter('ip', '-d', 'link', 'show', 'macvlan0')).toMatch(/UP.*macvlan mode private/s);
  // as the image does in redirect mode, with EGRESS_DESTINATION=10.1.8.72
  await inRouter('ip', 'addr', 'add', `${source}/32`, 'dev', 'macvlan0');
  await inRouter('ip', 'route', 'add', '192.168.7.1/32', 'dev', 'macvlan0');
  await inRouter('ip', 'route', 'replace', 'default', 'via', '192.168.7.1', 'dev', 'macvlan0');
  await inRouter('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  const rules = [
    'table ip router {',
    '  chain to { type nat hook prerouting priority -100; iifname "eth0" dnat to 10.1.8.72; }',
    `  chain from { type nat hook postrouting priority 100; oifname "macvlan0" snat to ${source}; }`,
    '}',
  ];
  await inRouter('nft', rules.join('\n'));
  await lab.must(['run', 'client', '-n', 'shop', '--image=x']);
  await until('the client runs', async () => (await phase('client')) === 'Running');
  const ip = await lab.podIP('shop/router');
  const url = new URL(outside);
  url.hostname = ip;
  url.pathname = '/ip';
  const answer = await until('it answers', async () => {
    const ran = await lab.exec('shop/client', 'curl', '-s', '--max-time', '5', url.href);
    return ran.status === 0 ? ran.stdout : undefined;
  });
  expect(answer).toContain(source);
  // what does not go through it leaves with the node's address
  const plain = await lab.exec('shop/client', 'curl', '-s', '--max-time', '5', `${outside}/ip`);
  expect(plain.stdout).not.toContain(source);
  await lab.must(['delete', 'pod', '-n', 'shop', 'router', '--wait=false']);
  await until('its interface is gone', () => namespaceOf(lab, 'shop/router') === '');
});
