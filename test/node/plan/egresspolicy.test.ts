/** The flows of EgressNetworkPolicies: the first rule that matches decides. */
import fc from 'fast-check';
import type { EgressPolicies } from '../../../src/model/policy/egresspolicy.ts';
import type { EgressRule } from '../../../src/model/policy/egressrule.ts';
import { type Flow, goto } from '../../../src/node/ovs/flow.ts';
import { ctMark, port, table } from '../../../src/node/ovs/pipeline.ts';
import { egressPolicyFlows } from '../../../src/node/plan/egresspolicy.ts';
import { cidr, ip, vnid } from '../states.ts';
import { actionsFor, isWithin } from './packets.ts';

const addresses: Readonly<Record<string, readonly string[]>> = {
  'one.example.com': ['203.0.113.1'],
  'two.example.com': ['203.0.113.1', '203.0.113.9'],
  'gone.example.com': [],
};
const addressesOf = (name: string) => (addresses[name] ?? []).map(ip);

const policies = (byVnid: readonly (readonly [number, readonly EgressRule[] | 'drop'])[]): EgressPolicies => ({
  byVnid: new Map(
    byVnid.map(([of, rules]) => [vnid(of), rules === 'drop' ? { kind: 'drop' } : { kind: 'rules', rules }]),
  ),
  notes: [],
  names: new Set(),
});
const range = (allow: boolean, text: string): EgressRule => ({ kind: 'cidr', allow, cidr: cidr(text) });
const named = (allow: boolean, name: string): EgressRule => ({ kind: 'dns', allow, name });

/** Whether a packet of VNID 77 to that address may leave; undefined when no flow says anything. */
function mayLeave(flows: readonly Flow[], address: string, inPort = 5): boolean | undefined {
  const packet = { proto: 'tcp', in_port: inPort, reg0: 77, nw_dst: address, tp_dst: 80 } as const;
  const actions = actionsFor(flows, table.egressPolicy, packet);
  return actions && JSON.stringify(actions) === JSON.stringify([goto(table.egressIP)]);
}
const flowsOf = (rules: readonly EgressRule[] | 'drop', ...here: number[]) =>
  egressPolicyFlows(policies([[77, rules]]), new Set(here.map(vnid)), addressesOf).flat();

test('the first rule that matches decides, whatever the kinds of the rules', () => {
  const rule = fc.oneof(
    fc
      .tuple(
        fc.boolean(),
        fc.constantFrom('0.0.0.0/0', '203.0.113.0/24', '203.0.113.0/29', '203.0.113.1/32', '203.0.113.9/32'),
      )
      .map(([allow, text]) => range(allow, text)),
    fc.tuple(fc.boolean(), fc.constantFrom(...Object.keys(addresses))).map(([allow, name]) => named(allow, name)),
  );
  const address = fc.constantFrom('203.0.113.1', '203.0.113.2', '203.0.113.9', '203.0.113.200', '198.51.100.1');
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), address, (rules, to) => {
      const first = rules.find((one) =>
        one.kind === 'cidr' ? isWithin(to, one.cidr.text) : addresses[one.name]?.includes(to),
      );
      expect(mayLeave(flowsOf(rules, 77), to)).toBe(first?.allow);
    }),
  );
});

test('conflicting policies drop everything', () => {
  expect(mayLeave(flowsOf('drop', 77), '203.0.113.1')).toBe(false);
});

test('packets from other nodes pass, because the node of their pod has checked them', () => {
  expect(mayLeave(flowsOf('drop', 77), '203.0.113.1', port.vxlan0)).toBe(true);
  expect(mayLeave(flowsOf([range(false, '0.0.0.0/0')], 77), '203.0.113.1', port.vxlan0)).toBe(true);
});

test('only VNIDs with pods here have flows, each its own', () => {
  const both = policies([
    [77, [range(false, '0.0.0.0/0')]],
    [78, 'drop'],
  ]);
  const flowsFor = (...here: number[]) =>
    egressPolicyFlows(both, new Set(here.map(vnid)), addressesOf)
      .flat()
      .flatMap(({ match }) => match.reg0 ?? []);
  const vnidsOf = (...here: number[]) => [...new Set(flowsFor(...here))];
  expect([vnidsOf(), vnidsOf(77), vnidsOf(77, 78, 79)]).toEqual([[], ['0x4d'], ['0x4d', '0x4e']]);
});

test('replies to what came in to the VNID pass whatever its rules, those of another VNID do not', () => {
  const replyOf = (rules: readonly EgressRule[] | 'drop', mark: number) =>
    actionsFor(flowsOf(rules, 77), table.egressPolicy, {
      proto: 'tcp',
      in_port: 5,
      reg0: 77,
      nw_dst: '203.0.113.1',
      tp_dst: 80,
      isReply: true,
      ct_mark: mark,
    });
  for (const rules of ['drop', [range(false, '0.0.0.0/0')]] as const) {
    expect(replyOf(rules, ctMark.accepted + 77)).toEqual([goto(table.egressIP)]);
    expect(replyOf(rules, ctMark.accepted + 78)).toEqual([]);
    expect(replyOf(rules, 0)).toEqual([]);
  }
});
