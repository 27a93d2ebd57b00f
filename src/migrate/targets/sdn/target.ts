/** OpenShift SDN: the plugin that clusters are migrated from, and the target of a way back from new objects alone. */
import {
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  netNamespaces,
} from '../../../../api/kinds.ts';
import { kindsOfSDN, madeBySDN, versionOfSDN } from '../../kinds/sdn.ts';
import { liveObject } from '../../live.ts';
import type { OldPlugin } from '../../old-plugin.ts';
import { refNamed } from '../../ref.ts';
import { leavesWith } from './leaves-with.ts';
import { movingFields, restored } from './old/fields.ts';
import { identityTaken, ownerOf } from './old/identity.ts';
import { restoredAfter, rivals, rivalsBeside } from './old/rivals.ts';
import { steps } from './steps.ts';
import { toSDN } from './translate.ts';

/** What a way back without a backup is made from. */
const translated = [egressIPs, egressFirewalls];

export const sdn: OldPlugin = {
  name: 'sdn',
  plugin: 'OpenShift SDN',
  networkType: 'OpenShiftSDN',
  apiVersion: versionOfSDN,
  needs: translated,
  makes: [],
  writes: [netNamespaces, hostSubnets, egressNetworkPolicies],
  beside: [],
  steps,
  before: (snapshot) => snapshot,
  options: [],
  translator: () => ({ options: {}, translate: toSDN }),
  sources: translated,
  madeFrom: [],
  // the VNIDs that OpenShift SDN gives decide who may share an address
  isStable: false,
  requests: [],
  lacking: ({ metadata }, live) => {
    const { name = '' } = metadata;
    return liveObject(live, refNamed(hostSubnets, name)) === undefined
      ? `HostSubnet ${name}: there is none for the Node`
      : undefined;
  },
  checker: () => () => undefined,
  leavesWith,
  phases: () => ({ kinds: [], list: [] }),
  kinds: kindsOfSDN,
  makesItself: madeBySDN,
  restored,
  movingFields,
  ownerOf,
  identityTaken,
  rivals,
  restoredAfter,
  besides: rivalsBeside,
  nodeAddresses: (snapshot) => [
    ...new Set(snapshot.hostSubnets.map(({ hostIP }) => hostIP).filter((address) => address !== '')),
  ],
  words: {
    title: 'The way back from OVN-Kubernetes to OpenShift SDN',
    between:
      'From the switch of the plugin until OpenShift SDN has assigned them again, no egress IP is in use. Whoever outside lets egress IPs pass must let these addresses pass too, for that time:',
    assigned: 'OpenShift SDN will assign',
  },
};
