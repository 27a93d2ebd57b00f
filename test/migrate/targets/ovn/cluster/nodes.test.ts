import { nodePart } from '../../../../../src/migrate/targets/ovn/cluster/nodes.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../../snapshots.ts';
import { assignable, downWorker, first, primary, project, second, worker } from '../cluster-of.ts';

const cidrs = 'networkoperator.openshift.io/sdn-to-ovn-migration';
function part(objects: readonly KubeObject[]) {
  const { changes, findings } = nodePart(contextFrom(objects));
  return {
    made: changes.map((change) =>
      change.action === 'apply'
        ? [change.step, change.object.metadata, change.from.map(({ kind, name }) => `${kind} ${name}`)]
        : [],
    ),
    findings: findings.map(({ code, severity, kind, name, today }) => `${code} ${severity} ${kind} ${name}: ${today}`),
  };
}
const findings = (objects: readonly KubeObject[]): readonly string[] => part(objects).findings;
const codes = (objects: readonly KubeObject[]): readonly string[] =>
  findings(objects).map((text) => text.split(':')[0] ?? '');

describe('a node gets the label', () => {
  it('if its HostSubnet lists egress IPs', () => {
    expect(part([...worker(1, { egressIPs: [first] }), ...project('shop', 10, [first])])).toEqual({
      made: [['label-nodes', { name: 'n1', labels: assignable }, ['HostSubnet n1']]],
      findings: [],
    });
  });

  it('if its HostSubnet offers CIDRs, which an annotation keeps', () => {
    const [[, metadata] = []] = part(worker(1, { egressCIDRs: ['192.168.7.0/24', '10.0.0.0/8'] })).made;
    expect(metadata).toEqual({
      name: 'n1',
      labels: assignable,
      annotations: { [cidrs]: '{"EgressCIDRs":["192.168.7.0/24","10.0.0.0/8"]}' },
    });
  });

  it('not if it offers nothing, or if there is no node', () => {
    expect(part(worker(1)).made).toEqual([]);
    const host = make.hostSubnet('n2', '192.168.7.12', { egressIPs: [first] });
    expect(part([...worker(1), host]).made).toEqual([]);
  });

  it('and is reported if it has it with another value', () => {
    const labels = { 'k8s.ovn.org/egress-assignable': 'yes' };
    expect(codes([...worker(1, { egressIPs: [first] }, { labels }), ...project('shop', 10, [first])])).toEqual([
      'ObjectExists warning Node n1',
    ]);
  });
});

describe('a node that will host', () => {
  it('must be Ready', () => {
    expect(findings([...downWorker(1, { egressIPs: [first] }), ...project('shop', 10, [first])])).toEqual([
      `NodeUnready warning Node n1: Node n1 is not Ready, so ${first} on it is not in use.`,
    ]);
    expect(codes(downWorker(1))).toEqual([]);
  });

  it('has the label already and offers nothing: it joins the pool', () => {
    expect(codes(worker(1, {}, { labels: assignable }))).toEqual(['NodeAlreadyAssignable warning Node n1']);
    const offering = worker(1, { egressIPs: [first] }, { labels: assignable });
    expect(codes([...offering, ...project('shop', 10, [first])])).toEqual([]);
  });

  const withAddresses = (addresses: readonly string[], fields: object = {}, annotations: object = {}) => [
    make.any(
      'v1',
      'Node',
      { name: 'n1', annotations: { ...primary('192.168.7.11'), ...annotations } },
      { status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) } },
    ),
    make.hostSubnet('n1', '192.168.7.11', { ...fields }),
    ...project('shop', 10, [first]),
  ];

  it('must not have an egress IP among its addresses', () => {
    expect(findings(withAddresses(['192.168.7.11', first], { egressIPs: [first] }))).toEqual([
      `AddressOnNIC warning Node n1: ${first} is on an interface of node n1, and counts among the node's addresses.`,
    ]);
  });

  it('has one address, or is reported if it hosts', () => {
    const two = ['192.168.7.11', '10.0.0.1'];
    expect(findings(withAddresses(two, { egressIPs: [first] }))).toEqual([
      'AddressOnNIC info Node n1: Node n1 has more than one address: 192.168.7.11, 10.0.0.1.',
    ]);
    expect(codes(withAddresses(two))).toEqual([]);
    expect(codes(withAddresses(['192.168.7.11', 'fd00::1'], { egressIPs: [first] }))).toEqual([]);
  });

  it('has a network that is known, else one finding names all', () => {
    const unknown = ['n1', 'n2'].flatMap((name, index) => [
      make.node(name, `192.168.7.1${index}`),
      make.hostSubnet(name, `192.168.7.1${index}`, { egressCIDRs: ['192.168.7.0/24'] }),
    ]);
    const standby = unknown
      .filter(({ kind }) => kind === 'Node')
      .map(({ metadata }) => `StandbyNode info HostSubnet ${metadata.name ?? ''}`);
    expect(codes(unknown)).toEqual([...standby, 'NodeNetworkUnknown warning Node n1']);
    expect(findings(unknown).at(-1)).toMatch(/addresses of n1, n2\.$/);
    expect(codes([make.node('n1', '192.168.7.11'), make.hostSubnet('n1', '192.168.7.11')])).toEqual([]);
  });
});

