/** What becomes of NetworkPolicies that a client sends: with defaults, or refused in Kubernetes' words. */
import type { JsonObject } from '../../../../src/model/values/json.ts';
import { kindIn, refusalOf, type Shelf, shelf, writeAs } from '../../things.ts';

const made = (spec: JsonObject | undefined, on: Shelf = shelf()): JsonObject =>
  on.objects.create(
    { resource: kindIn(on.registry, 'networkpolicies', 'networking.k8s.io'), namespace: 'default' },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'p' },
      ...(spec === undefined ? {} : { spec }),
    },
    writeAs,
  ).object;

describe('defaults', () => {
  test.each<readonly [string, JsonObject | undefined, JsonObject]>([
    ['no spec', undefined, { podSelector: {}, policyTypes: ['Ingress'] }],
    ['an empty spec', {}, { podSelector: {}, policyTypes: ['Ingress'] }],
    [
      'nulls',
      { podSelector: null, ingress: null, egress: null, policyTypes: null },
      { podSelector: {}, policyTypes: ['Ingress'] },
    ],
    [
      'rules for what goes out',
      { egress: [{}] },
      { podSelector: {}, egress: [{}], policyTypes: ['Ingress', 'Egress'] },
    ],
    ['an empty list of them', { egress: [] }, { podSelector: {}, egress: [], policyTypes: ['Ingress'] }],
    ['its own types', { policyTypes: ['Egress'] }, { podSelector: {}, policyTypes: ['Egress'] }],
    [
      'ports without protocol',
      { ingress: [{ ports: [{ port: 80 }, { protocol: null, port: 'web' }, null] }] },
      {
        podSelector: {},
        ingress: [
          {
            ports: [{ port: 80, protocol: 'TCP' }, { port: 'web', protocol: 'TCP' }, { protocol: 'TCP' }],
          },
        ],
        policyTypes: ['Ingress'],
      },
    ],
  ])('with %s', (_what, sent, spec) => {
    expect(made(sent)['spec']).toEqual(spec);
  });

  it('come back when an update takes them away, and the generation counts changes', () => {
    const on = shelf();
    expect(made({ policyTypes: ['Egress'] }, on)['metadata']).toMatchObject({ generation: 1 });
    const resource = kindIn(on.registry, 'networkpolicies', 'networking.k8s.io');
    const { object } = on.objects.update(
      { resource, namespace: 'default', name: 'p' },
      (old) => ({ ...old, spec: { policyTypes: [] } }),
      writeAs,
    );
    expect(object['spec']).toEqual({ podSelector: {}, policyTypes: ['Ingress'] });
    expect(object.metadata['generation']).toBe(2);
  });
});

const from = (...peers: (JsonObject | null)[]): JsonObject => ({ ingress: [{ from: peers }] });
const port = (one: JsonObject): JsonObject => ({ egress: [{ ports: [one] }] });
const block = (cidr: string, ...except: string[]): JsonObject => from({ ipBlock: { cidr, except } });
const inFrom = 'spec.ingress[0].from[0]';
const inPort = 'spec.egress[0].ports[0]';

