/** Requests that are answered and store nothing of their own: bindings of pods, tokens, reviews of tokens and rights. */
import { subjectAccessReviews, tokenReviews } from '../../../api/kinds.ts';
import type { JsonObject } from '../../model/values/json.ts';
import { mediaType, parseObject, readBody, type ResourcePath } from '../http/request.ts';
import { answer, type Exchange } from '../http/respond.ts';
import { badRequest, conflict, invalid, methodNotAllowed, unknownPath } from '../refusal.ts';
import { lifetime, ownAudience } from '../rights/bound.ts';
import { askedIn } from '../rights/reviews.ts';
import type { AskedRequest, User } from '../rights/rules.ts';
import { objectAt, textAt, textsAt, timestamp } from '../store/object.ts';
import type { NamedTarget, Objects } from '../write/objects.ts';
import { writeSettings } from '../write/settings.ts';
import type { Authenticator } from './authenticate.ts';

interface World {
  readonly objects: Objects;
  readonly authenticator: Authenticator;
  /** Whether the user may make the request. */
  readonly allows: (user: User, request: AskedRequest) => boolean;
}

type Handle = (world: World, exchange: Exchange, path: ResourcePath) => Promise<void>;

async function bodyOf({ request }: Exchange): Promise<JsonObject> {
  return parseObject(await readBody(request), mediaType(request));
}

function targetOf(objects: Objects, { group, version, plural, namespace, name }: ResourcePath): NamedTarget {
  const resource = objects.world.registry.find(group, version, plural);
  if (resource === undefined || namespace === undefined || name === undefined) throw unknownPath();
  return { resource, namespace, name };
}

/** Gives a pod its node, once. */
async function bind({ objects }: World, exchange: Exchange, path: ResourcePath): Promise<void> {
  const target = targetOf(objects, path);
  const nodeName = textAt(objectAt(await bodyOf(exchange), 'target'), 'name') ?? '';
  if (nodeName === '') throw badRequest('target.name: Required value');
  objects.update(
    target,
    (old) => {
      const spec = objectAt(old, 'spec');
      const present = textAt(spec, 'nodeName') ?? '';
      if (present !== '')
        throw conflict(target.resource, target.name, `pod ${target.name} is already assigned to node "${present}"`);
      return { ...old, spec: { ...spec, nodeName } };
    },
    writeSettings(exchange, false),
  );
  answer(
    exchange.response,
    201,
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }),
  );
}

/** Gives a ServiceAccount a token. */
async function giveToken({ objects, authenticator }: World, exchange: Exchange, path: ResourcePath): Promise<void> {
  const account = objects.get(targetOf(objects, path));
  const asked = objectAt(await bodyOf(exchange), 'spec');
  if (asked['boundObjectRef'] !== undefined && asked['boundObjectRef'] !== null)
    throw badRequest('this server binds tokens to ServiceAccounts only: leave out spec.boundObjectRef');
  const seconds = asked['expirationSeconds'] ?? lifetime.byDefault;
  if (typeof seconds !== 'number' || seconds < lifetime.shortest || seconds > lifetime.longest) {
    const message = `Invalid value: ${JSON.stringify(seconds)}: may not specify a duration less than 10 minutes`;
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
      { reason: 'FieldValueInvalid', field: 'spec.expirationSeconds', message },
    ]);
  }
  const given = textsAt(asked, 'audiences');
  const audiences = given.length === 0 ? [ownAudience] : given;
  const { token, until } = authenticator.issue(account, audiences, seconds);
  const { name, namespace } = account.metadata;
  const text = JSON.stringify({
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: null },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: null },
    status: { token, expirationTimestamp: timestamp(until) },
  });
  answer(exchange.response, 201, text);
}

const reviewed = (kind: string, group: string, spec: JsonObject, status: JsonObject): string =>
  JSON.stringify({ kind, apiVersion: `${group}/v1`, metadata: { creationTimestamp: null }, spec, status });

/** Says who has a token. */
async function reviewToken({ authenticator }: World, exchange: Exchange): Promise<void> {
  const spec = objectAt(await bodyOf(exchange), 'spec');
  const token = textAt(spec, 'token') ?? '';
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const audiences = textsAt(spec, 'audiences');
  const known = authenticator.review(token, audiences.length === 0 ? [ownAudience] : audiences);
  const status =
    known === undefined
      ? { authenticated: false, error: "the token is nobody's, is over, or is meant for others" }
      : {
          authenticated: true,
          user: { username: known.user.name, groups: known.user.groups },
          audiences: known.audiences,
        };
  answer(exchange.response, 201, reviewed(tokenReviews.kind, tokenReviews.group, spec, status));
}

/** Says whether somebody may do something. */
async function reviewAccess({ allows }: World, exchange: Exchange): Promise<void> {
  const spec = objectAt(await bodyOf(exchange), 'spec');
  const asked = askedIn(spec);
  if (asked === undefined)
    throw invalid(subjectAccessReviews, '', [
      {
        reason: 'FieldValueInvalid',
        field: 'spec',
        message: 'Invalid value: needs a user or groups, and either resourceAttributes or nonResourceAttributes',
      },
    ]);
  const status = { allowed: allows(asked.user, asked.request) };
  answer(exchange.response, 201, reviewed(subjectAccessReviews.kind, subjectAccessReviews.group, spec, status));
}

function handlerOf({ group, version, plural, subresource, name }: ResourcePath): Handle | undefined {
  if (version !== 'v1') return undefined;
  const what = [group, plural, ...(name === undefined ? [] : ['NAME']), subresource ?? ''].join('/');
  switch (what) {
    case '/pods/NAME/binding':
      return bind;
    case '/serviceaccounts/NAME/token':
      return giveToken;
    case `${tokenReviews.group}/${tokenReviews.plural}/`:
      return reviewToken;
    case `${subjectAccessReviews.group}/${subjectAccessReviews.plural}/`:
      return reviewAccess;
    default:
      return undefined;
  }
}

/** Answers the request if it is one of these; says whether it was. */
export async function answered(world: World, exchange: Exchange, path: ResourcePath): Promise<boolean> {
  const handle = handlerOf(path);
  if (handle === undefined) return false;
  if (exchange.request.method !== 'POST') throw methodNotAllowed();
  await handle(world, exchange, path);
  return true;
}
