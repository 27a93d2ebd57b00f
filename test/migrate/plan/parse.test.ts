import { parseFindings, parsePlacement, parsePlan } from '../../../src/migrate/plan/parse.ts';
import { targets } from '../../../src/migrate/targets.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make } from '../snapshots.ts';

const eip = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'e' }, { spec: { egressIPs: [] } });
const pod = make.any('v1', 'Pod', { name: 'p', namespace: 'shop' }, {});
const objects = new Map<string, KubeObject>([
  ['objects/e.yaml', eip],
  ['objects/p.yaml', pod],
]);
const netNamespace = { apiVersion: 'network.openshift.io/v1', kind: 'NetNamespace', name: 'shop' };
const apply = { action: 'apply', file: 'objects/e.yaml', from: [netNamespace] };
const step = (name: string, ...changes: readonly unknown[]): object => ({ name, description: 'what it does', changes });
const switchStep = step('switch');
const plan = {
  formatVersion: 2,
  id: '0123456789',
  cluster: 'uid',
  tool: 'test 1',
  target: 'ovn',
  options: { prefix: 'egressip' },
  strict: true,
  incomplete: ['pods: forbidden'],
  steps: [switchStep, step('egress-ips', apply)],
};
const parsed = (changes: object) => parsePlan({ ...plan, ...changes }, objects);
const steps = (...all: readonly unknown[]) => parsed({ steps: all });
const changed = (change: unknown, name = 'egress-ips') => steps(switchStep, step(name, change));
const wrong = (field: string, reason: string) => ({ ok: false, error: { field, reason } });

describe('a plan', () => {
  it('is read with its objects filled in', () => {
    const { formatVersion, ...rest } = plan;
    expect(formatVersion).toBe(2);
    expect(parsed({})).toEqual({
      ok: true,
      value: {
        ...rest,
        steps: [
          { name: 'switch', description: 'what it does', changes: [] },
          {
            name: 'egress-ips',
            description: 'what it does',
            changes: [{ action: 'apply', step: 'egress-ips', object: eip, from: [netNamespace] }],
          },
        ],
      },
    });
  });

  it('may lack the cluster and what is incomplete, and has no id in the first format', () => {
    expect(parsed({ cluster: undefined, incomplete: undefined })).toMatchObject({
      ok: true,
      value: { cluster: undefined, incomplete: [] },
    });
    expect(parsed({ formatVersion: 1, id: undefined })).toMatchObject({ ok: true, value: { id: '' } });
  });

  it.each<readonly [object, string, string]>([
    [{ strict: 'yes' }, 'strict', '"yes" is neither true nor false'],
    [{ strict: undefined }, 'strict', 'none is neither true nor false'],
    [{ id: '0123' }, 'id', '"0123" is no id of a plan: ten hexadecimal digits'],
    [{ id: '0123456789a' }, 'id', '"0123456789a" is no id of a plan: ten hexadecimal digits'],
    [{ id: undefined }, 'id', 'none is no text'],
    [{ tool: '' }, 'tool', '"" is no text'],
    [{ target: 'calico' }, 'target', `"calico" is none of ${targets.map(({ name }) => name).join(', ')}`],
    [{ options: [] }, 'options', '[] is no mapping'],
    [{ incomplete: [7] }, 'incomplete[0]', '7 is no text'],
    [{ cluster: 7 }, 'cluster', '7 is no text'],
    [{ steps: {} }, 'steps', '{} is no list'],
    [{ more: 1 }, 'more', 'there is no such field'],
  ])('is refused with %j', (changes, field, reason) => {
    expect(parsed(changes)).toEqual(wrong(field, reason));
  });

  it('is refused if it is no mapping at all', () => {
    expect(parsePlan([plan], objects)).toMatchObject({ ok: false, error: { field: '' } });
  });
});

