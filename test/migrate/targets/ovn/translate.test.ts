/** The translation to OVN-Kubernetes, held against what the vendor's converter gets wrong. */
import { planOf } from '../../../../src/migrate/plan/make.ts';
import { reportOf } from '../../../../src/migrate/report/content.ts';
import { markdownReport } from '../../../../src/migrate/report/markdown.ts';
import type { TranslateOptions } from '../../../../src/migrate/targets/ovn/options.ts';
import { steps } from '../../../../src/migrate/targets/ovn/steps.ts';
import { toOVN } from '../../../../src/migrate/targets/ovn/translate.ts';
import { type Change, type Translation } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { clusters } from '../../clusters.ts';
import { make, options, snapshotOf } from '../../snapshots.ts';

const plan = (objects: readonly KubeObject[], changes: Partial<TranslateOptions> = {}): Translation =>
  toOVN(snapshotOf(objects), { ...options, ...changes });

interface Applied extends KubeObject {
  readonly spec?: {
    readonly egressIPs?: readonly string[];
    readonly egress?: readonly object[];
    readonly namespaceSelector?: object;
  };
}

function applied({ changes }: Translation, kind: string, name: string, namespace?: string): Applied | undefined {
  const found = changes.find(
    (change) =>
      change.action === 'apply' &&
      change.object.kind === kind &&
      change.object.metadata.name === name &&
      change.object.metadata.namespace === namespace,
  );
  return found?.action === 'apply' ? found.object : undefined;
}
const codesOn = ({ findings }: Translation, name: string): readonly string[] =>
  findings.filter((one) => one.name === name || one.namespace === name).map(({ code }) => code);
const stepsOf = ({ changes }: Translation, is: (change: Change) => boolean): readonly string[] => [
  ...new Set(changes.filter(is).map(({ step }) => step)),
];
const label = 'k8s.ovn.org/egress-assignable';
const labeled = (translation: Translation, name: string): boolean =>
  applied(translation, 'Node', name)?.metadata.labels?.[label] === '';

const network = { annotations: { 'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.100/24"}' } };
const base = [make.clusterNetwork(), make.namespace('default'), make.netNamespace('default', 0)];
const worker = (fields: Readonly<Record<string, unknown>>): KubeObject[] => [
  make.node('w0', '192.168.7.100', network),
  make.hostSubnet('w0', '192.168.7.100', fields),
];
const red = (...egressIPs: readonly string[]): KubeObject[] => [
  make.namespace('red'),
  make.netNamespace('red', 11, { egressIPs }),
];

const stepNames = steps.map(({ name }) => name);

test('labels come before EgressIPs, and HostSubnets are emptied only at the very end', () => {
  const translation = plan(clusters.manual.objects);
  const order = stepNames.filter((step) => translation.changes.some((change) => change.step === step));
  expect(order).toEqual(['keep-placement', 'finalize']);
  const plain = plan(clusters.manual.objects, { keepPlacement: false });
  expect(stepNames.filter((step) => plain.changes.some((change) => change.step === step))).toEqual([
    'label-nodes',
    'egress-ips',
    'finalize',
  ]);
  expect(stepsOf(translation, (change) => change.action === 'clear')).toEqual(['finalize']);
  expect(stepsOf(translation, (change) => change.action === 'apply' && change.object.kind === 'HostSubnet')).toEqual(
    [],
  );
});

