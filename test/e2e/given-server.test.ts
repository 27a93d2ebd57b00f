/** The lab on an API server that is already there, with RBAC as on a real one: what it does there, and that it leaves. */
import { readFileSync } from 'node:fs';
import { crds } from '../../api/crds.ts';
import { clusterRoles, namespaces, netNamespaces, roles } from '../../api/kinds.ts';
import { rights } from '../../api/rights.ts';
import type { Judged } from '../../src/apiserver/serve/authorize.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { rightsOf, type Rule, usedBy } from '../apiserver/rights/used.ts';
import { start, type Started } from '../apiserver/started.ts';
import { program, type Ran, run, TestLab, traces, until } from './lab.ts';

let started: Started;
const judged: Judged[] = [];
afterEach(() => started.stop());

async function serve(definitions: readonly object[]): Promise<void> {
  judged.length = 0;
  const onJudged = (one: Judged): void => void judged.push(one);
  started = await start({ authorization: 'rbac', crds: definitions, onJudged, namespaceDelay: 50 });
}

/** Rights of agents for what does not happen in the walkthrough. */
const elsewhere: readonly string[] = [
  // an address that the node cannot carry is an Event, and again one when it goes on
  ...['create events', 'get events', 'patch events'],
  // node --check
  ...['get clusternetworks', 'get hostsubnets'],
  // whether the node that had an egress IP carries it, when somebody else answers for it by ARP
  'get leases',
];

interface Granting {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly name: string }[];
}

/** What the roles in config/ allow a ServiceAccount, VERB RESOURCE each, without what only OpenShift asks. */
function grantedTo(account: string): readonly string[] {
  const all = rights as readonly Granting[];
  const bound = all.filter(({ subjects = [] }) => subjects.some(({ name }) => name === account));
  const roles = bound.flatMap(({ roleRef }) =>
    all.filter(({ kind, metadata }) => kind === roleRef?.kind && metadata.name === roleRef.name),
  );
  const rules = roles.flatMap((role) => (role.metadata.name === 'sdn-compat-privileged' ? [] : (role.rules ?? [])));
  return [...new Set(rightsOf({ rules }))].sort();
}

const create = (kind: typeof namespaces, object: object): Promise<unknown> =>
  started.client.create(kind, object as KubeObject);

/** Every object that the server has, with its version. */
async function everything(): Promise<readonly string[]> {
  const kubectl = async (...args: string[]): Promise<string> => {
    const ran = await run('kubectl', ['--kubeconfig', started.kubeconfig, `--cache-dir=${started.folder}/c`, ...args]);
    if (ran.status !== 0) throw new Error(ran.stderr);
    return ran.stdout;
  };
  const kinds = (await kubectl('api-resources', '--verbs=list', '-o', 'name')).split('\n').filter(Boolean);
  const asked = kinds.filter((kind) => !kind.endsWith('project.openshift.io'));
  const columns = 'KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name,VERSION:.metadata.resourceVersion';
  return (await kubectl('get', asked.join(','), '-A', '--no-headers', '-o', `custom-columns=${columns}`)).split('\n');
}

const idOf = ({ dir }: TestLab): string =>
  (JSON.parse(readFileSync(`${dir}/before.json`, 'utf8')) as { id: string }).id;

const lab = (command: string, name: string, ...more: string[]): Promise<Ran> =>
  run(program, ['lab', command, '--name', name, ...more]);

test('the walkthrough holds on it, with the rights of config/ and no more, and nothing is left there', async () => {
  await serve([]);
  await create(namespaces, { metadata: { name: 'theirs' } });
  const before = await everything();
  const { name } = new TestLab();
  const walked = await lab('walkthrough', name, '--kubeconfig', started.kubeconfig);
  expect(walked.stderr).toBe('');
  expect(walked.status).toBe(0);
  expect(walked.stdout).toContain('every result is as published');
  expect(await traces(name)).toEqual([]);
  expect(await everything()).toEqual(before);
  const own = judged.filter(({ user }) => user.startsWith('system:serviceaccount:sdn-compat:'));
  expect(own.filter(({ allowed }) => !allowed)).toEqual([]);
  expect(new Set(own.map(({ user }) => user.split(':').at(-1)))).toEqual(
    new Set(['sdn-compat-controller', 'sdn-compat-node']),
  );
  const used = usedBy('sdn-compat-node', judged);
  expect(grantedTo('sdn-compat-node').filter((right) => !used.has(right))).toEqual([...elsewhere].sort());
}, 600_000);

