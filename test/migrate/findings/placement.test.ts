/** What the findings on the nodes of egress IPs say. */
import {
  cidrRestrictionLost,
  localPreferenceLost,
  pinningLost,
  placementNotKept,
} from '../../../src/migrate/findings/placement.ts';

describe('what OVN-Kubernetes cannot express', () => {
  it('is the node that an admin chose, which the plan may keep', () => {
    const pinned = [{ ip: 'x', node: 'n1', nodes: ['n1', 'n2'] }];
    expect(pinningLost({ name: 'a', pinned, isKept: true }).tomorrow).toMatch(
      /^The plan puts it there; .*: x on one of n1, n2\.$/,
    );
    expect(pinningLost({ name: 'a', pinned, isKept: false }).tomorrow).toMatch(
      /^OVN-Kubernetes chooses the node: x on/,
    );
  });

  it('is the choice by CIDRs, also where no node has them', () => {
    const found = cidrRestrictionLost({
      name: 'a',
      within: [{ ip: 'x', nodes: [] }],
      beyond: [{ ip: 'x', nodes: ['n2'] }],
    });
    expect([found.today, found.tomorrow]).toEqual([
      'egressCIDRs keep x on no node.',
      'OVN-Kubernetes knows no CIDRs of nodes: x may go to n2 too.',
    ]);
  });

  it('is the preference for the own node of a pod', () => {
    expect(localPreferenceLost({ name: 'a', nodes: ['n1', 'n2'], ips: ['x', 'y'] })).toMatchObject({
      severity: 'info',
      lost: { what: "the preference for its pod's own node", span: 'for-good' },
    });
  });

  it('is the placement, with how many the others are to have', () => {
    expect(placementNotKept({ node: 'n9', has: 0, needed: 2 }).tomorrow).toMatch(/and others are to have 3: /);
  });
});
