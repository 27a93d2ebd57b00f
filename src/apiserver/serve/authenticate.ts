/** Who asks, and the tokens that ServiceAccounts are given. */
import { serviceAccounts as accountKind } from '../../../api/kinds.ts';
import { type Bound, makeBound, ownAudience, readBound } from '../rights/bound.ts';
import { serviceAccountUser, type User } from '../rights/rules.ts';
import { type ServiceAccountToken, userOf } from '../rights/tokens.ts';
import type { StoredObject } from '../store/object.ts';
import type { NamedTarget, Objects } from '../write/objects.ts';

/** Who has a token, and for whom it is meant. */
export interface Known {
  readonly user: User;
  readonly audiences: readonly string[];
}

export class Authenticator {
  readonly #objects: Objects;
  readonly #adminToken: string;
  readonly #accounts: readonly ServiceAccountToken[];

  constructor(objects: Objects, adminToken: string, accounts: readonly ServiceAccountToken[]) {
    this.#objects = objects;
    this.#adminToken = adminToken;
    this.#accounts = accounts;
  }

  /** The user of a request with this Authorization header; undefined if it is nobody's, or meant for others. */
  userOf(header: string | undefined): User | undefined {
    const known = this.#known(header);
    return known?.audiences.includes(ownAudience) === true ? known.user : undefined;
  }

  /** Who has the token, if it is meant for one of these. */
  review(token: string, audiences: readonly string[]): Known | undefined {
    const known = this.#known(`Bearer ${token}`);
    const shared = known?.audiences.filter((one) => audiences.includes(one)) ?? [];
    return known === undefined || shared.length === 0 ? undefined : { user: known.user, audiences: shared };
  }

  /** A token for the ServiceAccount, for so many seconds. */
  issue(account: StoredObject, audiences: readonly string[], seconds: number): { token: string; until: Date } {
    const { namespace = '', name, uid } = account.metadata;
    const expires = Math.floor(this.#objects.world.now().getTime() / 1_000) + seconds;
    const token = makeBound(this.#adminToken, { namespace, name, uid, audiences, expires });
    return { token, until: new Date(expires * 1_000) };
  }

  #known(header: string | undefined): Known | undefined {
    const user = userOf(header, this.#adminToken, this.#accounts);
    if (user !== undefined) return { user, audiences: [ownAudience] };
    const token = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '';
    const bound = readBound(this.#adminToken, token, this.#objects.world.now());
    if (bound === undefined || !this.#exists(bound)) return undefined;
    return { user: serviceAccountUser(bound.namespace, bound.name), audiences: bound.audiences };
  }

  #exists({ namespace, name, uid }: Bound): boolean {
    const { group, version, plural } = accountKind;
    const resource = this.#objects.world.registry.find(group, version, plural);
    if (resource === undefined) return false;
    const target: NamedTarget = { resource, namespace, name };
    return this.#objects.has(target) && this.#objects.get(target).metadata.uid === uid;
  }
}
