import { parseResourcePath, pathParts } from '../../../src/apiserver/http/request.ts';
import { askedFor } from '../../../src/apiserver/rights/asked.ts';
import { parseTokens } from '../../../src/apiserver/rights/tokens.ts';

test.each([
  ['GET', '/api/v1/pods', 'list pods'],
  ['GET', '/api/v1/pods?watch=1', 'watch pods'],
  ['GET', '/api/v1/namespaces/a/pods/x', 'get pods in a named x'],
  ['GET', '/api/v1/namespaces/a', 'get namespaces in a named a'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'list pods named x'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name!%3Dx', 'list pods'],
  ['POST', '/api/v1/namespaces/a/pods', 'create pods in a'],
  ['PUT', '/api/v1/namespaces/a/pods/x', 'update pods in a named x'],
  ['PATCH', '/api/v1/namespaces/a/pods/x/status', 'patch pods/status in a named x'],
  ['DELETE', '/apis/apps/v1/namespaces/a/deployments', 'deletecollection deployments.apps in a'],
  ['DELETE', '/apis/apps/v1/namespaces/a/deployments/x', 'delete deployments.apps in a named x'],
])('%s %s asks to %s', (method, url, expected) => {
  const [path = '', query] = url.split('?');
  const asked = askedFor(method, parseResourcePath(pathParts(path))!, new URLSearchParams(query));
  const { verb, group, resource, namespace, name } = asked;
  const words = [verb, group === '' ? resource : `${resource}.${group}`];
  if (namespace !== undefined) words.push('in', namespace);
  if (name !== undefined) words.push('named', name);
  expect(words.join(' ')).toBe(expected);
});

test('a file of tokens has a line for each ServiceAccount, and a bad line is named', () => {
  expect(parseTokens('a/b=c=d\n\n x/y=z \n')).toEqual({
    ok: true,
    value: [
      { namespace: 'a', name: 'b', token: 'c=d' },
      { namespace: 'x', name: 'y', token: 'z' },
    ],
  });
  for (const bad of ['b=c', 'a/b', 'a/b=', '/b=c'])
    expect(parseTokens(`a/b=c\n${bad}`)).toEqual({ ok: false, error: 2 });
});