test('what the server has stays as it is, and what was made of it goes', async () => {
  await serve(crds);
  await create(namespaces, { metadata: { name: 'theirs' } });
  await create(netNamespaces, { metadata: { name: 'theirs' }, netname: 'theirs', netid: 4711 });
  const before = await everything();
  const { name } = new TestLab();
  const up = await lab('up', name, '--nodes', '1', '--kubeconfig', started.kubeconfig);
  expect([up.stderr, up.status]).toEqual(['', 0]);
  expect((await started.client.get(netNamespaces, { name: 'default' }))?.metadata.name).toBe('default');
  // a second lab has no place there, and takes nothing of the first with it
  const there = (await everything()).length;
  const { name: second } = new TestLab();
  const refused = await lab('up', second, '--kubeconfig', started.kubeconfig);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/^sdn-compat: the API server has the Node \S+ already: [^\n]+\n$/);
  expect((await everything()).length).toBe(there);
  expect((await lab('down', name)).status).toBe(0);
  const names = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replace(/ +\d+$/, ''));
  expect(names(await everything())).toEqual(names(before));
  expect(await started.client.get(netNamespaces, { name: 'theirs' })).toMatchObject({ netid: 4711 });
  expect([await traces(name), await traces(second)]).toEqual([[], []]);
});

test('a lab takes its pods along whose Node somebody deleted', async () => {
  await serve([]);
  await create(namespaces, { metadata: { name: 'theirs' } });
  const before = await everything();
  const one = new TestLab();
  expect((await one.command('up', '--nodes', '2', '--kubeconfig', started.kubeconfig)).status).toBe(0);
  await one.namespace('red');
  await one.pods(['red/w0', 'worker0']);
  await one.must(['label', 'namespace', 'red', `sdn-compat-lab=${idOf(one)}`]);
  await one.must(['delete', 'node', 'worker0.ocp4.rober.lab']);
  expect(await one.command('down')).toMatchObject({ stderr: '', status: 0 });
  expect(await everything()).toEqual(before);
});

