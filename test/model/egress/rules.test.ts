/** Which address a packet leaves with, by the rules of its VNID. */
import {
  choiceFor,
  joinedBandwidth,
  joinedRules,
  notSelected,
  rulesForPod,
  rulesText,
  unrequested,
} from '../../../src/model/egress/rules.ts';
import { egressState } from '../../../src/model/egress/state.ts';
import { bandwidthAnnotation, ruleAnnotations } from '../../../src/model/objects/egressrules.ts';
import { cidr, hostSubnet, ip, netNamespace } from '../parsed.ts';

const { destinations, except, destinationIPs, podSelector } = ruleAnnotations;
const [one, two] = ['192.168.8.1', '192.168.8.2'] as const;
const namespace = (name: string, annotations: Readonly<Record<string, string>>) =>
  netNamespace(name, 42, [one, two], annotations);

/** `node`, `any`, or the one egress IP. */
function way(annotations: Readonly<Record<string, string>>, to: string, excluded: readonly string[] = []): string {
  const [destination = '', protocol = 'icmp', port] = to.split(' ');
  const { rules } = joinedRules([namespace('red', annotations)], excluded.map(cidr));
  const packet = { destination: ip(destination), protocol, port: port === undefined ? undefined : Number(port) };
  const choice = choiceFor(rules, packet);
  return choice.kind === 'only' ? choice.egressIP : choice.kind;
}

test('without rules everything takes any egress IP', () => {
  expect([way({}, '10.1.2.3'), way({}, '10.1.2.3 tcp 443')]).toEqual(['any', 'any']);
  expect(way({ [destinations]: 'bogus' }, '10.1.2.3')).toBe('any');
});

test('only what destinations name takes one, less what is excepted', () => {
  const only = { [destinations]: '10.0.0.0/8,tcp:443' };
  expect(way(only, '10.1.2.3')).toBe('any');
  expect(way(only, '11.1.2.3')).toBe('node');
  expect([way(only, '11.1.2.3 tcp 443'), way(only, '11.1.2.3 udp 443')]).toEqual(['any', 'node']);
  const less = { ...only, [except]: '10.1.0.0/16,tcp:10.2.0.0/16:80' };
  expect([way(less, '10.1.2.3 tcp 443'), way(less, '10.2.2.3 tcp 80')]).toEqual(['node', 'node']);
  expect([way(less, '10.2.2.3 tcp 81'), way(less, '10.2.2.3')]).toEqual(['any', 'any']);
});

test('what the cluster excludes takes none, whatever the namespace says', () => {
  expect(way({}, '10.1.2.3', ['10.0.0.0/8'])).toBe('node');
  expect(way({}, '11.1.2.3', ['10.0.0.0/8'])).toBe('any');
  expect(way({ [destinations]: '10.1.2.3', [destinationIPs]: `10.1.2.3=${one}` }, '10.1.2.3', ['10.1.0.0/16'])).toBe(
    'node',
  );
});

test('the longest network decides which egress IP, and only for what takes one', () => {
  const pairs = { [destinationIPs]: `10.0.0.0/8=${one},10.1.0.0/16=${two}` };
  expect([way(pairs, '10.2.0.1'), way(pairs, '10.1.0.1'), way(pairs, '11.0.0.1')]).toEqual([one, two, 'any']);
  const ruled = { ...pairs, [destinations]: 'tcp:443', [except]: '10.1.5.0/24' };
  expect([way(ruled, '10.1.0.1 tcp 443'), way(ruled, '10.1.0.1 tcp 80')]).toEqual([two, 'node']);
  expect(way(ruled, '10.1.5.1 tcp 443')).toBe('node');
});

test('namespaces that share a VNID have rules together only if they say the same', () => {
  const rules = { [destinations]: '10.0.0.0/8' };
  const [red, blue] = [namespace('red', rules), namespace('blue', rules)];
  expect(joinedRules([red, blue], [])).toEqual({ rules: red.rules, disagree: false });
  expect(joinedRules([red, namespace('blue', {})], [])).toEqual({ rules: undefined, disagree: true });
  expect(joinedRules([namespace('blue', {}), red], [])).toEqual({ rules: undefined, disagree: true });
  // one that cannot be read says nothing
  expect(joinedRules([namespace('red', { [except]: 'x' }), namespace('blue', {})], [])).toEqual({
    rules: undefined,
    disagree: false,
  });
  const { rules: left } = joinedRules([red, namespace('blue', {})], [cidr('172.16.0.0/12')]);
  expect(rulesText(left)).toBe('[null,["172.16.0.0/12"],[]]');
});

