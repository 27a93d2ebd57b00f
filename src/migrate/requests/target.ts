/** A target that is made of requests: what all of them but OVN-Kubernetes have in common. Pure. */
import uniq from 'lodash/uniq.js';
import { clusterNetworks, egressNetworkPolicies, type Kind, netNamespaces, nodes } from '../../../api/kinds.ts';
import { compareIps } from '../../model/values/address.ts';
import type { JsonObject } from '../../model/values/json.ts';
import { compareText } from '../../model/values/names.ts';
import type { AddressEnds } from '../addresses.ts';
import { compareFindings } from '../findings/finding.ts';
import { withoutPlans } from '../input/before.ts';
import { macvlanKinds } from '../input/source.ts';
import { madeBySDN } from '../kinds/sdn.ts';
import { compareRefs } from '../ref.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Step, Target } from '../target.ts';
import { type Change, concerns, type Placement, refOf, type Translation } from '../translation.ts';
import { clearHosts, clearRequests, requestLists } from './clearing.ts';
import { endsOf } from './ends.ts';
import { requestFindings } from './findings.ts';
import { finerRulesFindings } from './finer-rules.ts';
import type { RequestGroup } from './groups.ts';
import { inputPart } from './missing-input.ts';
import { labelChanges } from './node-labels.ts';
import { dropPoliciesOption, prefixOption, textsOf } from './options.ts';
import { presentFindings } from './present.ts';
import { type RequestOptions, type Requests, requestsOf } from './requests.ts';
import type { Made, MakeObjects, ServedGroup, Traits } from './served.ts';
import { untranslatedFindings } from './untranslated.ts';

type Own =
  'name' | 'networkType' | 'apiVersion' | 'makes' | 'reads' | 'mustReplace' | 'turnOf' | 'dependency' | 'abilities';

/** What only one such target has. */
export interface Form extends Traits, Pick<Target, Own | 'lacking' | 'checker' | 'leavesWith' | 'wayOut'> {
  /** The steps between the switch and finalize. */
  readonly steps: readonly Step[];
  readonly make: MakeObjects;
  /** More kinds that changes are made from, and that are read for that. */
  readonly madeFrom?: readonly Kind[];
}

/** The target of that form. */
export function requestTarget({ steps: own, make, madeFrom = [], selectsByLabel, leaks, ...form }: Form): Target {
  const { plugin, makes } = form;
  const steps = [labelNodes, switchTo(plugin), ...own, finalize];
  const traits = { plugin, selectsByLabel, ...(leaks === undefined ? {} : { leaks }) };
  const recipe = { make, traits, makes, steps: steps.map(({ name }) => name) };
  return {
    ...form,
    reads: uniq([...(form.reads ?? []), ...madeFrom]),
    needs: madeBySDN,
    writes: [],
    beside: makes,
    steps,
    before: (snapshot) => withoutPlans(snapshot, makes),
    options: [prefixOption, dropPoliciesOption],
    translator: (given) => {
      const options = readOptions(given);
      return (
        options && {
          options: {
            ...options,
            only: options.only.toSorted(),
            machineNetworks: textsOf(given['machineNetworks']) ?? [],
          },
          translate: (snapshot) => translated(snapshot, options, recipe),
          addressEnds: (snapshot) => addressesOf(snapshot, options, recipe),
        }
      );
    },
    sources: madeBySDN,
    madeFrom: [clusterNetworks, ...macvlanKinds, ...madeFrom],
    isStable: true,
    requests: [netNamespaces, egressNetworkPolicies],
    phases: () => ({ kinds: [], list: [] }),
    words: {
      title: `Migration from OpenShift SDN to ${plugin}`,
      between: `From the switch of the plugin until the objects of the plan are applied and ${plugin} has acted on them, namespaces with egress IPs leave with nothing at first, then with the address of the node that a pod runs on. Whoever outside lets egress IPs pass must let these addresses pass too, for that time:`,
      assigned: `${plugin} will assign`,
    },
  };
}

