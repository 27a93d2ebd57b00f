/** Refuses what the roles in the server do not allow (`--authorization-mode rbac`). */
import type { IncomingMessage } from 'node:http';
import { clusterRoleBindings, clusterRoles, type Kind, roleBindings, roles } from '../../../api/kinds.ts';
import { mediaType, type ResourcePath } from '../http/request.ts';
import { forbidden, Refusal } from '../refusal.ts';
import { askedFor } from '../rights/asked.ts';
import {
  type AskedRequest,
  isAllowed,
  refusalText,
  type ResourceRequest,
  type Rights,
  type User,
} from '../rights/rules.ts';
import type { StoredObject } from '../store/object.ts';
import type { Objects } from '../write/objects.ts';
import { applyType } from '../write/settings.ts';

/** A request that was judged. */
export interface Judged {
  readonly user: string;
  readonly request: AskedRequest;
  readonly allowed: boolean;
}

/** Whom a request wants to be; undefined if it does not say. Node.js joins headers of one name by commas. */
function wantedUser(headers: IncomingMessage['headers']): User | undefined {
  const textOf = (name: string): string => [headers[name] ?? []].flat().join(',');
  const name = textOf('impersonate-user');
  const groups = textOf('impersonate-group').split(/, */);
  return name === '' ? undefined : { name, groups: groups.filter((group) => group !== '') };
}

export class Authorizer {
  readonly #objects: Objects;
  readonly #note: (judged: Judged) => void;

  constructor(objects: Objects, note: (judged: Judged) => void) {
    this.#objects = objects;
    this.#note = note;
  }

  /** Throws a 403 unless the user may read the path. */
  checkPath(user: User, request: IncomingMessage, path: string): void {
    const asked = { verb: (request.method ?? 'GET').toLowerCase(), path };
    if (!this.#judge(user, asked))
      throw new Refusal(403, 'Forbidden', `forbidden: ${refusalText(user, asked)}`, { details: {} });
  }

  /** Throws a 403 unless the user may make the request; an apply that creates must be allowed to create, too. */
  check(user: User, request: IncomingMessage, path: ResourcePath, query: URLSearchParams): void {
    const asked = askedFor(request.method ?? 'GET', path, query);
    this.#need(user, asked);
    if (asked.verb === 'patch' && mediaType(request) === applyType && !this.#has(path))
      this.#need(user, { ...asked, verb: 'create' });
  }

  /** The user that the request wants to be; throws a 403 unless it may be that one (Kubernetes' impersonation). */
  impersonated(user: User, { headers }: IncomingMessage): User {
    const wanted = wantedUser(headers);
    if (wanted === undefined) return user;
    const impersonate = { verb: 'impersonate', group: '', namespace: undefined };
    this.#need(user, { ...impersonate, resource: 'users', name: wanted.name });
    for (const name of wanted.groups) this.#need(user, { ...impersonate, resource: 'groups', name });
    return { name: wanted.name, groups: [...wanted.groups, 'system:authenticated'] };
  }

  #need(user: User, asked: ResourceRequest): void {
    if (this.#judge(user, asked)) return;
    const [plural = ''] = asked.resource.split('/');
    throw forbidden({ group: asked.group, plural, kind: '' }, asked.name ?? '', refusalText(user, asked));
  }

  /** Whether the user may make the request. */
  allows(user: User, request: AskedRequest): boolean {
    return isAllowed(this.#rights(), user, request);
  }

  #judge(user: User, request: AskedRequest): boolean {
    const allowed = this.allows(user, request);
    this.#note({ user: user.name, request, allowed });
    return allowed;
  }

  #has({ group, version, plural, namespace, name = '' }: ResourcePath): boolean {
    const resource = this.#objects.world.registry.find(group, version, plural);
    return resource !== undefined && this.#objects.has({ resource, namespace, name });
  }

  #rights(): Rights {
    const all = ({ group, version, plural }: Kind): readonly StoredObject[] => {
      const resource = this.#objects.world.registry.find(group, version, plural);
      return resource === undefined
        ? []
        : this.#objects
            .collection(resource)
            .sorted()
            .map(({ object }) => object);
    };
    return {
      clusterRoles: all(clusterRoles),
      roles: all(roles),
      clusterRoleBindings: all(clusterRoleBindings),
      roleBindings: all(roleBindings),
    };
  }
}