test('a lab whose server is away is known until the server is back', async () => {
  await serve([]);
  const before = await everything();
  const { name, dir } = new TestLab();
  expect((await lab('up', name, '--nodes', '1', '--kubeconfig', started.kubeconfig)).status).toBe(0);
  const moved = await run('sed', ['-i', 's/127.0.0.1:/127.0.0.2:/', `${dir}/given`]);
  expect(moved.status).toBe(0);
  const failed = await lab('down', name);
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(
    /^sdn-compat: what lab \S+ made on the API server is not all removed \([^\n]+ --leave-server\n$/,
  );
  await run('sed', ['-i', 's/127.0.0.2:/127.0.0.1:/', `${dir}/given`]);
  expect((await lab('down', name)).status).toBe(0);
  expect(await everything()).toEqual(before);
  expect(await traces(name)).toEqual([]);
});

test('a lab whose server is gone for good ends with the word for what stays there, and that removes it', async () => {
  await serve([]);
  await create(namespaces, { metadata: { name: 'theirs' } });
  const before = await everything();
  const { name, dir } = new TestLab();
  expect((await lab('up', name, '--nodes', '2', '--kubeconfig', started.kubeconfig)).status).toBe(0);
  await run('sed', ['-i', 's/127.0.0.1:/127.0.0.2:/', `${dir}/given`]);
  const left = await lab('down', name, '--leave-server');
  expect([left.stderr, left.status]).toEqual(['', 0]);
  expect(await traces(name)).toEqual([]);
  const commands = left.stdout.split('\n').filter((line) => line.startsWith('kubectl '));
  for (const command of commands) {
    const ran = await run('sh', ['-c', command], { env: { KUBECONFIG: started.kubeconfig } });
    expect(ran).toMatchObject({ stderr: '', status: 0 });
  }
  expect(commands).toHaveLength(2);
  expect(left.stdout).toContain('besides, the pods of these nodes, Events, and the NetNamespaces\n');
  await until('the rest went with its kinds', async () => (await everything()).join() === before.join());
});

describe('without some of the rights of config/', () => {
  const one = new TestLab();
  const deprive = (kind: typeof roles, ref: { name: string; namespace?: string }): Promise<unknown> =>
    started.client.patch(kind, ref, { rules: [] }, { type: 'merge' });
  const refusedTo = (account: string, resource: string): number =>
    judged.filter(
      ({ user, request, allowed }) =>
        !allowed && user.endsWith(`:${account}`) && 'resource' in request && request.resource === resource,
    ).length;
  const lines = (process: string, message: string): readonly string[] =>
    one
      .log(process)
      .split('\n')
      .filter((line) => line.includes(`"msg":"${message}"`));

  test('to Events and Leases, agents and controllers go on, and say it once', async () => {
    await serve([]);
    const up = await one.command('up', '--nodes', '2', '--kubeconfig', started.kubeconfig);
    expect([up.stderr, up.status]).toEqual(['', 0]);
    try {
      await deprive(clusterRoles, { name: 'sdn-compat-events' });
      await deprive(roles, { namespace: 'sdn-compat-nodes', name: 'sdn-compat-node' });
      await one.namespace('red');
      await one.pods(['red/w0', 'worker0']);
      // the gateway's, the network's and the broadcast address are refused, each by an Event of its own
      for (const ip of ['192.168.7.1', '192.168.7.0', '192.168.7.255']) {
        await one.patch('netnamespace', 'red', { egressIPs: [ip] });
        await one.patch('hostsubnet', 'worker0', { egressIPs: [ip] });
        await until(`${ip} is refused`, () => one.log('node-worker0').includes(`egress IP ${ip} is `));
      }
      // and what nobody hosts, the controller tells by an Event
      for (const [index, name] of ['blue', 'green', 'gray'].entries()) {
        await one.namespace(name);
        await one.patch('netnamespace', name, { egressIPs: [`192.168.7.21${index}`] });
      }
      await one.patch('netnamespace', 'red', { egressIPs: ['192.168.7.201'] });
      await one.patch('hostsubnet', 'worker0', { egressIPs: ['192.168.7.201'] });
      await one.untilSource('red/w0', '192.168.7.201');
      const both = ['sdn-compat-node', 'sdn-compat-controller'];
      await until('both are refused Events', () => both.every((account) => refusedTo(account, 'events') > 2), 60);
      await until('the agent is refused its Lease, again', () => refusedTo('sdn-compat-node', 'leases') > 2, 60);
      for (const process of ['node-worker0', 'controller'])
        expect(lines(process, 'an Event is refused and left out')).toHaveLength(1);
      const verdict = 'status cannot show what this node refuses: its Lease in sdn-compat-nodes was not written';
      expect(lines('node-worker0', verdict)).toHaveLength(1);
      expect(lines('node-worker0', 'work failed and is retried')).toEqual([]);
    } finally {
      const down = await one.command('down');
      expect([down.stderr, down.status]).toEqual(['', 0]);
    }
  }, 600_000);
});

test('a file that is no kubeconfig, and a server that does not answer, are one line', async () => {
  await serve([]);
  const { name } = new TestLab();
  const none = await lab('up', name, '--kubeconfig', '/nowhere');
  expect([none.status, none.stderr]).toEqual([2, expect.stringMatching(/^sdn-compat: [^\n]*\/nowhere[^\n]*\n$/)]);
  expect(await traces(name)).toEqual([]);
});