test('a rule for 0.0.0.0/32 becomes one for every address', () => {
  expect(applied(plan(clusters.policies.objects), 'EgressFirewall', 'default', 'zero')?.spec?.egress).toEqual([
    { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
  ]);
});

test('several policies of a namespace stay closed', () => {
  expect(applied(plan(clusters.policies.objects), 'EgressFirewall', 'default', 'two')?.spec?.egress?.at(-1)).toEqual({
    type: 'Deny',
    to: { cidrSelector: '0.0.0.0/0' },
  });
});

test('the report names the addresses with which traffic leaves between the two plugins', () => {
  const snapshot = snapshotOf([...base, ...worker({ egressIPs: ['192.168.7.101'] }), ...red('192.168.7.101')]);
  const made = planOf({
    tool: 'test',
    target: 'ovn',
    options: {},
    strict: false,
    snapshot,
    translation: toOVN(snapshot, options),
  });
  const text = markdownReport(
    reportOf({ plan: made, assignedCount: [1], nodeAddresses: ['192.168.7.100'], addresses: undefined }),
  );
  expect(text).toMatch(/## Between the two plugins\n[^#]*then with the address of the node[^#]*\n192\.168\.7\.100\n/);
  expect(made.steps.map(({ name }) => name).slice(-2)).toEqual(['keep-placement', 'finalize']);
});

test('manual placement is kept in labels for the way back, and its loss is said', () => {
  const translation = plan(clusters.manual.objects);
  expect(applied(translation, 'EgressIP', 'egressip-red')?.metadata).toMatchObject({
    labels: { 'placed.sdn-compat/192.168.7.200': 'w0', 'placed.sdn-compat/192.168.7.201': 'w1' },
  });
  expect(applied(translation, 'EgressIP', 'egressip-red')?.metadata.annotations).toBeUndefined();
  expect(codesOn(translation, 'red')).toContain('PinningLost');
});

test('egressCIDRs: [] with manual IPs still labels the node', () => {
  expect(
    labeled(
      plan([...base, ...worker({ egressIPs: ['192.168.7.200'], egressCIDRs: [] }), ...red('192.168.7.200')]),
      'w0',
    ),
  ).toBe(true);
});

test('a HostSubnet without a Node is a finding and hinders nothing', () => {
  const translation = plan(clusters['broken nodes'].objects);
  expect(codesOn(translation, 'lost')).toEqual(['NodeMissing']);
  expect(applied(translation, 'Node', 'lost')).toBeUndefined();
  expect(labeled(translation, 'w0')).toBe(true);
  expect(applied(translation, 'EgressIP', 'egressip-p201')?.spec?.egressIPs).toEqual(['192.168.7.201']);
});

test('requests are translated though no HostSubnet offers any IP', () => {
  const translation = plan(clusters['nothing offered'].objects);
  expect(applied(translation, 'EgressIP', 'egressip-red')?.spec?.egressIPs).toEqual(['192.168.7.200']);
  expect(codesOn(translation, 'red')).toEqual(
    expect.arrayContaining(['EgressIPUnhosted', 'DropBecomesNodeAddress', 'NoAssignableNode']),
  );
});

test('duplicates and node addresses are left out; what was never in use is said', () => {
  const translation = plan(clusters['broken addresses'].objects);
  const made = translation.changes.flatMap((change) =>
    change.action === 'apply' ? ((change.object as Applied).spec?.egressIPs ?? []) : [],
  );
  for (const ip of ['192.168.7.240', '192.168.7.100', '192.168.7.101', '192.168.7.012', 'fe80::1'])
    expect(made).not.toContain(ip);
  expect(codesOn(translation, 'twice-a')).toContain('EgressIPClaimedTwice');
  expect(codesOn(translation, 'twice-b')).toContain('EgressIPClaimedTwice');
  expect(codesOn(translation, 'node-address')).toContain('EgressIPIsNodeAddress');
  expect(codesOn(translation, 'outside')).toEqual(
    expect.arrayContaining(['EgressIPOutsideNetwork', 'DropBecomesNodeAddress']),
  );
  expect(codesOn(translation, 'unhosted')).toContain('EgressIPUnhosted');
});

test('egressCIDRs that no longer bind an egress IP to their nodes are a finding', () => {
  expect(codesOn(plan(clusters.automatic.objects), 'red')).toContain('CIDRRestrictionLost');
});

test('a NetNamespace without Namespace gets no object', () => {
  const translation = plan(clusters['broken addresses'].objects);
  expect(applied(translation, 'EgressIP', 'egressip-gone')).toBeUndefined();
  expect(codesOn(translation, 'gone')).toContain('NamespaceMissing');
  expect(applied(plan(clusters.multicast.objects), 'Namespace', 'gone')).toBeUndefined();
});

test('all joined namespaces keep the IPs, with or without a list of their own', () => {
  const translation = plan(clusters['joined projects'].objects);
  expect(applied(translation, 'EgressIP', 'egressip-api')?.spec?.namespaceSelector).toEqual({
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['api', 'tester', 'web'] }],
  });
  expect(
    translation.changes.filter((change) => change.action === 'apply' && change.object.kind === 'EgressIP'),
  ).toHaveLength(1);
});

test('a policy in VNID 0 stays ignored, and one in a joined VNID closes all its namespaces', () => {
  expect(applied(plan(clusters.multitenant.objects), 'EgressFirewall', 'default', 'monitoring')).toBeUndefined();
  for (const name of ['api', 'tester', 'web'])
    expect(applied(plan(clusters['joined projects'].objects), 'EgressFirewall', 'default', name)).toBeDefined();
});

