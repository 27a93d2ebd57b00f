/** The parts of plans: a change costs what it touches, whatever else the cluster has. */
import { EgressTracker } from '../../../src/model/egress/tracker.ts';
import { isNodeName } from '../../../src/model/values/names.ts';
import { additions, contentOf, removals } from '../../../src/node/nft/elements.ts';
import { changeMessages } from '../../../src/node/ovs/openflow/content.ts';
import { flowKey } from '../../../src/node/ovs/render.ts';
import { type NodePlan, planNode } from '../../../src/node/plan/node.ts';
import type { LocalPod } from '../../../src/node/values/facts.ts';
import { hostSubnet, ip, netNamespace, nodeInput, scenes, vnid } from '../states.ts';

test.each(Object.keys(scenes))('%s: no flow is in two parts', (name) => {
  const { parts } = planNode(nodeInput(scenes[name]!));
  const keysOf = parts.map((part) => [...new Set(part.map(flowKey))]);
  expect(new Set(keysOf.flat()).size).toBe(keysOf.flat().length);
});

const address = (index: number): string => `192.168.${10 + (index >> 8)}.${index & 255}`;
/** Plans of worker0 in a cluster of so many namespaces with an egress IP each, of which a few have a pod here. */
class Cluster {
  readonly #tracker: EgressTracker;
  readonly #input = nodeInput({ mode: 'networkpolicy' });
  readonly #pods: readonly LocalPod[];

  constructor(count: number) {
    const all = Array.from({ length: count }, (_, index) => index);
    this.#tracker = EgressTracker.of({
      hostSubnets: [hostSubnet(0, address(0)), hostSubnet(1, ...all.slice(1).map(address)), hostSubnet(2)],
      netNamespaces: all.map((index) => netNamespace(100 + index, [address(index)])),
      offline: new Set(),
    });
    this.#pods = all.slice(0, 8).map((index) => ({
      ip: ip(`10.254.0.${2 + index}`),
      ofport: 3 + index,
      vnid: vnid(100 + index),
      namespace: `project-${100 + index}`,
      name: 'pod',
      uid: `uid-${index}`,
    }));
  }

  plan(): NodePlan {
    const name = 'worker0';
    if (!isNodeName(name)) throw new Error(name);
    const local = [...this.#pods.map((pod) => pod.vnid), ...this.#tracker.vnidsHostedBy(name)];
    return planNode({ ...this.#input, pods: this.#pods, state: this.#tracker.stateOf(new Set(local)) });
  }

  /** How many parts, messages and commands of nft the change needs. */
  cost(change: (tracker: EgressTracker) => void): Readonly<Record<'parts' | 'messages' | 'commands', number>> {
    const before = this.plan();
    change(this.#tracker);
    const after = this.plan();
    const [were, are] = [new Set(before.parts), new Set(after.parts)];
    const [had, has] = [contentOf(before.nft), contentOf(after.nft)];
    const lacking = (some: typeof were, others: typeof were): number =>
      [...some].filter((part) => !others.has(part)).flat().length;
    return {
      parts: lacking(are, were) + lacking(were, are),
      messages: changeMessages({ parts: were, groups: before.groups }, { parts: are, groups: after.groups }).length,
      commands: [...additions(had, has), ...removals(had, has)].join(' ').split(',').length,
    };
  }
}

test.each([
  [
    'a namespace with a pod here gets another egress IP',
    (tracker: EgressTracker) => tracker.setNetNamespace(netNamespace(103, [address(4_000)])),
  ],
  [
    'a namespace without a pod here does',
    (tracker: EgressTracker) => tracker.setNetNamespace(netNamespace(109, [address(4_000)])),
  ],
  ['an egress IP goes to this node', (tracker: EgressTracker) => tracker.setHostSubnet(hostSubnet(2, address(3)))],
  ['nothing changes', () => undefined],
])('%s: that costs the same among 10 namespaces as among 2,000', (_what, change) => {
  const [few, many] = [new Cluster(10).cost(change), new Cluster(2_000).cost(change)];
  expect(many).toEqual(few);
  expect(few.parts).toBeLessThanOrEqual(14);
});

test('a change of a namespace without pods here touches no flow', () => {
  const { parts, messages } = new Cluster(50).cost((tracker) =>
    tracker.setNetNamespace(netNamespace(109, [address(9), address(10)])),
  );
  expect([parts, messages]).toEqual([0, 0]);
});
