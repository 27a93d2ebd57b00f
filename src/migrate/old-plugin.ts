/** What the migrator must know of the network plugin that clusters are migrated from, besides how to go back to it. */
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import type { Live } from './live.ts';
import type { ObjectRef } from './ref.ts';
import type { Snapshot } from './snapshot.ts';
import type { Target } from './target.ts';

export type Content = Readonly<Record<string, unknown>>;

/** The objects of a backup, by `refKey`. */
export type Backup = ReadonlyMap<string, KubeObject>;

/** Keeps the way back from restoring what others ask for by now. */
export interface Rivals {
  /** Why the object of the backup must not be restored, or created if it is gone; undefined if it may be. */
  readonly rival: (was: KubeObject, isCreated: boolean) => string | undefined;
  /** Notes that the object is restored: what it asks for is its own from now on. */
  readonly grant: (was: KubeObject) => void;
}

export interface OldPlugin extends Target {
  /** The kinds that a migration is about. The vendor clears them all at once, with their definitions. */
  readonly kinds: readonly Kind[];
  /** Those of which it makes an object for each Node or Namespace by itself. */
  readonly makesItself: readonly Kind[];
  /** The part of the content of its object that a migration clears and restores. */
  readonly restored: (object: Pick<KubeObject, 'kind'>, content: Content) => Content;
  /** Fields of its object that it changes by itself, so that any value is as good as another. */
  readonly movingFields: (object: KubeObject) => readonly string[];
  /** The Node or Namespace without which its object is nothing. */
  readonly ownerOf: (object: ObjectRef) => ObjectRef | undefined;
  /** Who has the identity of an object of the backup that is gone; undefined if it may be created again as it was. */
  readonly identityTaken: (was: KubeObject, backup: Backup, live: Live) => string | undefined;
  readonly rivals: (backup: Backup, live: Live) => Rivals;
  /** Of these objects those that must not be restored before others, by `refKey`, with these. */
  readonly restoredAfter: (objects: readonly ObjectRef[]) => ReadonlyMap<string, readonly ObjectRef[]>;
  /** What the way back must know besides the objects that a plan touches. */
  readonly besides: (touched: readonly ObjectRef[], snapshot: Snapshot) => readonly ObjectRef[];
  /** Addresses of nodes that the outside sees while there are no egress IPs. */
  readonly nodeAddresses: (snapshot: Snapshot) => readonly string[];
}
