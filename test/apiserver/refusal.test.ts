import {
  alreadyExists,
  badRequest,
  conflict,
  expired,
  forbidden,
  invalid,
  methodNotAllowed,
  notFound,
  qualified,
  Refusal,
  unknownPath,
  unsupportedMediaType,
} from '../../src/apiserver/refusal.ts';

const things = { group: 'example.org', plural: 'things', kind: 'Thing' };
const pods = { group: '', plural: 'pods', kind: 'Pod' };
const error = { reason: 'FieldValueInvalid', field: 'spec.a', message: 'Invalid value: 1: no' };

test.each<readonly [string, Refusal, number, string, string]>([
  ['something that is not there', notFound(things, 'x'), 404, 'NotFound', 'things.example.org "x" not found'],
  ['a pod that is not there', notFound(pods, 'p'), 404, 'NotFound', 'pods "p" not found'],
  ['something that is there', alreadyExists(pods, 'p'), 409, 'AlreadyExists', 'pods "p" already exists'],
  [
    'a write that is too late',
    conflict(things, 'x'),
    409,
    'Conflict',
    'Operation cannot be fulfilled on things.example.org "x": the object has been modified; please apply your changes to the latest version and try again',
  ],
  [
    'a write that conflicts otherwise',
    conflict(pods, 'p', 'why'),
    409,
    'Conflict',
    'Operation cannot be fulfilled on pods "p": why',
  ],
  ['something forbidden', forbidden(pods, 'p', 'why'), 403, 'Forbidden', 'pods "p" is forbidden: why'],
  ['a bad request', badRequest('why'), 400, 'BadRequest', 'why'],
  ['a version that is gone', expired('why'), 410, 'Expired', 'why'],
  ['an unknown path', unknownPath(), 404, 'NotFound', 'the server could not find the requested resource'],
  [
    'a method that is not allowed',
    methodNotAllowed(),
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  ],
  ['an unknown format', unsupportedMediaType('why'), 415, 'UnsupportedMediaType', 'why'],
  ['one wrong field', invalid(pods, 'p', [error]), 422, 'Invalid', 'Pod "p" is invalid: spec.a: Invalid value: 1: no'],
  [
    'two wrong fields',
    invalid(things, 'x', [error, { ...error, field: 'spec.b' }]),
    422,
    'Invalid',
    'Thing.example.org "x" is invalid: [spec.a: Invalid value: 1: no, spec.b: Invalid value: 1: no]',
  ],
])('%s is refused in the words of Kubernetes', (_what, refusal, code, reason, message) => {
  expect(refusal).toMatchObject({ code, reason, message });
});

it('becomes a Status that clients understand', () => {
  expect(badRequest('why').status()).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'why',
    reason: 'BadRequest',
    code: 400,
  });
});

it('says in its details which object it is about; the core group is left out', () => {
  expect(notFound(things, 'x').status()['details']).toEqual({ name: 'x', group: 'example.org', kind: 'things' });
  expect(notFound(pods, 'p').status()['details']).toEqual({ name: 'p', kind: 'pods' });
});

it('names every wrong field in its details, with the kind instead of the plural', () => {
  expect(invalid(things, 'x', [error]).status()['details']).toEqual({
    name: 'x',
    group: 'example.org',
    kind: 'Thing',
    causes: [error],
  });
  expect(invalid(pods, 'p', []).details).toEqual({ name: 'p', kind: 'Pod', causes: [] });
});

it('can ask to be tried again later', () => {
  expect(new Refusal(504, 'Timeout', 'later', { retryAfter: 3 }).retryAfter).toBe(3);
  expect(badRequest('never').retryAfter).toBeUndefined();
});

it('qualifies a name with its group, if it has one', () => {
  expect([qualified('things', 'example.org'), qualified('pods', '')]).toEqual(['things.example.org', 'pods']);
});
