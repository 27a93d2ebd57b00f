import fc from 'fast-check';
import { compareFindings, type Finding, makes } from '../../../src/migrate/findings/finding.ts';
import { lossText, spanNames } from '../../../src/migrate/findings/loss.ts';
import { findingCodes, lossesOf, rows, severities } from '../../../src/migrate/findings/rows.ts';
import { rounds } from '../../rounds.ts';

const said = { kind: 'Node', name: 'n1', today: 'a', tomorrow: 'b', action: 'c' };

describe('a finding', () => {
  it('has the first severity and the first span of its row if it names none', () => {
    expect(makes('CIDRRestrictionLost', () => said)(undefined)).toEqual({
      ...said,
      severity: 'info',
      code: 'CIDRRestrictionLost',
      lost: { what: 'the choice of its nodes by egressCIDRs', span: 'for-good' },
    });
  });

  it('has those that it names', () => {
    const made = makes('CIDRRestrictionLost', () => ({
      ...said,
      severity: 'warning' as const,
      span: 'until-fixed' as const,
    }));
    expect(made(undefined)).toMatchObject({ severity: 'warning', lost: { span: 'until-fixed' } });
  });

  it('loses nothing if it says so, or if its row knows of no loss', () => {
    expect(makes('CIDRRestrictionLost', () => ({ ...said, span: null }))(undefined)).not.toHaveProperty('lost');
    expect(makes('NodeMissing', () => ({ ...said, span: 'for-good' as const }))(undefined)).not.toHaveProperty('lost');
  });

  it('is made of its facts, with a namespace only if they have one', () => {
    const of = makes('NodeMissing', (name: string) => ({ ...said, name }));
    expect(of('n2')).toMatchObject({ name: 'n2' });
    expect(of('n2')).not.toHaveProperty('namespace');
    expect(makes('NodeMissing', () => ({ ...said, namespace: 'shop' }))(undefined)).toMatchObject({
      namespace: 'shop',
    });
  });
});

describe('the order of findings', () => {
  const text = fc.constantFrom('a', 'b');
  const any: fc.Arbitrary<Finding> = fc.record(
    {
      severity: fc.constantFrom(...severities),
      code: fc.constantFrom('NodeMissing' as const, 'PinningLost' as const),
      kind: text,
      namespace: text,
      name: text,
      today: text,
      tomorrow: text,
      action: fc.constant(''),
    },
    { requiredKeys: ['severity', 'code', 'kind', 'name', 'today', 'tomorrow', 'action'] },
  );
  const base: Finding = { ...said, severity: 'warning', code: 'NodeMissing' };

  it.each<readonly [string, Partial<Finding>, Partial<Finding>]>([
    [
      'severity, the worst first',
      { severity: 'blocker', code: 'PinningLost' },
      { severity: 'warning', code: 'NodeMissing' },
    ],
    ['code', { code: 'NodeMissing', kind: 'Z' }, { code: 'PinningLost', kind: 'A' }],
    ['kind', { kind: 'A', namespace: 'z' }, { kind: 'Z', namespace: 'a' }],
    ['namespace, none first', { name: 'z' }, { namespace: 'a', name: 'a' }],
    ['name', { name: 'a', today: 'z' }, { name: 'z', today: 'a' }],
    ['today', { today: 'a', tomorrow: 'z' }, { today: 'z', tomorrow: 'a' }],
    ['tomorrow', { tomorrow: 'a' }, { tomorrow: 'z' }],
  ])('goes by %s', (_what, first, second) => {
    const [a, b] = [
      { ...base, ...first },
      { ...base, ...second },
    ];
    expect([compareFindings(a, b) < 0, compareFindings(b, a) > 0]).toEqual([true, true]);
  });

  it('is total: sorting does not depend on the order before', () => {
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), fc.func(fc.nat()), (findings, mix) => {
        const mixed = findings.toSorted((a, b) => mix(a) - mix(b));
        expect(mixed.sort(compareFindings)).toEqual(findings.toSorted(compareFindings));
      }),
      { numRuns: rounds(1_000) },
    );
  });
});

describe('the catalog', () => {
  it('has each code once, and loses only what has a span', () => {
    expect(new Set(findingCodes).size).toBe(Object.keys(rows).length);
    for (const code of findingCodes) for (const span of lossesOf(code)?.spans ?? []) expect(spanNames).toContain(span);
    expect(lossesOf('NodeMissing')).toBeUndefined();
    expect(lossesOf('MulticastInterrupted')).toEqual({ what: 'multicast', spans: ['reboots'] });
  });

  it('says a loss with how long it lasts', () => {
    expect(lossText({ what: 'multicast', span: 'reboots' })).toBe('multicast, while nodes are rebooted');
    expect(spanNames).toEqual(['reboots', 'until-apply', 'until-fixed', 'for-good']);
  });
});
