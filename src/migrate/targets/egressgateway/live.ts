/** What EgressGateway itself reports: its tunnels, where each address is, and what its webhook lets change. Pure. */
import { egressClusterPolicies, egressGateways, egressTunnels } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { jsonEqual, jsonOf } from '../../../model/values/json.ts';
import { listAt, textAt } from '../../kinds/item.ts';
import { type Live, liveObject } from '../../live.ts';
import { refNamed } from '../../ref.ts';
import { addressCheck } from '../../requests/checks.ts';
import type { Check, CheckScene } from '../../target.ts';
import { type Change, refOf } from '../../translation.ts';
import { poolOf } from './pool.ts';

/** Why its agent does not run on the node. */
export function lacking({ metadata: { name = '' } }: KubeObject, live: Live): string | undefined {
  const tunnel = liveObject(live, refNamed(egressTunnels, name));
  if (tunnel === undefined) return `Node ${name}: there is no ${egressTunnels.kind} of its name`;
  const phase = textAt(tunnel, 'status', 'phase');
  return phase === 'Ready'
    ? undefined
    : `Node ${name}: status.phase of its ${egressTunnels.kind} is ${phase || 'empty'}`;
}

/** Checks policies by their status, and by that of their gateway. */
export function checker(scene: CheckScene): (object: KubeObject) => readonly Check[] | undefined {
  return (object) => {
    if (object.kind !== egressClusterPolicies.kind) return undefined;
    const ip = textAt(object, 'spec', 'egressIP', 'ipv4');
    const [given, node] = [textAt(object, 'status', 'eip', 'ipv4'), textAt(object, 'status', 'node')];
    return [addressCheck(object, { ip, given, node, why: whyUnassigned(object, scene.live) }, scene)];
  };
}

function whyUnassigned(policy: KubeObject, live: Live): string {
  const name = textAt(policy, 'spec', 'egressGatewayName');
  const gateway = liveObject(live, refNamed(egressGateways, name));
  if (gateway === undefined) return `there is no EgressGateway ${name}`;
  const nodes = listAt(gateway, 'status', 'nodeList');
  if (nodes.length === 0) return `EgressGateway ${name} has no node`;
  const isReady = nodes.some((one) => textAt(one, 'status') === 'Ready');
  return isReady ? '' : `of the nodes of EgressGateway ${name} none is Ready`;
}

/** The address that the policy has on a node; undefined if it has none. */
export function assignedTo(policy: KubeObject): string | undefined {
  const [given, node] = [textAt(policy, 'status', 'eip', 'ipv4'), textAt(policy, 'status', 'node')];
  return given === '' || node === '' ? undefined : given;
}

/** A policy keeps its gateway and its address for life. */
export function mustReplace(was: KubeObject, wanted: KubeObject): boolean {
  if (was.kind !== egressClusterPolicies.kind) return false;
  const fixed = (object: KubeObject) =>
    jsonOf([textAt(object, 'spec', 'egressGatewayName'), textAt(object, 'spec', 'egressIP', 'ipv4')]);
  return !jsonEqual(fixed(was), fixed(wanted));
}

/** Gateways that get no address which they do not have are made first: pools may not overlap. */
export function turnOf(change: Change, live: Live): number {
  if (change.action !== 'apply' || change.object.kind !== egressGateways.kind) return 0;
  const is = liveObject(live, refOf(change));
  const had = new Set(is === undefined ? [] : poolOf(is));
  return poolOf(change.object).every((entry) => had.has(entry)) ? 0 : 1;
}
