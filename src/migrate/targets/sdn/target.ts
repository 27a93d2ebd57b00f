/** OpenShift SDN as a target: the way back, made from OVN-Kubernetes' objects alone. */
import { egressNetworkPolicies, hostSubnets, netNamespaces } from '../../../../api/kinds.ts';
import { ovnKinds } from '../../input/source.ts';
import { liveObject } from '../../live.ts';
import { refNamed } from '../../ref.ts';
import type { Target } from '../../target.ts';
import { defaultOptions } from '../../translation.ts';
import { leavesWith } from './leaves-with.ts';
import { steps } from './steps.ts';
import { toSDN } from './translate.ts';

export const sdn: Target = {
  name: 'sdn',
  plugin: 'OpenShift SDN',
  networkType: 'OpenShiftSDN',
  needs: ovnKinds,
  makes: [],
  writes: [netNamespaces, hostSubnets, egressNetworkPolicies],
  beside: [],
  steps,
  before: (snapshot) => snapshot,
  translate: toSDN,
  sources: ovnKinds,
  madeFrom: [],
  // the VNIDs that OpenShift SDN gives decide who may share an address
  isStable: false,
  requests: [],
  shownOptions: () => ({}),
  readOptions: () => defaultOptions,
  lacking: ({ metadata }, live) => {
    const { name = '' } = metadata;
    return liveObject(live, refNamed(hostSubnets, name)) === undefined
      ? `HostSubnet ${name}: there is none for the Node`
      : undefined;
  },
  checker: () => () => undefined,
  leavesWith,
  phases: () => ({ kinds: [], list: [] }),
  words: {
    title: 'The way back from OVN-Kubernetes to OpenShift SDN',
    between:
      'From the switch of the plugin until OpenShift SDN has assigned them again, no egress IP is in use. Whoever outside lets egress IPs pass must let these addresses pass too, for that time:',
    assigned: 'OpenShift SDN will assign',
  },
};