describe('the steps of a plan', () => {
  it('come in their order, each once, and the switch is one of them', () => {
    expect(steps(step('egress-ips'), switchStep)).toEqual(
      wrong('steps[1].name', 'switch may not come after egress-ips'),
    );
    expect(steps(switchStep, switchStep)).toEqual(wrong('steps[1].name', 'switch may not come after switch'));
    expect(steps(step('egress-ips'))).toEqual(wrong('steps', 'the step switch is missing'));
    expect(steps(step('label-nodes'), switchStep, step('egress-ips'), step('finalize')).ok).toBe(true);
  });

  it.each<readonly [unknown, string, string]>([
    [7, 'steps[0]', '7 is no mapping'],
    [{ name: 'switch', description: 'x', changes: [], more: 1 }, 'steps[0].more', 'there is no such field'],
    [{ name: 'switch', description: '', changes: [] }, 'steps[0].description', '"" is no text'],
    [{ name: 'switch', description: 'x' }, 'steps[0].changes', 'none is no list'],
  ])('are refused with %j', (one, field, reason) => {
    expect(steps(one)).toEqual(wrong(field, reason));
  });

  it('have names that are known', () => {
    expect(steps(step('lunch'))).toMatchObject({ ok: false, error: { field: 'steps[0].name' } });
  });

  it('change nothing at the switch', () => {
    expect(steps(step('switch', apply))).toEqual(wrong('steps[0].changes', 'the switch is yours: it has no changes'));
  });

  it('change an object once, and once more at the end', () => {
    const remove = {
      action: 'delete',
      object: { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', name: 'e' },
      from: [],
    };
    expect(steps(switchStep, step('egress-ips', apply), step('egress-routers', remove))).toEqual(
      wrong('steps[2].changes[0]', 'EgressIP e is changed by steps[1].changes[0] already'),
    );
    expect(steps(switchStep, step('egress-ips', apply, apply))).toMatchObject({ ok: false });
    expect(steps(switchStep, step('egress-ips', apply), step('finalize', remove)).ok).toBe(true);
  });
});

describe('a change', () => {
  const remove = { action: 'delete', object: netNamespace, from: [] };
  const clear = { action: 'clear', object: netNamespace, patch: { egressIPs: null } };
  const at = 'steps[1].changes[0]';

  it('deletes or clears what it names', () => {
    expect(changed(remove)).toMatchObject({
      ok: true,
      value: { steps: [{}, { changes: [{ ...remove, step: 'egress-ips' }] }] },
    });
    expect(changed(clear, 'finalize')).toMatchObject({
      ok: true,
      value: { steps: [{}, { changes: [{ ...clear, step: 'finalize' }] }] },
    });
  });

  it('names a namespaced object with its namespace', () => {
    const object = { ...netNamespace, apiVersion: 'k8s.ovn.org/v1', kind: 'EgressFirewall', namespace: 'shop' };
    expect(changed({ ...remove, object })).toMatchObject({
      ok: true,
      value: { steps: [{}, { changes: [{ object }] }] },
    });
  });

  it('clears only at the end', () => {
    expect(changed(clear)).toEqual(wrong(`${at}.action`, '"clear" is for the step finalize, not for egress-ips'));
  });

  it('is only of kinds that a plan may touch', () => {
    expect(changed({ action: 'apply', file: 'objects/p.yaml', from: [] })).toEqual(
      wrong(at, 'Pod (v1) is no kind that a plan may touch'),
    );
  });

  it.each<readonly [unknown, string, string]>([
    [7, at, '7 is no mapping'],
    [{ ...apply, action: 'create' }, `${at}.action`, '"create" is none of apply, delete, clear'],
    [{ ...apply, file: 'x.yaml' }, `${at}.file`, 'there is no "x.yaml" in the folder'],
    [{ ...apply, object: netNamespace }, `${at}.object`, 'there is no such field'],
    [{ ...apply, from: undefined }, `${at}.from`, 'none is no list'],
    [{ ...remove, patch: {} }, `${at}.patch`, 'there is no such field'],
    [{ ...remove, object: 'NetNamespace shop' }, `${at}.object`, '"NetNamespace shop" is no mapping'],
    [{ ...remove, object: { ...netNamespace, uid: 'u' } }, `${at}.object.uid`, 'there is no such field'],
    [{ ...remove, object: { ...netNamespace, name: 7 } }, `${at}.object.name`, '7 is no text'],
    [{ ...remove, object: { ...netNamespace, namespace: '' } }, `${at}.object.namespace`, '"" is no text'],
    [{ ...clear, from: [] }, `${at}.from`, 'there is no such field'],
  ])('is refused with %j', (change, field, reason) => {
    expect(changed(change)).toEqual(wrong(field, reason));
  });

  it.each<readonly [object, string, string]>([
    [{ annotations: { a: 'b' } }, 'metadata.annotations["a"]', 'must be null, which removes it'],
    [{ labels: ['a'] }, 'metadata.labels', '["a"] is no mapping'],
    [{ name: null }, 'metadata.name', 'there is no such field'],
  ])('is refused with a patch of metadata like %j, which clears nothing', (metadata, field, reason) => {
    expect(changed({ ...clear, patch: { metadata } }, 'finalize')).toEqual(wrong(`${at}.patch.${field}`, reason));
  });

  it('may clear labels and annotations', () => {
    const patch = { egressIPs: ['192.168.7.101'], metadata: { labels: { a: null }, annotations: { b: null } } };
    expect(changed({ ...clear, patch }, 'finalize')).toMatchObject({
      value: { steps: [{}, { changes: [{ action: 'clear', patch }] }] },
    });
  });

  it('is refused with a patch that is none', () => {
    expect(changed({ ...clear, patch: null }, 'finalize')).toEqual(wrong(`${at}.patch`, 'null is no mapping'));
  });
});

describe('findings', () => {
  const finding = {
    severity: 'info',
    code: 'PinningLost',
    kind: 'NetNamespace',
    name: 'shop',
    today: 'a',
    tomorrow: 'b',
    action: 'c',
  };
  const lost = { what: 'it', span: 'for-good' };

  it('are read with namespace and loss if they have them', () => {
    const full = { ...finding, namespace: 'shop', lost };
    expect(parseFindings([finding, full])).toEqual({ ok: true, value: [finding, full] });
  });

  it.each<readonly [object, string, string]>([
    [{ severity: 'fatal' }, '[0].severity', '"fatal" is none of blocker, warning, info'],
    [{ kind: '' }, '[0].kind', '"" is no text'],
    [{ namespace: 7 }, '[0].namespace', '7 is no text'],
    [{ action: undefined }, '[0].action', 'none is no text'],
    [{ lost: 'it' }, '[0].lost', '"it" is no mapping'],
    [{ lost: { ...lost, what: '' } }, '[0].lost.what', '"" is no text'],
    [
      { lost: { ...lost, span: 'a year' } },
      '[0].lost.span',
      '"a year" is none of reboots, until-apply, until-fixed, for-good',
    ],
  ])('are refused with %j', (changes, field, reason) => {
    expect(parseFindings([{ ...finding, ...changes }])).toEqual(wrong(field, reason));
  });
});

describe('the placement', () => {
  const place = { today: ['n1'], allowed: ['n1', 'n2'] };

  it('is read by egress IP, with the node where one is expected', () => {
    const found = parsePlacement({ a: place, b: { ...place, expected: 'n1' } });
    expect(found.ok ? Object.fromEntries(found.value) : found.error).toEqual({
      a: place,
      b: { ...place, expected: 'n1' },
    });
    expect(found.ok && found.value.get('a')).not.toHaveProperty('expected');
  });

  it.each<readonly [unknown, string, string]>([
    [[], '', '[] is no mapping'],
    [{ a: 7 }, 'a', '7 is no mapping'],
    [{ a: { ...place, today: 'n1' } }, 'a.today', '"n1" is no list'],
    [{ a: { ...place, allowed: [null] } }, 'a.allowed[0]', 'null is no text'],
    [{ a: { ...place, expected: 7 } }, 'a.expected', '7 is no text'],
  ])('is refused with %j', (value, field, reason) => {
    expect(parsePlacement(value)).toEqual(wrong(field, reason));
  });
});
