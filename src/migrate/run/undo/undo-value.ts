/** What the way back does with one object, and what it says of it. */
import type { KubeObject } from '../../../model/objects/raw.ts';
import type { ObjectRef } from '../../ref.ts';

/** Labels or annotations. */
export type Texts = Readonly<Record<string, string>>;

/** One write of the way back. */
export type Undo =
  | { readonly kind: 'create'; readonly object: ObjectRef; readonly body: KubeObject }
  /** Sets these fields of the object `is`; undefined removes one. Annotations are added to the existing ones. */
  | {
      readonly kind: 'restore';
      readonly object: ObjectRef;
      readonly is: KubeObject;
      readonly fields: ReadonlyMap<string, unknown>;
      readonly annotations: Texts;
    }
  | { readonly kind: 'delete'; readonly object: ObjectRef; readonly uid: string }
  /**
   * Gives up the fields that we applied and keeps others'. Then sets labels and annotations that we had taken over.
   * With
   * `first`, somebody else is made the owner of these fields before: what nobody owns is removed.
   */
  | {
      readonly kind: 'release';
      readonly object: ObjectRef;
      readonly labels: Texts;
      readonly annotations: Texts;
      readonly first?: KubeObject;
    };

/** What is to be done about one object of the plan. */
export interface Found {
  readonly undo: readonly Undo[];
  readonly objections?: readonly string[];
  readonly notes?: readonly string[];
  /** What OpenShift SDN must make itself, and why. */
  readonly awaited?: readonly { readonly object: ObjectRef; readonly text: string }[];
  readonly unserved?: readonly string[];
  /** Whether the admin left it out. */
  readonly isLeft?: true;
}

export const nothing: Found = { undo: [] };

/** Field manager for what the backup had, so that nothing has our mark afterward. */
export const restorer = 'sdn-compat-restore';

/** Whether the field manager is that of a way back. */
export function isRestorer(manager: unknown): boolean {
  return manager === restorer;
}