describe('a HostSubnet', () => {
  it('that offers and has nothing is a standby, also where the placement is kept', () => {
    const offering = worker(1, { egressCIDRs: ['192.168.7.0/24'] });
    expect(codes(offering)).toEqual(['StandbyNode info HostSubnet n1']);
    expect(nodePart(contextFrom(offering)).findings[0]?.tomorrow).toMatch(/^It gets the label too/);
    const kept = [...offering, ...worker(2, { egressIPs: [first] }), ...project('shop', 10, [first])];
    expect(nodePart(contextFrom(kept)).findings[0]?.tomorrow).toMatch(/^It gets the label last/);
    expect(codes(worker(1, { egressCIDRs: ['192.168.7.0/24'], egressIPs: [first] }))).toEqual([]);
  });

  it('that lists what nobody requests says so, unless the controller put it there', () => {
    const objects = [...worker(1, { egressIPs: [first, second] }), ...project('shop', 10, [first])];
    expect(findings(objects)).toEqual([
      `EgressIPUnrequested info HostSubnet n1: HostSubnet n1 lists ${second}, which no NetNamespace requests.`,
    ]);
  });

  it('without a Node is left over', () => {
    const host = make.hostSubnet('n2', '192.168.7.12', { egressIPs: [first] });
    expect(findings([...worker(1), host, ...project('shop', 10, [first])])).toEqual([
      `NodeMissing warning HostSubnet n2: HostSubnet n2 (192.168.7.12) has no Node. It lists ${first}.`,
    ]);
  });

  it('is that of a host outside if an annotation says so', () => {
    const { metadata, ...host } = make.hostSubnet('f5', '192.168.7.50');
    const outside = {
      ...host,
      metadata: { ...metadata, annotations: { 'pod.network.openshift.io/assign-subnet': '' } },
    };
    expect(codes([...worker(1), outside])).toEqual(['SubnetHost warning HostSubnet f5']);
  });

  it('that is invalid counts as absent, for each of its fields', () => {
    expect(findings([...worker(1), make.hostSubnet('n2', '192.168.7.12', { subnet: 'x' })])[0]).toMatch(
      /^HostSubnetInvalid warning HostSubnet n2: subnet: /,
    );
  });

  it('that lost its subnet to another is invalid too, once', () => {
    const host = make.hostSubnet('n2', '192.168.7.12', { subnet: '10.128.11.0/24' });
    const all = findings([
      ...worker(1),
      make.node('n2', '192.168.7.12', { annotations: primary('192.168.7.12') }),
      host,
    ]);
    expect(all.filter((one) => one.startsWith('HostSubnetInvalid'))).toEqual([
      expect.stringMatching(/^HostSubnetInvalid warning HostSubnet n[12]: subnet: /),
    ]);
  });
});
