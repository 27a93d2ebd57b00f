import { multicastPart } from '../../../../../src/migrate/targets/ovn/cluster/multicast.ts';
import type { TranslateOptions } from '../../../../../src/migrate/targets/ovn/options.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../../snapshots.ts';

const key = 'k8s.ovn.org/multicast-enabled';
const on = (name: string, netid: number, value = 'true'): KubeObject =>
  make.netNamespace(name, netid, {}, { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': value } });
function part(objects: readonly KubeObject[], options: Partial<TranslateOptions> = {}) {
  const { changes, findings } = multicastPart(contextFrom(objects, options));
  return {
    made: changes.map((change) =>
      change.action === 'apply'
        ? [
            change.step,
            change.object.kind,
            change.object.metadata,
            change.from.map(({ kind, name }) => `${kind} ${name}`),
          ]
        : [],
    ),
    findings: findings.map(({ code, name, tomorrow }) => `${code} ${name}: ${tomorrow}`),
  };
}
const codes = (...args: Parameters<typeof part>): readonly string[] =>
  part(...args).findings.map((text) => text.split(':')[0] ?? '');

it('carries the annotation of a NetNamespace to its Namespace', () => {
  expect(part([make.namespace('chat'), on('chat', 10)])).toEqual({
    made: [
      ['annotate-namespaces', 'Namespace', { name: 'chat', annotations: { [key]: 'true' } }, ['NetNamespace chat']],
    ],
    findings: [expect.stringMatching(/^MulticastInterrupted chat: /)],
  });
});

it('does so by name, and only for what is exactly true, exists and is chosen', () => {
  const objects = [
    ...['z', 'a', 'upper', 'off'].map((name) => make.namespace(name)),
    on('z', 10),
    on('a', 11),
    on('upper', 12, 'True'),
    on('gone', 13),
    make.netNamespace('off', 14),
  ];
  const names = (options: Partial<TranslateOptions>) =>
    part(objects, options).findings.map((text) => text.split(' ')[1]?.replace(':', ''));
  expect(part(objects).made.map(([, , metadata]) => metadata)).toMatchObject([{ name: 'a' }, { name: 'z' }]);
  expect(names({})).toEqual(['a', 'z']);
  expect(names({ namespaces: ['z'] })).toEqual(['z']);
});

it('reports an annotation that is there with another value', () => {
  const theirs = make.namespace('chat', { annotations: { [key]: 'false' } });
  expect(codes([theirs, on('chat', 10)])).toEqual(['MulticastInterrupted chat', 'ObjectExists chat']);
});

describe('namespaces that share a VNID', () => {
  const joined = ['a', 'b'].map((name) => make.namespace(name));

  it('no longer share their multicast', () => {
    expect(codes([...joined, on('a', 10), on('b', 10)])).toEqual([
      'MulticastInterrupted a',
      'MulticastInterrupted b',
      'MulticastMixed a',
    ]);
  });

  it('lose it where the annotation is missing', () => {
    expect(part([...joined, on('b', 10), make.netNamespace('a', 10)]).findings.at(-1)).toMatch(
      /^MulticastMixed a: .* a, whose NetNamespace has no annotation, loses it\.$/,
    );
    expect(part([...joined, on('a', 10), on('b', 10)]).findings.at(-1)).not.toMatch(/loses it/);
  });

  it('are no matter if there is one, or if none has multicast', () => {
    expect(codes([...joined, on('a', 10), make.netNamespace('b', 11)])).toEqual(['MulticastInterrupted a']);
    expect(codes([...joined, make.netNamespace('a', 10), make.netNamespace('b', 10)])).toEqual([]);
  });
});
