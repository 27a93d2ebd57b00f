/** Findings of the way back made from OVN-Kubernetes' objects alone; those of other plugins have some of them, too. */
import type { Row } from './row.ts';

export const backRows = {
  FamilyLost: {
    severities: ['warning'],
    about: 'an address or rule of IPv6 is left out on the way back',
    loses: { what: 'an address or rule', spans: ['for-good'] },
  },
  NamespaceSelectorLost: {
    severities: ['warning'],
    about: 'an EgressIP selects namespaces by labels: on the way back those that have them now get a list',
    loses: { what: 'the selection of later namespaces', spans: ['for-good'] },
  },
  NodeSelectorLost: {
    severities: ['warning'],
    about: 'a firewall rule for nodes becomes one for each address that they have now',
  },
  PodSelectorLost: {
    severities: ['warning'],
    about: 'an EgressIP is for some pods only: on the way back all pods of the namespace get the address',
    loses: { what: 'the selection of pods', spans: ['for-good'] },
  },
  RulePortsLost: {
    severities: ['warning'],
    about: 'a Deny for some ports denies all on the way back; an Allow for some ports is left out',
    loses: { what: 'the ports of a rule', spans: ['for-good'] },
  },
  SeveralEgressIPs: {
    severities: ['warning'],
    about: 'several EgressIPs select a namespace: on the way back it requests the addresses of all',
  },
  SharedEgressIP: {
    severities: ['warning'],
    about: 'namespaces with different VNIDs cannot share an address: on the way back the first keeps it',
  },
  WildcardLost: {
    severities: ['warning'],
    about: 'a firewall rule for a name with * is left out on the way back',
    loses: { what: 'a rule', spans: ['for-good'] },
  },
} as const satisfies Readonly<Record<string, Row>>;
