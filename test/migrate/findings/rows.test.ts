import { backRows } from '../../../src/migrate/findings/catalog/back.ts';
import { claimRows } from '../../../src/migrate/findings/catalog/claims.ts';
import { forthRows } from '../../../src/migrate/findings/catalog/forth.ts';
import { otherRows } from '../../../src/migrate/findings/catalog/others.ts';
import { catalogTable, isRefusal, isUnknown } from '../../../src/migrate/findings/rows.ts';

describe('the table of findings', () => {
  const [head, rule, ...lines] = catalogTable().trimEnd().split('\n');

  it('has a line for each code of all ways, sorted', () => {
    expect([head, rule]).toEqual([
      '| code | severity | what it is about | what its namespace loses |',
      '|---|---|---|---|',
    ]);
    const codes = lines.map((line) => line.split('`')[1] ?? '');
    expect(codes).toEqual([forthRows, otherRows, backRows, claimRows].flatMap(Object.keys).sort());
  });

  it('says which severities there are, and what is lost for how long', () => {
    expect(lines).toContain(
      '| `CIDRRestrictionLost` | info, warning | an IP may go to nodes whose `egressCIDRs` do not hold it; warning on the way back, when the annotation that kept the CIDRs cannot be read | the choice of its nodes by egressCIDRs, from the switch, for good or from the switch until it is fixed |',
    );
    expect(lines).toContain('| `NodeMissing` | warning | a HostSubnet without a Node |  |');
  });
});

test('a row says whether its request is refused, and whether nothing tells what would be planned', () => {
  expect((['EgressIPInvalid', 'PolicyZeroSlash32'] as const).map(isRefusal)).toEqual([true, false]);
  expect((['ServedKindUnknown', 'PolicyZeroSlash32'] as const).map(isUnknown)).toEqual([true, false]);
});
