/** Selects the procedure that a cluster is in, or is to begin. */
import { err, ok, type Result } from '../../model/result.ts';
import { back } from './back.ts';
import { configName, type Facts, switchedTo, wants } from './facts.ts';
import { isLiveBegun, live } from './live.ts';
import { offline } from './offline.ts';
import type { Procedure } from './stage.ts';

export interface Choice {
  /** Undefined: whichever the cluster is in. */
  readonly direction?: 'ovn' | 'back';
  readonly mode?: 'offline' | 'live';
}

/** The procedure; the error says why the choice does not fit the cluster. */
export function procedureFor(facts: Facts, { direction, mode }: Choice): Result<Procedure> {
  if ((direction ?? directionOf(facts)) === 'back') return ok(back);
  if (facts.plan?.target === 'sdn') return err(`${facts.plan.folder}: it is a plan of the way back: add --back`);
  const begun = begunIn(facts);
  if (mode !== undefined && begun !== undefined && begun !== mode)
    return err(`${configName}: the ${begun} migration was begun: --mode ${begun}`);
  return ok((mode ?? begun) === 'live' ? live : offline);
}

function begunIn(facts: Facts): 'offline' | 'live' | undefined {
  if (isLiveBegun(facts)) return 'live';
  return wants(facts, 'OVNKubernetes').kind === 'yes' ? 'offline' : undefined;
}

/** Back, if a way back was begun: by the plan, or by what the network operator is asked for. */
function directionOf(facts: Facts): 'ovn' | 'back' {
  const { plan, operator, config } = facts;
  if (plan?.phase === 'going-back' || plan?.target === 'sdn') return 'back';
  const isAsked = operator.kind === 'known' && operator.value.migration?.networkType === 'OpenShiftSDN';
  const isHalf =
    config.kind === 'known' && config.value.wantedType === 'OpenShiftSDN' && config.value.type === 'OVNKubernetes';
  return isHalf || (isAsked && switchedTo(facts, 'OpenShiftSDN').kind !== 'unknown') ? 'back' : 'ovn';
}
