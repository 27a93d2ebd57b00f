/** Which right a request of HTTP asks for, as Kubernetes reads it from method, path and query. */
import type { ResourcePath } from '../http/request.ts';
import type { ResourceRequest } from './rules.ts';

/** The name in a field selector that leaves one object of a list. */
function selectedName(query: URLSearchParams): string | undefined {
  return /^metadata\.name==?([^,!=]+)$/.exec(query.get('fieldSelector') ?? '')?.[1];
}

function verbOf(method: string, path: ResourcePath, query: URLSearchParams): string {
  const watched = ['1', 'true'].includes(query.get('watch') ?? '');
  const single = path.name !== undefined;
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return single ? 'delete' : 'deletecollection';
    default:
      return watched ? 'watch' : single ? 'get' : 'list';
  }
}

/** What the request asks for. A Namespace is in itself. */
export function askedFor(method: string, path: ResourcePath, query: URLSearchParams): ResourceRequest {
  const { group, plural, subresource, namespace, name } = path;
  return {
    verb: verbOf(method, path, query),
    group,
    resource: subresource === undefined ? plural : `${plural}/${subresource}`,
    namespace: group === '' && plural === 'namespaces' ? name : namespace,
    name: name ?? (method === 'POST' ? undefined : selectedName(query)),
  };
}