test('Deny 0.0.0.0/0 is said to cut off the API server, and fixed on demand', () => {
  const translation = plan(clusters.policies.objects);
  expect(codesOn(translation, 'one')).toContain('DenyAllCutsAPIServer');
  expect(
    applied(plan(clusters.policies.objects, { allowAPIServer: true }), 'EgressFirewall', 'default', 'one')?.spec
      ?.egress?.[0],
  ).toEqual({ type: 'Allow', to: { nodeSelector: {} } });
});

test('the annotation of a node has the CIDRs of now, whatever stood in it', () => {
  const old = {
    annotations: {
      ...network.annotations,
      'networkoperator.openshift.io/sdn-to-ovn-migration': '{"EgressCIDRs":["10.0.0.0/8"]}',
    },
  };
  const translation = plan([
    ...base,
    make.node('w0', '192.168.7.100', old),
    make.hostSubnet('w0', '192.168.7.100', { egressCIDRs: ['192.168.7.128/25'] }),
  ]);
  expect(applied(translation, 'Node', 'w0')?.metadata.annotations).toEqual({
    'networkoperator.openshift.io/sdn-to-ovn-migration': '{"EgressCIDRs":["192.168.7.128/25"]}',
  });
  expect(codesOn(translation, 'w0')).toContain('ObjectExists');
});

test('labels and annotations that somebody else wrote are said', () => {
  const translation = plan([
    ...base,
    make.node('w0', '192.168.7.100', { ...network, labels: { [label]: 'yes' } }),
    make.hostSubnet('w0', '192.168.7.100', { egressIPs: ['192.168.7.200'] }),
    make.namespace('red', { annotations: { 'k8s.ovn.org/multicast-enabled': 'false' } }),
    make.netNamespace(
      'red',
      11,
      { egressIPs: ['192.168.7.200'] },
      { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } },
    ),
  ]);
  const clashes = translation.findings
    .filter(({ code }) => code === 'ObjectExists')
    .map(({ kind, name, today }) => `${kind} ${name}: ${today}`);
  expect(clashes).toEqual([
    'Namespace red: The annotation k8s.ovn.org/multicast-enabled is "false"; OpenShift SDN does not look at it.',
    'Node w0: The label k8s.ovn.org/egress-assignable is "yes"; OpenShift SDN does not look at it.',
  ]);
});

test('the cloud gives addresses back before EgressIPs ask for them', () => {
  const translation = plan(clusters.cloud.objects);
  expect(stepsOf(translation, (change) => change.action === 'delete')).toEqual(['release-cloud-addresses']);
  expect(stepNames.indexOf('release-cloud-addresses')).toBeLessThan(stepNames.indexOf('egress-ips'));
  expect(translation.changes.filter(({ action }) => action === 'delete')).toHaveLength(2);
});

test('standby nodes get the label too', () => {
  const translation = plan(clusters['standby nodes'].objects);
  for (const name of ['w0', 'w1', 'w2']) expect(labeled(translation, name)).toBe(true);
  expect(codesOn(translation, 'w1')).toEqual(['StandbyNode']);
});

test('a namespace that SDN drops stays closed on demand, and reaches the nodes still', () => {
  const { objects } = clusters['nothing offered, kept closed'];
  expect(applied(plan(objects), 'EgressFirewall', 'default', 'red')?.spec?.egress).toEqual([
    { type: 'Allow', to: { cidrSelector: '0.0.0.0/0' } },
  ]);
  expect(applied(plan(objects, { keepClosed: true }), 'EgressFirewall', 'default', 'red')?.spec?.egress).toEqual([
    { type: 'Allow', to: { nodeSelector: {} } },
    { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
  ]);
});

test('a plan of some concerns or namespaces touches nothing else', () => {
  const { objects } = clusters['joined projects'];
  const kinds = (translation: Translation): readonly string[] =>
    [
      ...new Set(
        translation.changes.map((change) =>
          change.action === 'apply' ? (change.object.kind ?? '') : change.object.kind,
        ),
      ),
    ].sort();
  expect(kinds(plan(objects, { only: ['egressip'] }))).toEqual(['EgressIP', 'HostSubnet', 'NetNamespace', 'Node']);
  expect(kinds(plan(objects, { only: ['firewall'] }))).toEqual(['EgressFirewall', 'EgressNetworkPolicy']);
  expect(kinds(plan(objects, { only: ['isolation'] }))).toEqual(['NetworkPolicy']);
  expect(kinds(plan(objects, { only: ['multicast'] }))).toEqual([]);
  const one = plan(clusters['one namespace only'].objects, { namespaces: ['red'], prefix: 'sdn' });
  expect(kinds(one)).toEqual(['EgressIP', 'NetNamespace', 'Node']);
  expect(applied(one, 'EgressIP', 'sdn-red')).toBeDefined();
});
