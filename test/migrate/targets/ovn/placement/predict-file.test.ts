import { predictLine } from '../../../../../src/migrate/targets/ovn/placement/predict-file.ts';

const node = { name: 'n1', primaryIfAddr: '192.168.7.11/24', assignable: true, ready: true };
const claim = { name: 'e', egressIPs: ['192.168.7.101'] };
const line = { name: 'one', nodes: [node], egressIPs: [claim] };

describe('a line', () => {
  it('is a cluster, and what becomes of its egress IPs', () => {
    expect(predictLine(line)).toEqual({
      ok: true,
      value: { name: 'one', allowed: { '192.168.7.101': ['n1'] }, assignedCount: [1] },
    });
  });

  it.each([
    ['is not assignable', { assignable: false }],
    ['is not Ready', { ready: false }],
    ['is on another network', { primaryIfAddr: '10.0.0.1/24' }],
    ['has the address itself', { primaryIfAddr: '192.168.7.101/24' }],
  ])('assigns nothing to a node that %s', (_what, changes) => {
    expect(predictLine({ ...line, nodes: [{ ...node, ...changes }] })).toEqual({
      ok: true,
      value: { name: 'one', allowed: { '192.168.7.101': [null] }, assignedCount: [0] },
    });
  });
});

describe('a line that is wrong', () => {
  const nodes = (changes: object) => ({ ...line, nodes: [node, { ...node, ...changes }] });
  const claims = (changes: object) => ({ ...line, egressIPs: [{ ...claim, ...changes }] });

  it.each<readonly [unknown, string, string]>([
    [[], '', 'is not an object'],
    [{ ...line, name: 7 }, 'name', 'is not a text'],
    [{ ...line, nodes: {} }, 'nodes', 'is not a list'],
    [{ ...line, nodes: [7] }, 'nodes[0]', 'is not an object'],
    [nodes({ name: undefined }), 'nodes[1].name', 'is not a text'],
    [nodes({ primaryIfAddr: 7 }), 'nodes[1].primaryIfAddr', 'is not a text'],
    [nodes({ assignable: 'yes' }), 'nodes[1].assignable', 'is neither true nor false'],
    [nodes({ ready: undefined }), 'nodes[1].ready', 'is neither true nor false'],
    [{ ...line, egressIPs: undefined }, 'egressIPs', 'is not a list'],
    [{ ...line, egressIPs: ['x'] }, 'egressIPs[0]', 'is not an object'],
    [claims({ name: undefined }), 'egressIPs[0].name', 'is not a text'],
    [claims({ egressIPs: '192.168.7.101' }), 'egressIPs[0].egressIPs', 'is not a list'],
    [claims({ egressIPs: ['192.168.7.101', 7] }), 'egressIPs[0].egressIPs[1]', 'is not a text'],
  ])('names the field: %j', (value, field, reason) => {
    expect(predictLine(value)).toEqual({ ok: false, error: { field, reason } });
  });

  it('names the field also where it is a text that is no address', () => {
    const found = predictLine(nodes({ primaryIfAddr: '192.168.7.11' }));
    expect(found).toMatchObject({ ok: false, error: { field: 'nodes[1].primaryIfAddr' } });
  });
});
