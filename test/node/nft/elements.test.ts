/** The commands for elements, as nft reads them. That they make any content of any other is tried with plans. */
import {
  additions,
  changes,
  contentOf,
  emptyContent,
  removals,
  reusing,
  within,
} from '../../../src/node/nft/elements.ts';
import type { NftElements } from '../../../src/node/nft/vocabulary.ts';
import { ip } from '../states.ts';

const [pod, one, other] = [ip('10.254.0.2'), ip('192.168.7.200'), ip('192.168.7.201')];
const none: NftElements = {
  snat: new Map(),
  hosted: new Set(),
  egressIPs: new Set(),
  restricted: new Set(),
  podSources: new Map(),
  ...{ draining: [], drainingPods: [] },
  podRules: new Map(),
  ownerRules: new Map(),
  pods: new Map(),
  nodes: new Set(),
};
const content = (more: Partial<NftElements>): ReturnType<typeof contentOf> => contentOf({ ...none, ...more });

it('adds restrictions first, and what lets a pod leave last', () => {
  const wanted = content({
    snat: new Map([[0x2000004d, one]]),
    hosted: new Set([one]),
    restricted: new Set([pod]),
    podSources: new Map([[pod, one]]),
  });
  expect(additions(emptyContent, wanted)).toEqual([
    'add element ip sdn_compat_guard restricted_pods { 10.254.0.2 }',
    'add element ip sdn_compat asking_pods { 10.254.0.2 }',
    'add element ip sdn_compat_guard pod_sources { 10.254.0.2 . 192.168.7.200 }',
    'add element ip sdn_compat owners { 0x2000004d . 0x2000004d }',
    'add element ip sdn_compat egress_sources { 0x2000004d . 192.168.7.200 }',
    'add element ip sdn_compat egress_snat { 0x2000004d : 192.168.7.200 }',
    'add element ip sdn_compat_guard egress_hosted { 192.168.7.200 }',
  ]);
  expect(removals(wanted, emptyContent)[0]).toBe('delete element ip sdn_compat_guard egress_hosted { 192.168.7.200 }');
  expect(removals(wanted, emptyContent).at(-1)).toBe(
    'delete element ip sdn_compat_guard restricted_pods { 10.254.0.2 }',
  );
});

it('deletes from a map by the key alone, before it adds another value for the key', () => {
  const [before, after] = [content({ snat: new Map([[77, one]]) }), content({ snat: new Map([[77, other]]) })];
  expect(changes(before, after)).toEqual([
    'delete element ip sdn_compat egress_snat { 0x4d }',
    'delete element ip sdn_compat egress_sources { 0x4d . 192.168.7.200 }',
    'add element ip sdn_compat egress_sources { 0x4d . 192.168.7.201 }',
    'add element ip sdn_compat egress_snat { 0x4d : 192.168.7.201 }',
  ]);
});

it('names elements in one order, whatever theirs was', () => {
  const nodes = (...all: readonly string[]) => content({ nodes: new Set(all.map(ip)) });
  expect(additions(emptyContent, nodes('10.0.0.2', '10.0.0.1'))).toEqual(
    additions(emptyContent, nodes('10.0.0.1', '10.0.0.2')),
  );
  expect(additions(nodes('10.0.0.1'), nodes('10.0.0.2', '10.0.0.1'))).toEqual([
    'add element ip sdn_compat nodes { 10.0.0.2 }',
    'add element ip sdn_compat_guard node_addresses { 10.0.0.2 }',
  ]);
});

it('lets a pod answer to who came in, whether marked as answered or not', () => {
  const wanted = content({ pods: new Map([[pod, { inbound: 0x2800004d, unasked: 0x2400004d }]]) });
  expect(additions(emptyContent, wanted)).toEqual([
    'add element ip sdn_compat pod_owners { 10.254.0.2 : 0x2800004d }',
    'add element ip sdn_compat pod_unasked { 10.254.0.2 : 0x2400004d }',
    'add element ip sdn_compat pod_answers { 10.254.0.2 . 0x2800004d, 10.254.0.2 . 0x2c00004d }',
    'add element ip sdn_compat_guard pod_itself { 10.254.0.2 . 10.254.0.2 }',
  ]);
});

it('within limits restricts what either restricts, and hosts only what both host', () => {
  const present = content({
    hosted: new Set([one, other]),
    egressIPs: new Set([one]),
    snat: new Map([[77, one]]),
    nodes: new Set([one]),
  });
  const limits = content({ hosted: new Set([other]), egressIPs: new Set([other]), restricted: new Set([pod]) });
  expect(within(present, limits)).toEqual(
    content({
      hosted: new Set([other]),
      egressIPs: new Set([one, other]),
      restricted: new Set([pod]),
      nodes: new Set([one]),
    }),
  );
});

it('has the very sets of what is there where nothing differs, and else its own', () => {
  const make = (source: typeof one) =>
    content({ snat: new Map([[77, source]]), hosted: new Set([one]), restricted: new Set([pod]) });
  const [actual, wanted] = [make(one), make(other)];
  expect(reusing(actual, wanted)).toEqual(wanted);
  expect(reusing(actual, wanted).restricted_pods).toBe(actual.restricted_pods);
  expect(reusing(actual, wanted).egress_snat).toBe(wanted.egress_snat);
  expect(reusing(actual, content({ restricted: new Set() })).restricted_pods.size).toBe(0);
});
