/** Findings of the way back from other plugins than OVN-Kubernetes. */
import type { Row } from './row.ts';

export const claimRows = {
  AddressesOnOneNode: {
    severities: ['warning'],
    about:
      'one node has several addresses of a namespace, which OpenShift SDN would drop: on the way back it gets the first',
    loses: { what: 'all but one of its egress IPs on a node', spans: ['for-good'] },
  },
  AddressFixed: {
    severities: ['info'],
    about: 'an address comes from a pool: on the way back the one that is in use is requested',
  },
  AddressUnknown: {
    severities: ['blocker'],
    about: 'nothing tells with which address an object of the plugin lets pods leave: on the way back they get none',
    loses: { what: 'its egress IP', spans: ['until-fixed'] },
  },
  FieldLost: {
    severities: ['warning'],
    about: 'an object of the plugin says something that NetNamespaces and HostSubnets cannot',
    loses: { what: 'what a field says', spans: ['for-good'] },
  },
  NodesUnknown: {
    severities: ['info'],
    about: 'the plugin elects the node of an address: on the way back every node may have it',
  },
  PoolLost: {
    severities: ['info'],
    about: 'a pool of the plugin has addresses that nothing uses: on the way back nothing is made of them',
  },
} as const satisfies Readonly<Record<string, Row>>;
