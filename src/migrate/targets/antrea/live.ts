/** What Antrea itself reports: its agents, and where each egress IP is. Pure. */
import { antreaAgentInfos, antreaEgresses } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { listAt, textAt } from '../../kinds/item.ts';
import { type Live, liveObject } from '../../live.ts';
import { refNamed } from '../../ref.ts';
import { addressCheck } from '../../requests/checks.ts';
import type { Check, CheckScene } from '../../target.ts';

/** Why Antrea's agent does not run on the node. */
export function lacking({ metadata: { name = '' } }: KubeObject, live: Live): string | undefined {
  const info = liveObject(live, refNamed(antreaAgentInfos, name));
  if (info === undefined) return `Node ${name}: there is no ${antreaAgentInfos.kind} of its name`;
  const unhealthy = listAt(info, 'agentConditions').find(
    (one) => textAt(one, 'type') === 'AgentHealthy' && textAt(one, 'status') !== 'True',
  );
  return unhealthy === undefined
    ? undefined
    : `Node ${name}: condition AgentHealthy of its ${antreaAgentInfos.kind} is ${textAt(unhealthy, 'status')}`;
}

/** Checks Egresses by their status. */
export function checker(scene: CheckScene): (object: KubeObject) => readonly Check[] | undefined {
  return (object) => {
    if (object.kind !== antreaEgresses.kind) return undefined;
    const wanted = textAt(object, 'spec', 'egressIP');
    const [given, node] = [textAt(object, 'status', 'egressIP'), textAt(object, 'status', 'egressNode')];
    return [addressCheck(object, { ip: wanted, given, node, why: whyUnassigned(object) }, scene)];
  };
}

/** What the conditions that are not met say; empty if nothing. */
function whyUnassigned(object: KubeObject): string {
  return listAt(object, 'status', 'conditions')
    .filter((one) => textAt(one, 'status') === 'False')
    .map((one) => [textAt(one, 'type'), textAt(one, 'reason'), textAt(one, 'message')].filter(Boolean).join(': '))
    .join('; ');
}

/** The address that the Egress has on a node; undefined if it has none. */
export function assignedTo(object: KubeObject): string | undefined {
  const [given, node] = [textAt(object, 'status', 'egressIP'), textAt(object, 'status', 'egressNode')];
  return given === '' || node === '' ? undefined : given;
}
