/** What nft prints of our sets and maps, also of elements that somebody else added. */
import { contentOf, emptyContent, idOf, refills, setNames, tableOf } from '../../../src/node/nft/elements.ts';
import { differsAfter, parseListing, wholeContent } from '../../../src/node/nft/listing.ts';
import { inboundOwnerOf, unaskedOwnerOf } from '../../../src/node/ovs/owner.ts';
import { ip, vnid } from '../states.ts';

type Sets = Readonly<Record<string, readonly unknown[]>>;

const [pod, egressIP] = [ip('10.254.0.2'), ip('192.168.7.200')];
const owner = 0x2000004d;
const maps = ['egress_snat', 'pod_owners', 'pod_unasked', 'owner_rules', 'pod_rules'];
const well: Record<string, readonly unknown[]> = {
  egress_snat: [[owner, '192.168.7.200']],
  egress_sources: [{ concat: [owner, '192.168.7.200'] }],
  owners: [{ concat: [owner, owner] }],
  pod_owners: [['10.254.0.2', 0x2800004d]],
  pod_unasked: [['10.254.0.2', 0x2400004d]],
  pod_answers: [{ concat: ['10.254.0.2', 0x2800004d] }, { concat: ['10.254.0.2', 0x2c00004d] }],
  asking_pods: ['10.254.0.2'],
  nodes: ['192.168.7.11'],
  egress_hosted: ['192.168.7.200'],
  pod_sources: [{ concat: ['10.254.0.2', '192.168.7.200'] }],
  restricted_pods: ['10.254.0.2'],
  pod_itself: [{ concat: ['10.254.0.2', '10.254.0.2'] }],
  node_addresses: ['192.168.7.11'],
  egress_ips: ['192.168.7.200'],
  owner_rules: [[{ concat: ['10.254.0.2', 0x2400004d] }, { jump: { target: 'finer_1' } }]],
  pod_rules: [
    ['10.254.0.2', { jump: { target: 'finer_1' } }],
    ['10.254.0.3', { accept: null }],
  ],
};
const wanted = contentOf({
  podRules: new Map([
    [pod, 'jump finer_1'],
    [ip('10.254.0.3'), 'accept'],
  ]),
  ownerRules: new Map([[pod, { owner: 0x2400004d, verdict: 'jump finer_1' }]]),
  snat: new Map([[owner, egressIP]]),
  hosted: new Set([egressIP]),
  egressIPs: new Set([egressIP]),
  restricted: new Set([pod]),
  podSources: new Map([[pod, egressIP]]),
  ...{ draining: [], drainingPods: [] },
  pods: new Map([[pod, { inbound: inboundOwnerOf(vnid(77)), unasked: unaskedOwnerOf(vnid(77), 14) }]]),
  nodes: new Set([ip('192.168.7.11')]),
});

/** What `nft -j list table` prints of both tables with these sets. */
function printedJson(sets: Sets): string {
  const found = setNames.flatMap((name) => {
    const [family, table] = tableOf[name].split(' ');
    const elem = sets[name];
    return elem === undefined ? [] : [{ [maps.includes(name) ? 'map' : 'set']: { family, table, name, elem } }];
  });
  const foreign = { set: { family: 'ip', table: 'other', name: 'owners', elem: [{ concat: [1, 2] }] } };
  return `${JSON.stringify({ nftables: [{ metainfo: {} }, foreign, ...found] })}\n`;
}

const read = (sets: Sets) => parseListing(printedJson({ ...well, ...sets }));

test('the elements are read from what nft prints', () => {
  const listing = parseListing(printedJson(well));
  expect(listing.content).toEqual(wanted);
  expect(wholeContent(listing)).toEqual(wanted);
});

test('comments and counters of somebody else make no other element', () => {
  const commented = (val: unknown) => ({ elem: { val, comment: 'mine', counter: { packets: 1, bytes: 2 } } });
  const listing = read({
    egress_snat: [[commented(owner), '192.168.7.200']],
    owners: [commented({ concat: [owner, owner] })],
    asking_pods: [commented('10.254.0.2')],
  });
  expect(wholeContent(listing)).toEqual(wanted);
});

test('other addresses, ranges and prefixes are read, so that they can be removed', () => {
  const keys = (elements: readonly unknown[]): string[] =>
    [...read({ egress_hosted: elements }).content.egress_hosted.values()].map(({ key }) => key);
  expect(
    keys([
      '192.168.7.77',
      { range: ['10.0.0.1', '10.0.0.5'] },
      { elem: { val: { prefix: { addr: '10.1.0.0', len: 16 } }, comment: 'mine' } },
      '*',
    ]),
  ).toEqual(['192.168.7.77', '10.0.0.1-10.0.0.5', '10.1.0.0/16', '*']);
});

