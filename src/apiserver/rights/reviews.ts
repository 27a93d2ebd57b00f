/** What a SubjectAccessReview asks: whether a user may make a request. */
import type { JsonObject } from '../../model/values/json.ts';
import { objectAt, textAt, textsAt } from '../store/object.ts';
import type { AskedRequest, User } from './rules.ts';

/** The user and the request of the spec; undefined unless it has a user or groups, and one kind of request. */
export function askedIn(spec: JsonObject): { readonly user: User; readonly request: AskedRequest } | undefined {
  const user = { name: textAt(spec, 'user') ?? '', groups: textsAt(spec, 'groups') };
  const [resource, path] = [spec['resourceAttributes'], spec['nonResourceAttributes']];
  if (user.name === '' && user.groups.length === 0) return undefined;
  if ((resource === undefined) === (path === undefined)) return undefined;
  return { user, request: resource === undefined ? pathRequest(spec) : resourceRequest(spec) };
}

function pathRequest(spec: JsonObject): AskedRequest {
  const asked = objectAt(spec, 'nonResourceAttributes');
  return { verb: textAt(asked, 'verb') ?? '', path: textAt(asked, 'path') ?? '' };
}

function resourceRequest(spec: JsonObject): AskedRequest {
  const asked = objectAt(spec, 'resourceAttributes');
  const [resource, subresource] = [textAt(asked, 'resource') ?? '', textAt(asked, 'subresource') ?? ''];
  const given = (key: string): string | undefined => (textAt(asked, key) === '' ? undefined : textAt(asked, key));
  return {
    verb: textAt(asked, 'verb') ?? '',
    group: textAt(asked, 'group') ?? '',
    resource: subresource === '' ? resource : `${resource}/${subresource}`,
    namespace: given('namespace'),
    name: given('name'),
  };
}
