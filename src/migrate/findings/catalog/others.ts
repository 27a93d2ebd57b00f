/** Findings of the way to other systems than OVN-Kubernetes. */
import type { Row } from './row.ts';

export const otherRows = {
  AddressToBePutOnNode: {
    severities: ['warning'],
    about: 'the target does not put the address on the node: somebody must, before traffic leaves with it',
    loses: { what: 'its egress IP', spans: ['until-fixed'] },
  },
  FailoverLost: {
    severities: ['warning'],
    about: 'OpenShift SDN moves the address to another node when one fails, and the target does not',
    loses: { what: 'the move of its egress IP to another node', spans: ['for-good'] },
  },
  FeatureUntranslated: {
    severities: ['warning'],
    about: 'multicast, isolation between VNIDs, or a pod with a macvlan interface, of which the target gets nothing',
  },
  LeakWhileUnassigned: {
    severities: ['info'],
    about: 'the target lets traffic leave with node addresses where OpenShift SDN drops it',
    loses: { what: 'the drop of its traffic while no node has its egress IP', spans: ['for-good'] },
  },
  PolicyUntranslated: {
    severities: ['blocker', 'warning', 'info'],
    about:
      'an EgressNetworkPolicy, of which the target gets nothing: a blocker if it closes anything today, a warning with `--drop-policies`',
    loses: { what: 'the protection of its policy', spans: ['for-good'] },
  },
  PrerequisiteUnknown: {
    severities: ['info'],
    about: 'a setting of the target that no object shows and that the plan counts on',
  },
  SeveralEgressIPsLost: {
    severities: ['warning'],
    about: 'the target gives a namespace one address, and it requests several',
    loses: { what: 'all but one of its egress IPs', spans: ['for-good'] },
  },
  TargetRefuses: {
    severities: ['blocker'],
    about: "the target's webhook or controller refuses an object of the plan",
    loses: { what: 'its egress IP', spans: ['until-fixed'] },
  },
  NodeChoiceLost: {
    severities: ['warning'],
    about: 'the target cannot be told on which nodes the address may be',
    loses: { what: 'the choice of nodes', spans: ['for-good'] },
  },
  WorkloadsUnserved: {
    severities: ['blocker', 'warning'],
    about: 'the target serves Services, not namespaces: some pods of the namespace, or all, have no egress IP',
    loses: { what: 'the egress IP of these pods', spans: ['for-good'] },
  },
} as const satisfies Readonly<Record<string, Row>>;