const labelNodes: Step = {
  name: 'label-nodes',
  description: 'Label the nodes that may have egress IPs, so that objects can name them.',
};

const switchTo = (plugin: string): Step => ({
  name: 'switch',
  description: `You switch the network plugin and install ${plugin}. Nothing is written; \`apply\` stops here until it runs on every node.`,
});

const finalize: Step = {
  name: 'finalize',
  description: 'Clear what was left alone so far. Only with --finalize, and only when verify is well.',
  deletesOthers: true,
};

interface Recipe {
  readonly make: MakeObjects;
  readonly traits: Traits;
  readonly makes: readonly Kind[];
  readonly steps: readonly string[];
}

function translated(snapshot: Snapshot, options: RequestOptions, { make, traits, makes, steps }: Recipe): Translation {
  const requests = requestsOf(snapshot, options);
  const made = make(requests);
  const served = byGroup(made);
  const changes = [...labelChanges(made.named), ...made.changes, ...clearing(requests, served)];
  return {
    changes: inOrder(changes, steps),
    findings: [
      ...inputPart(requests).findings,
      ...requestFindings(requests, served, traits),
      ...made.findings,
      ...presentFindings(snapshot, changes, [nodes, ...makes]),
      ...untranslatedFindings(requests, traits.plugin),
      ...(requests.wants('egressip') ? finerRulesFindings(snapshot, requests.chosen, traits.plugin) : []),
    ].sort(compareFindings),
    placement: placementOf(requests, made.served),
    assignedCount: [made.served.flatMap(({ egressIPs }) => egressIPs).length],
    addresses: endsOf(requests, served),
  };
}

function addressesOf(snapshot: Snapshot, options: RequestOptions, { make }: Recipe): AddressEnds {
  const requests = requestsOf(snapshot, options);
  return endsOf(requests, byGroup(make(requests)));
}

function byGroup({ served }: Made): ReadonlyMap<RequestGroup, ServedGroup> {
  return new Map(served.map((one) => [one.group, one]));
}

/** What is served is cleared; other namespaces may still need what the HostSubnets list. */
function clearing(
  { snapshot, options, wants, groups }: Requests,
  served: ReadonlyMap<RequestGroup, ServedGroup>,
): readonly Change[] {
  if (!wants('egressip')) return [];
  const lists = requestLists(
    snapshot,
    groups.map((group) => ({ ...group, egressIPs: served.get(group)?.egressIPs ?? [] })),
  );
  return [...clearRequests(lists), ...(options.namespaces.length === 0 ? clearHosts(snapshot, lists) : [])];
}

function placementOf({ hostsOf }: Requests, served: readonly ServedGroup[]): ReadonlyMap<string, Placement> {
  const all = served.flatMap(({ egressIPs, nodesOf }) =>
    egressIPs.map((ip) => ({ ip, today: hostsOf(ip).map(({ name }) => String(name)), allowed: nodesOf(ip) })),
  );
  return new Map(all.sort((a, b) => compareIps(a.ip, b.ip)).map(({ ip, ...places }) => [ip, places]));
}

/** Sorts by step, object and action: a total order. */
function inOrder(changes: readonly Change[], steps: readonly string[]): readonly Change[] {
  const known = changes.map((change) => ({ change, step: steps.indexOf(change.step), ref: refOf(change) }));
  return known
    .sort((a, b) => a.step - b.step || compareRefs(a.ref, b.ref) || compareText(a.change.action, b.change.action))
    .map(({ change }) => change);
}

function readOptions(shown: JsonObject): RequestOptions | undefined {
  const [only, namespaces] = [textsOf(shown['only']), textsOf(shown['namespaces'])];
  // plans of earlier programs have no dropPolicies
  const { prefix, dropPolicies = false } = shown;
  if (typeof prefix !== 'string' || typeof dropPolicies !== 'boolean') return undefined;
  if (only === undefined || namespaces === undefined) return undefined;
  return { only: concerns.filter((concern) => only.includes(concern)), namespaces, prefix, dropPolicies };
}