test.each([
  ['ends by itself', { asking_pods: [{ elem: { val: '10.254.0.2', timeout: 5, expires: 4 } }] }],
  ['has a form that nobody knows', { nodes: [{ unheard: ['of'] }] }],
  ['has no text', { nodes: [''] }],
  ['has one part too many', { owners: [{ concat: [1, 2, 3] }] }],
  ['has half a key in a map', { owner_rules: [[{ concat: ['10.254.0.2', {}] }, { accept: null }]] }],
  ['has another verdict', { pod_rules: [['10.254.0.2', { drop: null }]] }],
])('an element that %s is none of ours, and has no empty key', (_, sets) => {
  const listing = read(sets);
  expect(wholeContent(listing)).toBeUndefined();
  const all = setNames.flatMap((name) => [...listing.content[name].values()]);
  expect(all.filter(({ key, value }) => key === '' || value === '')).toEqual([]);
});

test('a table that lacks a set is not whole, nor is one that is gone', () => {
  const others = { ...well };
  delete others['nodes'];
  expect(wholeContent(parseListing(printedJson(others)))).toBeUndefined();
  expect(wholeContent(parseListing(''))).toBeUndefined();
  expect(wholeContent(parseListing(printedJson({ ...others, nodes: [] })))).toBeDefined();
});

test('sets are filled again where they differ or cannot be read, and only those that are there', () => {
  expect(refills(parseListing(printedJson(well)), wanted)).toEqual([]);
  expect(refills(parseListing(''), wanted)).toEqual([]);
  expect(refills(read({ asking_pods: [], egress_snat: [] }), wanted)).toEqual([
    [
      'flush set ip sdn_compat asking_pods',
      'add element ip sdn_compat asking_pods { 10.254.0.2 }',
      'flush map ip sdn_compat egress_snat',
      'add element ip sdn_compat egress_snat { 0x2000004d : 192.168.7.200 }',
    ],
  ]);
  const [guard, nat] = refills(parseListing(printedJson({ nodes: [{ odd: 1 }], egress_hosted: [] })), wanted);
  expect(nat).toEqual(['flush set ip sdn_compat nodes', 'add element ip sdn_compat nodes { 192.168.7.11 }']);
  expect(guard).toEqual([
    'flush set ip sdn_compat_guard egress_hosted',
    'add element ip sdn_compat_guard egress_hosted { 192.168.7.200 }',
  ]);
});

/** A line of `nft -j monitor elements`. */
function change(kind: 'add' | 'delete', place: string, element: unknown): string {
  const [family, table, name] = place.split(' ');
  return `${JSON.stringify({ [kind]: { element: { family, table, name, elem: { set: [element] } } } })}\n`;
}

test("a change by somebody else differs from what is known; one's own does not", () => {
  const [hosted, snat] = ['ip sdn_compat_guard egress_hosted', 'ip sdn_compat egress_snat'];
  expect(differsAfter(wanted, change('add', hosted, '192.168.7.200'))).toBe(false);
  expect(differsAfter(wanted, change('delete', hosted, '192.168.7.201'))).toBe(false);
  expect(differsAfter(wanted, change('delete', snat, [owner, '192.168.7.201']))).toBe(false);
  expect(differsAfter(wanted, change('delete', hosted, '192.168.7.200'))).toBe(true);
  expect(differsAfter(wanted, change('add', hosted, '192.168.7.201'))).toBe(true);
  expect(differsAfter(wanted, change('add', snat, [{ elem: { val: 7, comment: 'x' } }, '192.168.7.200']))).toBe(true);
  expect(differsAfter(emptyContent, change('add', hosted, { unheard: 'of' }))).toBe(true);
  expect(differsAfter(wanted, change('add', 'ip sdn_compat inside', '0.0.0.0'))).toBe(true);
  expect(differsAfter(wanted, change('add', 'ip other owners', { concat: [1, 2] }))).toBe(false);
  expect(differsAfter(wanted, 'no JSON\n')).toBe(false);
});

test('elements are told apart by key and value', () => {
  expect(idOf({ key: 'a', value: 'b' })).not.toBe(idOf({ key: 'a', value: undefined }));
});
