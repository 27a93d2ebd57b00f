/** What the migrator must know about a plan's network plugin. Each target is one value in its own folder. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import type { JsonObject } from '../model/values/json.ts';
import type { Result } from '../model/values/result.ts';
import type { AddressEnds } from './addresses.ts';
import type { WayOut } from './claims.ts';
import type { Live } from './live.ts';
import type { ObjectRef } from './ref.ts';
import type { Snapshot } from './snapshot.ts';
import type { Change, Placement, StepName, Translation } from './translation.ts';

/** The result of one check. */
export interface Check {
  readonly object: ObjectRef;
  /** What was checked: an egress IP, a label, `rules`; empty means the object itself. */
  readonly part: string;
  readonly well: boolean;
  /** Where an egress IP is. */
  readonly node?: string;
  /** Where the plan allows it, if known. */
  readonly allowed?: readonly string[];
  /** Where the plan keeps it; absent if the plugin chooses. */
  readonly expected?: string;
  /** The address with which a pod was seen outside. */
  readonly address?: string;
  /** What is wrong, and why, as far as objects show; absent if all is well. */
  readonly problem?: string;
}

/** Makes a check that is not well. */
export function bad(object: ObjectRef, part: string, problem: string): Check {
  return { object, part, well: false, problem };
}

/** What a target's own checks are made from. */
export interface CheckScene {
  readonly live: Live;
  /** Where the plan allows each egress IP. */
  readonly placement: ReadonlyMap<string, Placement>;
  /** Whether the plan has deleted the object of that name, so that a present one is the plugin's own. */
  readonly isReplaced: (object: ObjectRef) => boolean;
}

/** What the API server shows at the moment. */
export interface Sight {
  readonly get: (object: ObjectRef) => KubeObject | undefined;
  readonly all: (kind: Kind) => readonly KubeObject[];
}

/** A step of a target's plans. */
export interface Step {
  readonly name: StepName;
  /** What the step does, for people. */
  readonly description: string;
  /** Whether it is made in the target's phases. */
  readonly isPhased?: true;
  /**
   * Whether what it deletes belongs to others, such as the old plugin. What other steps delete was made by an earlier
   * version of the plan.
   */
  readonly deletesOthers?: true;
  /** Whether the new plugin makes such objects too, when it starts. */
  readonly isMadeByPlugin?: true;
  /** The step in which an update deletes what this one made; absent if it is this one. */
  readonly withdrawnIn?: StepName;
}

/** A part of a step after which the plugin must have acted, before the next begins. */
export interface Phase {
  /** What it is about, for people. */
  readonly name: string;
  /** Made first. */
  readonly first: readonly Change[];
  /** The entries of objects that it is about, such as addresses. */
  readonly entries: readonly string[];
  /** Then these changes with the entries that were begun, and those that are there: each with the object to apply. */
  readonly then: (
    sight: Sight,
    begun: ReadonlySet<string>,
  ) => readonly { readonly change: Change; readonly object: KubeObject }[];
  /** Why the phase must be left out now, or why all that is left must be; undefined if neither. */
  readonly obstacle: (sight: Sight) => { readonly leaves: 'phase' | 'all'; readonly reason: string } | undefined;
  /** What the plugin has not done yet, for people; empty when the phase has ended. Leaves out what was not made. */
  readonly missing: (sight: Sight, wasMade: (object: ObjectRef) => boolean) => readonly string[];
}

/** The phases of a step, and the kinds that show how far the plugin is. */
export interface Phases {
  readonly kinds: readonly Kind[];
  readonly list: readonly Phase[];
}

/** An option of `plan`. */
export interface PlanOption {
  /** Its key in plan.yaml. */
  readonly key: string;
  /** As in the help: `--prefix <name>`, `--keep-closed`, `--no-keep-placement`. */
  readonly flags: string;
  readonly description: string;
  /** Its value if it is not given. */
  readonly unset: string | boolean;
  /** Reads the text that is given, if it has one. */
  readonly read?: (text: string) => Result<string>;
  /** Whether the source addresses of namespaces depend on it. */
  readonly changesAddresses?: true;
}

/** What every target has: which concerns and namespaces are chosen, and networks of the nodes. Empty means all. */
const commonOptions: JsonObject = { only: [], namespaces: [], machineNetworks: [] };

/** The options of the target's plans, as plan.yaml keeps them, if none is chosen. */
export function unsetOptions({ options }: Pick<Target, 'options'>): JsonObject {
  return { ...commonOptions, ...Object.fromEntries(options.map(({ key, unset }) => [key, unset])) };
}

/** Translates to a target with the options of a plan. Pure: the same input gives the same translation. */
export interface Translator {
  /** The options as plan.yaml keeps them. */
  readonly options: JsonObject;
  readonly translate: (snapshot: Snapshot) => Translation;
  /** The source addresses of namespaces before and after, at less cost than a translation; absent if it cannot tell. */
  readonly addressEnds?: (snapshot: Snapshot) => AddressEnds;
}

/** Objects that the plugin passes over, and that it looks at again when they are touched. */
export interface Stuck {
  /** A cluster-scoped kind. */
  readonly kind: Kind;
  /** What such an object has, for people. */
  readonly what: string;
  /** Whether the check of an object of the kind shows that it was passed over. */
  readonly isStuck: (check: Check) => boolean;
}

