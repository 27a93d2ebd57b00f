/**
 * Makes the way back from OVN-Kubernetes' objects alone: turns EgressIPs, EgressFirewalls, Nodes and Namespaces into
 * objects of OpenShift SDN. What SDN cannot express becomes a finding; when in doubt, traffic is closed.
 */
import { apiVersionOf, netNamespaces } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { multicastAnnotation } from '../../../model/objects/well-known.ts';
import { compareFindings } from '../../findings/finding.ts';
import { clusterUnknown } from '../../findings/input.ts';
import { compareRefs, type ObjectRef, objectRef } from '../../ref.ts';
import { clusterUID, type Snapshot } from '../../snapshot.ts';
import { type Change, type Part, refOf, type Translation } from '../../translation.ts';
import { ovnMulticast } from '../ovn/marks/annotations.ts';
import { isolationPolicy } from '../ovn/marks/origin.ts';
import { egressIPClaims } from './egressips.ts';
import { hostPart } from './hostsubnets.ts';
import { requestPart } from './netnamespaces.ts';
import { policyPart } from './policies.ts';
import { restoreStep, steps } from './steps.ts';

const stepNames = steps.map(({ name }) => name);

/** Translates a snapshot to OpenShift SDN. Pure; the order of the input does not matter. */
export function toSDN(snapshot: Snapshot): Translation {
  const requests = requestPart(snapshot, egressIPClaims(snapshot));
  const parts: readonly Part[] = [
    requests,
    hostPart(snapshot, requests.granted),
    policyPart(snapshot),
    multicast(snapshot),
  ];
  const changes = [...parts.flatMap((part) => part.changes), ...removals(snapshot)];
  return {
    changes: joined(changes).sort(
      (a, b) => stepNames.indexOf(a.step) - stepNames.indexOf(b.step) || compareRefs(refOf(a), refOf(b)),
    ),
    findings: [
      ...(clusterUID(snapshot) === undefined ? [clusterUnknown(undefined)] : []),
      ...parts.flatMap((part) => part.findings),
    ].sort(compareFindings),
    placement: new Map(),
  };
}

function multicast(snapshot: Snapshot): Part {
  const enabled = snapshot.namespaces.filter(({ annotations }) => annotations[ovnMulticast] === 'true');
  const changes = enabled.flatMap(({ object: namespace, name }): readonly Change[] => {
    const object: KubeObject = {
      apiVersion: apiVersionOf(netNamespaces),
      kind: netNamespaces.kind,
      metadata: { name, annotations: { [multicastAnnotation]: 'true' } },
    };
    return [
      { action: 'apply', step: restoreStep(snapshot, netNamespaces, name), object, from: [objectRef(namespace)] },
      {
        action: 'clear',
        step: 'finalize',
        object: objectRef(namespace),
        patch: { metadata: { annotations: { [ovnMulticast]: null } } },
      },
    ];
  });
  return { changes, findings: [] };
}

function removals(snapshot: Snapshot): readonly Change[] {
  const isolating = snapshot.networkPolicies.filter(({ name }) => name === isolationPolicy);
  const items = [...snapshot.egressIPs, ...snapshot.egressFirewalls, ...isolating];
  return items.map(({ object }): Change => ({
    action: 'delete',
    step: 'finalize',
    object: objectRef(object),
    from: [],
  }));
}

/** Joins the changes to one object in one step. */
function joined(changes: readonly Change[]): Change[] {
  const groups = Map.groupBy(
    changes,
    (change) => `${change.step} ${change.action} ${Object.values(refOf(change)).join('/')}`,
  );
  return [...groups.values()].flatMap((group) => {
    const applied = group.filter((change) => change.action === 'apply');
    const [first, ...more] = applied;
    if (first === undefined || more.length === 0) return group;
    const fields = applied.reduce<Readonly<Record<string, unknown>>>((all, { object }) => ({ ...all, ...object }), {});
    const annotations = applied.reduce<Readonly<Record<string, string>>>(
      (all, { object }) => ({ ...all, ...object.metadata.annotations }),
      {},
    );
    const from = applied.flatMap((change) => change.from).sort(compareRefs);
    return [
      { ...first, object: { ...fields, metadata: { ...first.object.metadata, annotations } }, from: distinct(from) },
    ];
  });
}

function distinct(refs: readonly ObjectRef[]): readonly ObjectRef[] {
  return refs.filter((ref, index) => index === 0 || compareRefs(ref, refs[index - 1] ?? ref) !== 0);
}