test.each<readonly [string, JsonObject, string]>([
  [
    'an exception equal to its block',
    block('10.0.0.0/8', '10.0.0.0/8'),
    `${inFrom}.ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of \`cidr\``,
  ],
  [
    'an IPv6 exception in an IPv4 block',
    block('10.0.0.0/8', 'fd00::/64'),
    `${inFrom}.ipBlock.except[0]: Invalid value: "fd00::/64": must be a strict subset of \`cidr\``,
  ],
  [
    'an exception elsewhere',
    block('10.0.0.0/8', '10.1.0.0/16', '11.0.0.0/16'),
    `${inFrom}.ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of \`cidr\``,
  ],
  [
    'an exception that equals its block but for leading zeros',
    block('10.0.0.0/8', '010.000.0.0/08'),
    `${inFrom}.ipBlock.except[0]: Invalid value: "010.000.0.0/08": must be a strict subset of \`cidr\``,
  ],
  ['a broken exception', block('10.0.0.0/8', 'x'), `${inFrom}.ipBlock.except[0]: Invalid value: "x": not a valid CIDR`],
  ['a broken block', block('10.0.0.0'), `${inFrom}.ipBlock.cidr: Invalid value: "10.0.0.0": not a valid CIDR`],
  ['a block without CIDR', from({ ipBlock: {} }), `${inFrom}.ipBlock.cidr: Required value`],
  ['an empty peer', from({}), `${inFrom}: Required value: must specify a peer`],
  ['a peer that is null', from(null), `${inFrom}: Required value: must specify a peer`],
  [
    'a block beside a selector',
    from({ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }),
    `${inFrom}: Forbidden: may not specify both ipBlock and another peer`,
  ],
  ['port 0', port({ port: 0 }), `${inPort}.port: Invalid value: 0: must be between 1 and 65535, inclusive`],
  [
    'a range that ends before it begins',
    port({ port: 80, endPort: 79 }),
    `${inPort}.endPort: Invalid value: 79: must be greater than or equal to \`port\``,
  ],
  [
    'a range that begins with a name',
    port({ port: 'web', endPort: 90 }),
    `${inPort}.endPort: Invalid value: 90: may not be specified when \`port\` is non-numeric`,
  ],
  [
    'a range without beginning',
    port({ endPort: 90 }),
    `${inPort}.endPort: Invalid value: 90: may not be specified when \`port\` is not specified`,
  ],
  [
    'a name that no port has',
    port({ port: 'Web' }),
    `${inPort}.port: Invalid value: "Web": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`,
  ],
  [
    'a protocol nobody speaks',
    port({ protocol: 'ICMP' }),
    `${inPort}.protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`,
  ],
  [
    'three types',
    { policyTypes: ['Ingress', 'Egress', 'Ingress'] },
    'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes',
  ],
  [
    'an unknown type',
    { policyTypes: ['Both'] },
    'spec.policyTypes[0]: Unsupported value: "Both": supported values: "Egress", "Ingress"',
  ],
  [
    'an unknown operator',
    { podSelector: { matchExpressions: [{ key: 'a', operator: 'Is', values: ['b'] }] } },
    'spec.podSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
  ],
  [
    'In without values',
    from({ namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
    `${inFrom}.namespaceSelector.matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
  ],
  [
    'Exists with values',
    from({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } }),
    `${inFrom}.podSelector.matchExpressions[0].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
  ],
  [
    'a label that cannot be',
    { podSelector: { matchLabels: { a: 'b'.repeat(64) } } },
    `spec.podSelector.matchLabels: Invalid value: "${'b'.repeat(64)}": must be no more than 63 characters`,
  ],
  [
    'a key that cannot be',
    { podSelector: { matchLabels: { 'a/': 'b' } } },
    `spec.podSelector.matchLabels: Invalid value: "a/": name part must be non-empty`,
  ],
])('refuses %s', (_what, spec, why) => {
  const { code, reason, message } = refusalOf(() => made(spec));
  expect([code, reason]).toEqual([422, 'Invalid']);
  expect(message).toContain(`NetworkPolicy.networking.k8s.io "p" is invalid: `);
  expect(message).toContain(why);
});

test.each<readonly [string, JsonObject]>([
  [
    'blocks of both families, with and without host bits',
    from(
      { ipBlock: { cidr: 'fd00::/64' } },
      { ipBlock: { cidr: '10.1.2.3/8', except: ['10.1.2.3/32', '10.9.0.0/16'] } },
    ),
  ],
  ['pods of selected namespaces', from({ podSelector: { matchLabels: { a: '' } }, namespaceSelector: {} })],
  ['names and ranges of ports', port({ port: 'a-1', protocol: 'SCTP' })],
  ['a range', port({ port: 1, endPort: 65_535, protocol: 'UDP' })],
  [
    'all operators',
    {
      podSelector: {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['b', ''] },
          { key: 'a', operator: 'NotIn', values: ['c'] },
          { key: 'x.y/z', operator: 'Exists' },
          { key: 'd', operator: 'DoesNotExist', values: [] },
        ],
      },
    },
  ],
])('takes %s', (_what, spec) => {
  expect(made(spec)['kind']).toBe('NetworkPolicy');
});

test.each<readonly [string, JsonObject, string]>([
  ['a selector that is a text', { podSelector: 'x' }, 'string into Go struct field NetworkPolicy.spec.podSelector'],
  ['rules that are a text', { ingress: 'x' }, 'string into Go struct field NetworkPolicy.spec.ingress'],
  ['half a port', port({ port: 80.5 }), 'number into Go struct field NetworkPolicy.spec.egress.ports.port'],
  [
    'a port beyond int32',
    port({ port: 80, endPort: 2_147_483_648 }),
    'number into Go struct field NetworkPolicy.spec.egress.ports.endPort of type int32',
  ],
  [
    'a label that is a number',
    { podSelector: { matchLabels: { a: 1 } } },
    'number into Go struct field NetworkPolicy.spec.podSelector.matchLabels.a of type string',
  ],
])("cannot decode %s, in the words of Go's decoder", (_what, spec, words) => {
  const { code, reason, message } = refusalOf(() => made(spec));
  expect([code, reason]).toEqual([400, 'BadRequest']);
  expect(message).toContain(
    `NetworkPolicy in version "v1" cannot be handled as a NetworkPolicy: json: cannot unmarshal `,
  );
  expect(message).toContain(words);
});

test('a null among labels is an empty text, not no label: it must not select everything', () => {
  expect(made({ podSelector: { matchLabels: { role: null } } })['spec']).toMatchObject({
    podSelector: { matchLabels: { role: '' } },
  });
});
