/** What becomes of EgressNetworkPolicies where a target makes nothing of them. */
import { type Target, unsetOptions } from '../../../src/migrate/target.ts';
import { newPlugins } from '../../../src/migrate/targets.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../snapshots.ts';

const targets = newPlugins.filter(({ name }) => name !== 'ovn').map((target) => [target.name, target] as const);
type Rules = Parameters<typeof make.policy>[2];

const base = [
  make.clusterNetwork(),
  make.namespace('kube-system', { uid: 'u' }),
  make.netNamespace('kube-system', 1),
  make.node('n1', '192.168.7.11'),
];
const project = (name: string, netid: number): readonly KubeObject[] => [
  make.namespace(name),
  make.netNamespace(name, netid),
];

/** The findings on policies: how grave each is, and what is closed today. */
function told(target: Target, objects: readonly KubeObject[], options: { dropPolicies?: boolean } = {}) {
  const translator = target.translator({ ...unsetOptions(target), ...options });
  const { findings } = translator!.translate(target.before(snapshotOf(objects)));
  return findings
    .filter(({ code }) => code === 'PolicyUntranslated')
    .map(({ severity, namespace, name, today, lost }) => ({
      ...{ severity, policy: `${namespace!}/${name}`, today, isLost: lost !== undefined },
    }));
}

const closes = (what: string): string =>
  `The namespace does not reach ${what} outside, unless an earlier rule allows it.`;

describe.each(targets)('%s', (_name, target) => {
  test.each<readonly [string, Rules, string | undefined]>([
    ['nothing', [], undefined],
    ['what it allows', [['Allow', '203.0.113.0/24']], undefined],
    [
      'what comes behind an Allow of everything',
      [
        ['Allow', '0.0.0.0/0'],
        ['Deny', '203.0.113.0/24'],
      ],
      undefined,
    ],
    [
      'what comes before one',
      [
        ['Deny', '203.0.113.0/24'],
        ['Deny', 'bad.example.com'],
        ['Allow', '0.0.0.0/32'],
      ],
      '203.0.113.0/24, bad.example.com',
    ],
    ['what cannot be read', [['Allow', 'not a/cidr']], '0.0.0.0/0'],
  ])('a policy that denies %s', (_what, rules, denied) => {
    const objects = [...base, ...project('red', 7), make.policy('red', 'default', rules)];
    expect(told(target, objects)).toEqual([
      denied === undefined
        ? { severity: 'info', policy: 'red/default', today: 'It closes nothing: it denies nothing.', isLost: false }
        : { severity: 'blocker', policy: 'red/default', today: closes(denied), isLost: true },
    ]);
  });

  const deny = (namespace: string, name = 'default') => make.policy(namespace, name, [['Deny', '10.0.0.0/8']]);

  test('several policies, and one of joined namespaces, close everything', () => {
    const allow = make.policy('two', 'b', [['Allow', '0.0.0.0/0']]);
    const objects = [
      ...[...base, ...project('two', 7), deny('two', 'a'), allow],
      ...[...project('left', 8), ...project('right', 8), make.policy('left', 'c', [])],
    ];
    expect(told(target, objects)).toEqual(
      ['left/c', 'two/a', 'two/b'].map((policy) => ({
        ...{ severity: 'blocker', policy, today: closes('0.0.0.0/0'), isLost: true },
      })),
    );
  });

  test('one that counts for nothing today is no loss', () => {
    const objects = [...base, make.namespace('default'), make.netNamespace('default', 0)];
    expect(told(target, [...objects, deny('default'), deny('gone')])).toEqual([
      {
        ...{ severity: 'info', policy: 'default/default', isLost: false },
        today: 'It closes nothing: the global VNID 0 has no egress policy.',
      },
      {
        ...{ severity: 'info', policy: 'gone/default', isLost: false },
        today: 'It closes nothing: its namespace is not there.',
      },
    ]);
  });

  test('with --drop-policies what would open is a warning', () => {
    const objects = [
      ...base,
      ...project('red', 7),
      deny('red'),
      ...project('blue', 8),
      make.policy('blue', 'none', []),
    ];
    const severities = (options = {}) =>
      told(target, objects, options).map(({ severity, isLost }) => [severity, isLost]);
    expect(severities()).toEqual([
      ['blocker', true],
      ['info', false],
    ]);
    expect(severities({ dropPolicies: true })).toEqual([
      ['warning', true],
      ['info', false],
    ]);
    // a plan of an earlier program has no such option
    const { dropPolicies, ...earlier } = unsetOptions(target);
    expect(dropPolicies).toBe(false);
    expect(target.translator(earlier)).toBeDefined();
    expect(target.translator({ ...earlier, dropPolicies: 'yes' })).toBeUndefined();
  });
});
