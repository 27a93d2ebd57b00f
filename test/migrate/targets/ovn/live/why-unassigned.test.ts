import type { OvnFacts } from '../../../../../src/migrate/targets/ovn/live/facts.ts';
import { whyUnassigned } from '../../../../../src/migrate/targets/ovn/live/why-unassigned.ts';
import { first } from '../cluster-of.ts';

const well: OvnFacts = {
  unannotated: [],
  labeled: ['n1', 'n2'],
  ready: new Set(['n1', 'n2']),
  able: new Set(['n1', 'n2']),
  nodeByAddress: new Map(),
  egressIPsByAddress: new Map([[first, ['e']]]),
  heldByCloud: new Set(),
  servedBy: new Map(),
  servers: new Map(),
  hasNamespaces: true,
  zones: [],
};
interface Asked extends Partial<OvnFacts> {
  readonly ip?: string;
  readonly count?: number;
  readonly allowed?: readonly string[];
}
const why = ({ ip = first, count = 1, allowed, ...facts }: Asked = {}): readonly string[] =>
  whyUnassigned(ip, { own: 'e', count, allowed, facts: { ...well, ...facts } });

describe('an egress IP is not assigned', () => {
  it.each<readonly [string, Asked, string]>([
    [
      'a node is not set up',
      { unannotated: ['n1', 'n2', 'n3', 'n4'] },
      'OVN-Kubernetes assigns none while a Node lacks its annotations: n1, n2, n3 and 1 more',
    ],
    ['it is none', { ip: '192.168.7.07' }, 'it is no IP address, which makes OVN-Kubernetes refuse the whole object'],
    ['a node has it', { nodeByAddress: new Map([[first, 'n2']]) }, 'it is an address of Node n2'],
    [
      'another EgressIP requests it',
      { egressIPsByAddress: new Map([[first, ['a', 'e']]]) },
      'EgressIP a requests it too',
    ],
    [
      'the cloud holds it',
      { heldByCloud: new Set([first]) },
      'a CloudPrivateIPConfig holds it, perhaps one of OpenShift SDN',
    ],
    ['the plan knew no node', { allowed: [] }, 'the plan knows no node that may have it'],
    ['no node is labeled', { labeled: [], able: new Set() }, 'no Node has the label k8s.ovn.org/egress-assignable'],
    ['no labeled node is Ready', { able: new Set() }, 'no Node with the label is Ready'],
    [
      'none of those that may have it is',
      { allowed: ['n3', 'n4'] },
      'none of the Nodes that may have it has the label and is Ready: n3, n4',
    ],
    [
      'there are fewer nodes than its EgressIP wants',
      { count: 3 },
      'its EgressIP asks for 3 addresses, each on a node of its own, and 2 nodes may host',
    ],
  ])('because %s', (_what, asked, reason) => {
    expect(why(asked)).toEqual([reason]);
  });

  it('for no reason that objects show, and then the logs are named', () => {
    expect(why()).toEqual([expect.stringMatching(/^objects do not show why; .*`verify --unstick`/)]);
    expect(why({ count: 2, allowed: ['n2', 'n9'] })).toEqual([expect.stringMatching(/^objects do not show why/)]);
  });

  it('because there is one node and its EgressIP wants two', () => {
    expect(why({ count: 2, able: new Set(['n1']) })).toEqual([
      expect.stringMatching(/asks for 2 addresses, .* 1 nodes may host$/),
    ]);
  });

  it('for several reasons at once', () => {
    expect(why({ unannotated: ['n1'], heldByCloud: new Set([first]), allowed: [] })).toHaveLength(3);
  });

  it('for want of a label before anything is said of how many nodes there are', () => {
    expect(why({ count: 9, labeled: ['n1'], able: new Set() })).toEqual(['no Node with the label is Ready']);
  });
});
