/** What NetworkPolicies select from, out of the cluster's objects. */
import type { PodObject } from '../../../src/model/objects/raw.ts';
import {
  namespacePart,
  podPart,
  policyPart,
  policyWorld,
  sameForPolicies,
  type WorldObjects,
} from '../../../src/node/cluster/policy-world.ts';
import { vnid } from '../states.ts';

const world = (objects: Partial<WorldObjects>): ReturnType<typeof policyWorld> =>
  policyWorld({ policies: [], namespaces: [], pods: [], vnids: new Map(), ...objects });
const pod = (more: Partial<PodObject> = {}): PodObject => ({
  metadata: { namespace: 'red', name: 'p', labels: { app: 'web' } },
  status: { podIP: '10.254.0.2', phase: 'Running' },
  ...more,
});

describe('namespaces', () => {
  const namespaces = [{ metadata: { name: 'red', labels: { team: 'a' } } }, { metadata: { name: 'new' } }];

  it('are in it once they have a VNID, with the label of their name', () => {
    expect(world({ namespaces, vnids: new Map([['red', vnid(77)]]) }).namespaces).toEqual([
      { name: 'red', vnid: 77, labels: { 'kubernetes.io/metadata.name': 'red', team: 'a' } },
    ]);
  });

  it('that stand for the nodes have VNID 0, whatever their NetNamespace says', () => {
    const hosts = [
      {
        metadata: { name: 'openshift-host-network', labels: { 'policy-group.network.openshift.io/host-network': '' } },
      },
    ];
    const labels = {
      'kubernetes.io/metadata.name': 'openshift-host-network',
      'policy-group.network.openshift.io/host-network': '',
    };
    for (const vnids of [new Map(), new Map([['openshift-host-network', vnid(4242)]])])
      expect(world({ namespaces: hosts, vnids }).namespaces).toEqual([
        { name: 'openshift-host-network', vnid: 0, labels },
      ]);
  });

  it('are in it with the VNID 0, too', () => {
    expect(world({ namespaces, vnids: new Map([['new', vnid(0)]]) }).namespaces).toMatchObject([
      { name: 'new', vnid: 0 },
    ]);
  });
});

describe('pods', () => {
  it('are in it with labels, address and named ports', () => {
    const ports = [
      { name: 'web', containerPort: 8080 },
      { name: 'dns', containerPort: 53, protocol: 'UDP' },
      { name: 'sig', containerPort: 9, protocol: 'SCTP' },
      { containerPort: 1 },
      { name: 'odd', containerPort: 2, protocol: 'ICMP' },
    ];
    const containers = [{ ports }, {}, { ports: [{ name: 'more', containerPort: 3 }] }];
    expect(world({ pods: [pod({ spec: { containers } })] }).pods).toEqual([
      {
        namespace: 'red',
        name: 'p',
        ip: '10.254.0.2',
        labels: { app: 'web' },
        ports: [
          { name: 'web', protocol: 'tcp', port: 8080 },
          { name: 'dns', protocol: 'udp', port: 53 },
          { name: 'sig', protocol: 'sctp', port: 9 },
          { name: 'more', protocol: 'tcp', port: 3 },
        ],
      },
    ]);
  });

  test.each<readonly [string, Partial<PodObject>, number]>([
    ['on the network of its node', { spec: { hostNetwork: true } }, 0],
    ['that has succeeded', { status: { podIP: '10.254.0.2', phase: 'Succeeded' } }, 0],
    ['that has failed', { status: { podIP: '10.254.0.2', phase: 'Failed' } }, 0],
    ['that is pending', { status: { phase: 'Pending' } }, 1],
    ['without a status', { metadata: {} }, 1],
  ])('%s is counted %#', (_what, more, count) => {
    expect(world({ pods: [pod(more)] }).pods).toHaveLength(count);
  });

  test.each(['', 'fd00::1', 'x'])('with the address %j have none for us', (podIP) => {
    expect(world({ pods: [pod({ status: { podIP } })] }).pods).toMatchObject([{ ip: undefined }]);
  });
});

it('tells what is wrong with a policy, with its name', () => {
  const policies = [
    { metadata: { namespace: 'red', name: 'good' }, spec: { podSelector: {} } },
    {
      metadata: { namespace: 'red', name: 'bad' },
      spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 'x' } }] }] },
    },
  ];
  const { problems, policies: read } = world({ policies });
  expect(read.map(({ name }) => name)).toEqual(['good', 'bad']);
  expect(problems).toMatchObject([{ namespace: 'red', name: 'bad' }]);
});

describe('the parts that are kept', () => {
  const metadata = { namespace: 'red', name: 'x', uid: 'u', resourceVersion: '7', labels: { a: 'b' } };
  const more = { ...metadata, annotations: { big: 'thing' }, finalizers: ['f'] };

  it('are what policies can tell apart', () => {
    const whole = pod({
      metadata: more,
      spec: {
        hostNetwork: true,
        nodeName: 'n',
        containers: [{ name: 'c', command: ['x'], ports: [{ containerPort: 1 }] }],
      },
      status: { podIP: '10.254.0.2', phase: 'Running', conditions: [] },
    });
    expect(podPart(whole)).toEqual({
      metadata,
      spec: { hostNetwork: true, containers: [{ ports: [{ containerPort: 1 }] }] },
      status: { podIP: '10.254.0.2', phase: 'Running' },
    });
    expect(namespacePart({ metadata: more, status: { phase: 'Active' } })).toEqual({ metadata });
    expect(policyPart({ metadata: more, spec: { podSelector: {} }, kind: 'NetworkPolicy' })).toEqual({
      metadata,
      spec: { podSelector: {} },
    });
  });

  it('mean the same in another version, and nothing without an object', () => {
    const later = { metadata: { ...metadata, resourceVersion: '8' } };
    expect(sameForPolicies({ metadata }, later)).toBe(true);
    expect(sameForPolicies({ metadata }, { metadata: { ...metadata, labels: {} } })).toBe(false);
    expect(sameForPolicies(undefined, later)).toBe(false);
    expect(sameForPolicies(later, undefined)).toBe(false);
    expect(sameForPolicies(undefined, undefined)).toBe(false);
  });
});
