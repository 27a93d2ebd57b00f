/** OpenShift SDN: the plugin that clusters are migrated from, and the target of a way back from new objects alone. */
import {
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  hostSubnets,
  netNamespaces,
} from '../../../../api/kinds.ts';
import type { WayOut } from '../../claims.ts';
import { kindsOfSDN, madeBySDN, versionOfSDN } from '../../kinds/sdn.ts';
import { liveObject } from '../../live.ts';
import type { OldPlugin } from '../../old-plugin.ts';
import { kindAmong, refNamed } from '../../ref.ts';
import type { Target, TargetWords } from '../../target.ts';
import { leavesWith } from './leaves-with.ts';
import { movingFields, restored } from './old/fields.ts';
import { identityTaken, ownerOf } from './old/identity.ts';
import { restoredAfter, rivals, rivalsBeside } from './old/rivals.ts';
import { steps, stepsFrom } from './steps.ts';
import { toSDN } from './translate.ts';
import { backFromClaims } from './way-back.ts';

/** What a way back without a backup is made from. */
const translated = [egressIPs, egressFirewalls];

const words = (from: string): TargetWords => ({
  title: `The way back from ${from} to OpenShift SDN`,
  between:
    'From the switch of the plugin until OpenShift SDN has assigned them again, no egress IP is in use. Whoever outside lets egress IPs pass must let these addresses pass too, for that time:',
  assigned: 'OpenShift SDN will assign',
});

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
  words: words('OVN-Kubernetes'),
};

/**
 * The way back from a plugin of which no plan is there to undo. Its objects alone say what is requested; its policies,
 * if it has any, stay without effect.
 */
export function wayBackFrom({ name, plugin, networkType, makes }: Target, { needs, reads, claims }: WayOut): Target {
  const isBeside = networkType === undefined;
  const { title, between } = words(plugin);
  return {
    ...sdn,
    name: `sdn-from-${name}`,
    needs,
    writes: [netNamespaces, hostSubnets, ...needs, ...reads, ...makes],
    steps: stepsFrom(plugin),
    translator: () => ({
      options: {},
      translate: (snapshot) => backFromClaims(snapshot, claims(snapshot), isBeside),
    }),
    sources: needs,
    // what others name, such as pools and gateways, is deleted after them
    turnOf: (change) => (change.action === 'delete' && kindAmong(needs, change.object) === undefined ? 1 : 0),
    ...(isBeside ? { endsUnseen: plugin } : {}),
    words: { ...sdn.words, title, between },
  };
}
