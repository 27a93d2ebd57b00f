/** Selects the procedure that a cluster is in, or is to begin. */
import { err, ok, type Result } from '../../model/values/result.ts';
import { leadsBack, oldPlugin } from '../targets.ts';
import { isOnlyAnnotated, wasLive } from './conditions.ts';
import { configName, type Facts, switchedTo, wants } from './facts.ts';
import { guidedPlugins } from './guided.ts';
import { back } from './procedures/back.ts';
import { cancel, isAtRest, isBeforeSwitch } from './procedures/cancel.ts';
import { live } from './procedures/live.ts';
import { liveBack } from './procedures/live-back.ts';
import { offline } from './procedures/offline.ts';
import type { Procedure } from './stage.ts';

type Mode = 'offline' | 'live';

export interface Choice {
  /** Undefined: whichever the cluster is in. */
  readonly direction?: 'back' | { readonly to: string };
  readonly mode?: Mode;
}

/** The procedure; the error says why the choice does not fit the cluster. */
export function procedureFor(facts: Facts, { direction, mode }: Choice): Result<Procedure> {
  const obstacle = unguided(facts, direction);
  if (obstacle !== undefined) return err(obstacle);
  if (direction === 'back' || (direction === undefined && isBack(facts))) return backFor(facts, mode);
  if (facts.plan !== undefined && leadsBack(facts.plan))
    return err(`${facts.plan.folder}: it is a plan of the way back: add --back`);
  const begun = begunIn(facts);
  return refused('migration', mode, begun) ?? ok((mode ?? begun) === 'live' ? live : offline);
}

/** Why there is no procedure for what is asked for, or for the plan; undefined if there is. */
function unguided({ plan }: Facts, direction: Choice['direction']): string | undefined {
  const names = guidedPlugins.map(({ name }) => name);
  const only = `the guide knows procedures to ${names.join(' and ')} only`;
  if (direction !== undefined && direction !== 'back' && !names.includes(direction.to))
    return `--to ${direction.to}: ${only}`;
  return plan === undefined || plan.target === oldPlugin.name || names.includes(plan.target)
    ? undefined
    : `${plan.folder}: it is a plan to ${plan.target}, and ${only}`;
}

function backFor(facts: Facts, mode: Mode | undefined): Result<Procedure> {
  if (isBeforeSwitch(facts) || isGivenUp(facts)) return ok(cancel);
  const begun = backBegunIn(facts);
  return refused('way back', mode, begun) ?? ok((mode ?? begun ?? lastMode(facts)) === 'live' ? liveBack : back);
}

/** Whether a migration was given up: the reboots of a way back, with which all would be over too, are lacking. */
function isGivenUp(facts: Facts): boolean {
  return isAtRest(facts) && back.stages.some(({ done }) => done(facts).kind === 'no');
}

function refused(what: string, mode: Mode | undefined, begun: Mode | undefined): Result<never> | undefined {
  return mode === undefined || begun === undefined || begun === mode
    ? undefined
    : err(`${configName}: the ${begun} ${what} was begun: --mode ${begun}`);
}

function begunIn(facts: Facts): Mode | undefined {
  const { config, operator } = facts;
  const isLive =
    (config.kind === 'known' &&
      (config.value.isLiveAsked || (config.value.wantedType === 'OVNKubernetes' && wasLive(config.value)))) ||
    (operator.kind === 'known' && operator.value.migration?.mode === 'Live');
  if (isLive) return 'live';
  return wants(facts, 'OVNKubernetes').kind === 'yes' ? 'offline' : undefined;
}

function backBegunIn({ config, operator }: Facts): Mode | undefined {
  const asked = operator.kind === 'known' ? operator.value.migration : undefined;
  const isAsked = asked?.networkType === 'OpenShiftSDN';
  if (config.kind !== 'known') return undefined;
  const { wantedType, type, isLiveAsked } = config.value;
  if (wantedType === 'OpenShiftSDN' && (isLiveAsked || (isAsked && asked.mode === 'Live'))) return 'live';
  return isAsked || (wantedType === 'OpenShiftSDN' && type === 'OVNKubernetes') ? 'offline' : undefined;
}

/** The vendor goes back in the way of the migration. */
function lastMode({ config }: Facts): Mode {
  return config.kind === 'known' && wasLive(config.value) ? 'live' : 'offline';
}

/** Whether a way back was begun: by the plan, or by what the network operator is asked for. */
function isBack(facts: Facts): boolean {
  const { plan, operator } = facts;
  if (plan !== undefined && (plan.phase === 'going-back' || leadsBack(plan))) return true;
  const isAsked = operator.kind === 'known' && operator.value.migration?.networkType === 'OpenShiftSDN';
  return isHalfBack(facts) || (isAsked && switchedTo(facts, 'OpenShiftSDN').kind !== 'unknown');
}

/** Whether OpenShift SDN is asked for again, and not all is done. */
function isHalfBack(facts: Facts): boolean {
  const { config } = facts;
  if (config.kind !== 'known' || config.value.wantedType !== 'OpenShiftSDN' || isOnlyAnnotated(facts)) return false;
  return config.value.type === 'OVNKubernetes' || config.value.isLiveAsked;
}
