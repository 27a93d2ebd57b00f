/** Scenarios in the format of the conformance data. */
import fc from 'fast-check';
import { runScenario } from '../../../src/model/simulation/scenario.ts';
import { scenarios } from '../../conformance/scenarios.ts';
import { valid } from '../parsed.ts';

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  '%s ends as it was recorded',
  (_, scenario) => {
    const bare = scenario.steps.map((step) => ({ ...step, state: undefined }));
    const ran = valid(runScenario({ name: scenario.name, steps: bare }));
    expect(ran).toMatchObject({ name: scenario.name, steps: scenario.steps });
  },
);

const host = { op: 'hostsubnet', name: 'a', host: 'a', hostIP: '192.168.7.11', subnet: '10.128.0.0/23' } as const;
const auto = { ...host, egressCIDRs: ['192.168.8.0/24'] };
const namespace = { op: 'netnamespace', name: 'one', netid: 42, egressIPs: ['192.168.8.1'] };
const run = (...steps: unknown[]) => runScenario({ steps });
const problem = (...steps: unknown[]): string => {
  const ran = run(...steps);
  return ran.ok ? '' : `${ran.error.field} ${ran.error.reason}`;
};

test('without a reference a step of assignment writes its own result', () => {
  expect(run(namespace, auto, { op: 'reallocate' })).toMatchObject({
    ok: true,
    value: {
      steps: [
        { state: { assigned: {}, namespaces: { 42: { kind: 'dropped' } } } },
        {},
        {
          op: 'reallocate',
          allocation: { a: ['192.168.8.1'] },
          state: {
            assigned: { '192.168.8.1': '192.168.7.11' },
            namespaces: { 42: { kind: 'via', hops: [{ egressIP: '192.168.8.1', nodeIP: '192.168.7.11' }] } },
          },
        },
      ],
    },
  });
});

test('with a reference the lists are those of the reference; nodes that it does not name keep theirs', () => {
  const other = { ...host, name: 'b', host: 'b', hostIP: '192.168.7.12', egressIPs: ['192.168.8.1'] };
  expect(run(namespace, auto, { op: 'reallocate', reference: { a: [] } })).toMatchObject({
    value: { steps: [{}, {}, { allocation: { a: ['192.168.8.1'] }, state: { assigned: {} } }] },
  });
  expect(run(namespace, auto, other, { op: 'reallocate', reference: { a: ['192.168.8.9/24'] } })).toMatchObject({
    value: { steps: [{}, {}, {}, { state: { assigned: { '192.168.8.1': '192.168.7.12' } } }] },
  });
});

test('an absent HostSubnet that is to be emptied is empty after the step, and its IP is placed by the next', () => {
  const broken = { ...auto, name: 'b', host: 'b', subnet: '', egressIPs: ['192.168.8.1'] };
  const step = { op: 'reallocate' };
  expect(run(namespace, auto, broken, step, step)).toMatchObject({
    value: { steps: [{}, {}, {}, { allocation: { a: [] } }, { allocation: { a: ['192.168.8.1'] } }] },
  });
  const byHand = { ...broken, egressCIDRs: [] };
  expect(run(namespace, auto, byHand, step, step)).toMatchObject({
    value: { steps: [{}, {}, {}, { allocation: { a: [] } }, { allocation: { a: [] } }] },
  });
});

test('all namespaces of a VNID are deleted together, and no other', () => {
  const steps = [namespace, { ...namespace, name: 'two' }, { ...namespace, name: 'three', netid: 43 }];
  expect(run(...steps, { op: 'deleteNetnamespace', netid: 42 })).toMatchObject({
    value: { steps: [{}, {}, {}, { state: { namespaces: { 43: { kind: 'dropped' } } } }] },
  });
  const ran = valid(run(...steps, { op: 'deleteNetnamespace', netid: 42 }));
  expect(JSON.stringify(ran)).not.toContain('"kind":"via"');
});

test.each<readonly [string, unknown, string]>([
  ['no object', 7, ' is not an object'],
  ['no steps', {}, 'steps is not a list'],
])('a scenario that is %s is refused', (_what, scenario, text) => {
  const ran = runScenario(scenario);
  expect(ran.ok ? '' : `${ran.error.field} ${ran.error.reason}`).toBe(text);
});

test.each<readonly [unknown, string]>([
  [7, ' is not an object'],
  [{ op: 'x' }, '.op "x" is no operation'],
  [{}, '.op undefined is no operation'],
  [{ ...host, name: undefined }, '.name is missing'],
  [{ ...host, name: 7 }, '.name is not a text'],
  [{ ...host, name: '' }, '.name is not a text'],
  [{ ...host, hostIP: 7 }, '.hostIP is not a text'],
  [{ op: 'deleteHostsubnet' }, '.name is missing'],
  [{ op: 'netnamespace' }, '.name is missing'],
  [{ op: 'netnamespace', name: 'one' }, '.netid is missing'],
  [{ op: 'netnamespace', name: 'one', netid: -1 }, '.netid -1 is not a VNID: it must be an integer from 0 to 16777215'],
  [{ op: 'deleteNetnamespace', netid: '7' }, '.netid is not a number'],
  [{ op: 'nodeOffline', offline: true }, '.nodeIP is missing'],
  [{ op: 'nodeOffline', nodeIP: 'x', offline: true }, '.nodeIP "x" is not an IP address'],
  [{ op: 'nodeOffline', nodeIP: '192.168.7.11' }, '.offline is not true or false'],
  [{ op: 'reallocate', reference: [] }, '.reference is not an object'],
  [{ op: 'reallocate', reference: { a: 7 } }, '.reference.a is not a list'],
  [{ op: 'reallocate', reference: { a: ['192.168.8.1', 7] } }, '.reference.a[1] is not a text'],
  [{ op: 'reallocate', reference: { a: ['x'] } }, '.reference.a[0] "x" is not an IP address'],
])('the step %j is refused by its index and field', (step, text) => {
  expect(problem(host, step)).toBe(`steps[1]${text}`);
});

test('whatever a scenario holds, it runs or is refused', () => {
  const step = fc.record({
    op: fc.constantFrom('hostsubnet', 'netnamespace', 'nodeOffline', 'reallocate', 'deleteNetnamespace'),
    name: fc.anything(),
    reference: fc.anything(),
    nodeIP: fc.anything(),
    netid: fc.anything(),
  });
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.record({ steps: fc.array(step) })), (scenario) => {
      expect(typeof runScenario(scenario).ok).toBe('boolean');
    }),
  );
});

test('a step with labels of a Node counts from the next assignment on', () => {
  const selecting = { ...namespace, annotations: { 'egress.sdn-compat.io/node-selector': 'zone=a' } };
  const labels = { op: 'nodeLabels', name: 'a', labels: { zone: 'a' } };
  const step = { op: 'reallocate' };
  expect(run(selecting, auto, step, labels, step, { ...labels, labels: {} }, step, step)).toMatchObject({
    value: {
      steps: [
        ...[{}, {}, { allocation: { a: [] } }, {}, { allocation: { a: ['192.168.8.1'] } }, {}],
        ...[{ allocation: { a: [] } }, { allocation: { a: [] } }],
      ],
    },
  });
  expect(problem({ ...labels, labels: { zone: 1 } })).toMatch(/^steps\[0\].labels /);
  expect(problem({ ...labels, name: '' })).toBe('steps[0].name is not a text');
});
