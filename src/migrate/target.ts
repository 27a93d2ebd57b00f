/** What the migrator has to know of a network plugin that a plan leads to. Each target is one value in a room of its own. */
import type { Kind } from '../../api/kinds.ts';
import type { JsonObject } from '../model/json.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Live } from './live.ts';
import type { ObjectRef } from './ref.ts';
import type { Placement, Translate, TranslateOptions } from './translation.ts';

/** One thing that was looked at. */
export interface Check {
  readonly object: ObjectRef;
  /** What was looked at: an egress IP, a label, `rules`; empty: the object itself. */
  readonly part: string;
  readonly well: boolean;
  /** Where an egress IP is. */
  readonly node?: string;
  /** Where the plan allows it, when that is known. */
  readonly allowed?: readonly string[];
  /** What is wrong, and why as far as objects tell; absent when all is well. */
  readonly problem?: string;
}

/** A check that is not well. */
export function bad(object: ObjectRef, part: string, problem: string): Check {
  return { object, part, well: false, problem };
}

/** What a target's own checks are made from. */
export interface CheckScene {
  readonly live: Live;
  /** Where each egress IP may be, by the plan. */
  readonly placement: ReadonlyMap<string, Placement>;
  /** Whether the plan has deleted the object of that name: one that stands there now is the plugin's own. */
  readonly isReplaced: (object: ObjectRef) => boolean;
}

/** The fixed words of reports and messages. */
export interface TargetWords {
  /** Of the report. */
  readonly title: string;
  /** What the outside sees between the two plugins. */
  readonly between: string;
  /** Before how many egress IPs will be assigned. */
  readonly assigned: string;
}

export interface Target {
  /** As `--to` and plan.yaml have it. */
  readonly name: string;
  /** As people call the plugin. */
  readonly plugin: string;
  /** `status.networkType` of the cluster's Network configuration where it runs. */
  readonly networkType: string;
  /** There is nothing to migrate without objects of one of these kinds. */
  readonly needs: readonly Kind[];
  /** Kinds of which plans create whole objects. */
  readonly makes: readonly Kind[];
  /** Kinds of which plans write or delete objects besides, but for Nodes and Namespaces. */
  readonly writes: readonly Kind[];
  /** Kinds of which `--diff` shows the objects that no plan has made. */
  readonly beside: readonly Kind[];
  readonly translate: Translate;
  /** The options as a plan keeps them, for people. */
  readonly shownOptions: (options: TranslateOptions) => JsonObject;
  /** Why the plugin does not run on the Node yet, a line; undefined: it does. */
  readonly lacking: (node: KubeObject, live: Live) => string | undefined;
  /** Checks an object by what the plugin itself says of it; undefined where it says nothing of such objects. */
  readonly checker: (scene: CheckScene) => (object: KubeObject) => readonly Check[] | undefined;
  readonly words: TargetWords;
}