/** The fixed words of reports and messages. */
export interface TargetWords {
  /** Title of the report. */
  readonly title: string;
  /** What the outside sees between the two plugins. */
  readonly between: string;
  /** Precedes the number of egress IPs that will be assigned. */
  readonly assigned: string;
}

/** What a plugin does with any egress IP, for comparisons. */
export interface Abilities {
  /** Whether it moves one to another node when a node fails. */
  readonly moves: 'yes' | 'with a setting' | 'no';
  /** Whether it drops the traffic of a namespace while no node has its egress IP. */
  readonly drops: boolean;
}

export interface Target {
  /** Name in `--to` and plan.yaml. */
  readonly name: string;
  /** Name of the plugin, for people. */
  readonly plugin: string;
  /** `status.networkType` of the cluster's Network configuration if the plugin runs; absent if it runs beside any other. */
  readonly networkType?: string;
  /** The apiVersion of the objects that are the plugin's own; absent if it has none. */
  readonly apiVersion?: string;
  /** Without objects of one of these kinds there is nothing to migrate. */
  readonly needs: readonly Kind[];
  /** Kinds of which plans create whole objects. */
  readonly makes: readonly Kind[];
  /** Other kinds that plans write or delete, except Nodes and Namespaces. */
  readonly writes: readonly Kind[];
  /** Kinds that are only read, to see how far the plugin is. */
  readonly reads?: readonly Kind[];
  /** Kinds of which `--diff` shows the objects that no plan made. */
  readonly beside: readonly Kind[];
  /** Kinds whose definitions show what the API server serves of them. */
  readonly definitions?: readonly Kind[];
  /** Annotations that the plugin gives its objects itself: it may refuse a new object that brings one. */
  readonly ownAnnotations?: readonly string[];
  /** The steps of a plan, in safe order: the label before the object. */
  readonly steps: readonly Step[];
  /** What the cluster was before our plans, which is what is translated. */
  readonly before: (snapshot: Snapshot) => Snapshot;
  /** Options of `plan` that no other target has, besides those of `commonOptions`. */
  readonly options: readonly PlanOption[];
  /** The translation with the options of a plan; undefined if they are of another program. */
  readonly translator: (options: JsonObject) => Translator | undefined;
  /** Kinds without which the API server no longer shows what is translated. */
  readonly sources: readonly Kind[];
  /** Kinds that changes are made from, beside those that plans touch: without them nothing tells what would be planned. */
  readonly madeFrom: readonly Kind[];
  /**
   * Whether a translation of the same requests is the same before and after the switch. If not, only new requests count
   * as a change of the cluster.
   */
  readonly isStable: boolean;
  /** Kinds with which people ask for what is translated: after finalize began, only new ones change the plan. */
  readonly requests: readonly Kind[];
  /** Whether the change depends on the moment, such as which nodes are Ready, so that it tells nothing of the plan. */
  readonly isMomentary?: (change: Change) => boolean;
  /** Kinds of which objects come, go and change by themselves. */
  readonly changing?: readonly Kind[];
  /** The first of the objects that could not be made that the change must wait for; undefined if none. */
  readonly dependency?: (change: Change, failed: readonly ObjectRef[]) => ObjectRef | undefined;
  /** Why an object of others may stay long after it was deleted, for people; undefined if nothing is known. */
  readonly whyStays?: (object: ObjectRef) => string | undefined;
  /**
   * Whether an object that is there must be deleted and made anew to become the other, because the plugin refuses the
   * update. It is then deleted in the step `withdrawnIn` of its own.
   */
  readonly mustReplace?: (was: KubeObject, wanted: KubeObject) => boolean;
  /** Of the changes of a step those with a smaller number are made before the others; all have 0 if it is absent. */
  readonly turnOf?: (change: Change, live: Live) => number;
  /** Returns which of the objects that were left out still needs the old one, though it was not made from it. */
  readonly needers?: (leftOut: readonly KubeObject[]) => (old: KubeObject) => KubeObject | undefined;
  readonly stuck?: Stuck;
  /** Why the plugin does not run on the Node yet, in one line; undefined if it does. */
  readonly lacking: (node: KubeObject, live: Live) => string | undefined;
  /** Checks an object by what the plugin itself reports; undefined if it reports nothing about such objects. */
  readonly checker: (scene: CheckScene) => (object: KubeObject) => readonly Check[] | undefined;
  /**
   * The addresses with which pods of each namespace of these changes should leave, as far as the plugin has assigned
   * them.
   */
  readonly leavesWith: (changes: readonly Change[], live: Live) => ReadonlyMap<string, readonly string[]>;
  /** The phases of a step that is phased. What is left of it after them is made at once. */
  readonly phases: (changes: readonly Change[], placement: ReadonlyMap<string, Placement>) => Phases;
  readonly words: TargetWords;
  /** Absent if it is no target to choose. */
  readonly abilities?: Abilities;
  /** How to leave the plugin without a plan; absent if there is no way. */
  readonly wayOut?: WayOut;
  /**
   * Name of the plugin before the target if no object shows that it has ended, even while the target runs: somebody must
   * say so.
   */
  readonly endsUnseen?: string;
}
