/** OVN-Kubernetes as a target of migrations. */
import {
  apiVersionOf,
  cloudPrivateIPConfigs,
  clusterNetworks,
  clusterVersions,
  configMaps,
  egressFirewalls,
  egressIPs,
  egressNetworkPolicies,
  egressRouters,
  netNamespaces,
  networkPolicies,
} from '../../../../api/kinds.ts';
import { withoutPlans } from '../../input/before.ts';
import { macvlanKinds } from '../../input/source.ts';
import { madeBySDN } from '../../kinds/sdn.ts';
import type { Target } from '../../target.ts';
import { needers } from './cluster/finalize.ts';
import { addressEnds } from './egressips/addresses.ts';
import { isMomentary } from './firewall/keep-closed.ts';
import { checker, stuck } from './live/checks.ts';
import { dependency } from './live/dependency.ts';
import { leavesWith } from './live/leaves-with.ts';
import { phasesOf } from './live/phases.ts';
import { missingAnnotations, ownMark } from './marks/annotations.ts';
import { ownOptions, readOptions, shownOptions } from './options.ts';
import { steps } from './steps.ts';
import { toOVN } from './translate.ts';

const made = [networkPolicies, egressIPs, egressFirewalls, egressRouters];

export const ovn: Target = {
  name: 'ovn',
  plugin: 'OVN-Kubernetes',
  networkType: 'OVNKubernetes',
  apiVersion: apiVersionOf(egressIPs),
  needs: madeBySDN,
  makes: made,
  writes: [cloudPrivateIPConfigs],
  beside: [egressIPs, egressFirewalls],
  // their schemas show whether they can name nodes
  definitions: [egressIPs, egressFirewalls],
  ownAnnotations: [ownMark],
  steps,
  before: (snapshot) => withoutPlans(snapshot, made),
  options: ownOptions,
  translator: (given) => {
    const options = readOptions(given);
    return (
      options && {
        options: shownOptions(options),
        translate: (snapshot) => toOVN(snapshot, options),
        addressEnds: (snapshot) => addressEnds(snapshot, options),
      }
    );
  },
  sources: madeBySDN,
  madeFrom: [clusterNetworks, clusterVersions, configMaps, ...macvlanKinds],
  isStable: true,
  requests: [netNamespaces, egressNetworkPolicies],
  isMomentary,
  // a CloudPrivateIPConfig comes, goes and moves with its address
  changing: [cloudPrivateIPConfigs],
  dependency,
  whyStays: ({ kind }) =>
    kind === cloudPrivateIPConfigs.kind ? 'the cloud has not released the address; see its status' : undefined,
  needers,
  stuck,
  lacking: (node) => {
    const missing = missingAnnotations(node);
    return missing.length === 0
      ? undefined
      : `Node ${node.metadata.name ?? ''}: annotation ${missing.join(', ')} is missing`;
  },
  checker,
  leavesWith,
  phases: phasesOf,
  abilities: { moves: 'yes', drops: false },
  words: {
    title: 'Migration from OpenShift SDN to OVN-Kubernetes',
    between:
      'From the switch of the plugin until the EgressIPs are assigned, namespaces with egress IPs leave with nothing at first, then with the address of the node that a pod runs on. Whoever outside lets egress IPs pass must let these addresses pass too, for that time:',
    assigned: 'OVN-Kubernetes will assign',
  },
};