test('pairs may name what the namespace does not request', () => {
  const { rules } = namespace('red', { [destinationIPs]: `10.0.0.0/8=192.168.8.9,11.0.0.0/8=${one}` });
  expect(unrequested(rules, [ip(one)])).toEqual(['192.168.8.9']);
  expect(unrequested(undefined, [])).toEqual([]);
});

test('a VNID has its rules in its state, whether it has a way out or not', () => {
  const red = namespace('red', { [destinations]: '10.0.0.0/8' });
  const state = (egressIPs: string[]) =>
    egressState({ hostSubnets: [hostSubnet('node-1', { egressIPs })], netNamespaces: [red], offline: new Set() });
  expect(state([one]).vnids.get(red.vnid)).toMatchObject({ kind: 'via', rules: red.rules });
  expect(state([]).vnids.get(red.vnid)).toMatchObject({ kind: 'dropped', rules: red.rules });
});

describe('rules that select pods', () => {
  const { rules } = namespace('red', { [podSelector]: 'app=web,!legacy', [destinations]: '10.0.0.0/8' });
  const packet = { destination: ip('10.1.2.3'), protocol: 'tcp', port: 443 };
  const wayOf = (labels: Readonly<Record<string, string>> | undefined): string =>
    choiceFor(
      rulesForPod(rules, () => labels),
      packet,
    ).kind;

  test('are for those alone, and for whose labels nobody knows', () => {
    expect([wayOf({ app: 'web' }), wayOf({ app: 'web', other: 'x' }), wayOf(undefined)]).toEqual(['any', 'any', 'any']);
    expect([wayOf({}), wayOf({ app: 'db' }), wayOf({ app: 'web', legacy: '' })]).toEqual(['node', 'node', 'node']);
    expect(rulesForPod(rules, () => ({ app: 'web' }))).toBe(rules);
  });

  test('ask for labels only where there is a selector', () => {
    const ask = (): never => {
      throw new Error('nobody asked');
    };
    expect(rulesForPod(undefined, ask)).toBeUndefined();
    const others = namespace('red', { [except]: '10.1.2.3' }).rules;
    expect(rulesForPod(others, ask)).toBe(others);
  });

  test('say something else than others, and send nothing by an egress IP of a pod that is not selected', () => {
    const other = namespace('blue', { [podSelector]: 'app=db', [destinations]: '10.0.0.0/8' });
    expect(
      joinedRules([namespace('red', { [podSelector]: 'app=web', [destinations]: '10.0.0.0/8' }), other], []),
    ).toEqual({ rules: undefined, disagree: true });
    // what means the same is the same, however it is written
    const [one, again] = ['app = web,!legacy', 'app==web , !legacy'].map((text) =>
      namespace('red', { [podSelector]: text }),
    );
    expect(rulesText(one?.rules)).toBe(rulesText(again?.rules));
    expect(choiceFor(notSelected, packet).kind).toBe('node');
  });
});

test('of namespaces that share a VNID the least bandwidth holds for all, whichever says it', () => {
  const limited = (...texts: readonly (string | undefined)[]): number | undefined =>
    joinedBandwidth(
      texts.map((text, index) => namespace(`n${index}`, text === undefined ? {} : { [bandwidthAnnotation]: text })),
    );
  expect([limited(), limited(undefined), limited('bogus')]).toEqual([undefined, undefined, undefined]);
  expect([limited('10M'), limited('10M', '5M'), limited('5M', '10M')]).toEqual([10e6, 5e6, 5e6]);
  expect([limited('10M', undefined), limited(undefined, '10M'), limited('bogus', '10M')]).toEqual([10e6, 10e6, 10e6]);
  const namespaces = [namespace('a', { [bandwidthAnnotation]: '2M' }), namespace('b', { [bandwidthAnnotation]: '1M' })];
  const hostSubnets = [hostSubnet('node-1', { egressIPs: [one] })];
  const state = egressState({ hostSubnets, netNamespaces: namespaces, offline: new Set() });
  expect([...state.vnids.values()]).toMatchObject([{ kind: 'via', bandwidth: 1e6 }]);
});
