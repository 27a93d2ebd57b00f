/** What the answers of an API server mean. */
import {
  ApiError,
  apiError,
  isAlreadyExists,
  isConflict,
  isExpired,
  isNotFound,
  isRefused,
  KubeConfigError,
} from '../../../src/io/kube/error.ts';

const status = (code: number, reason: string): ApiError => new ApiError(code, { reason });

it("has the server's own message, reason and details", () => {
  const body = { kind: 'Status', message: 'why', reason: 'Invalid', details: { causes: [{ field: 'a' }] } };
  expect(apiError(422, JSON.stringify(body))).toMatchObject({
    name: 'ApiError',
    code: 422,
    message: 'why',
    reason: 'Invalid',
    status: { details: { causes: [{ field: 'a' }] } },
  });
});

test.each<readonly [string, string]>([
  ['', 'the server answered 502'],
  ['<html><body><h1>Bad\n gateway</h1>\r\n</body></html>', 'the server answered 502: Bad gateway'],
  ['{"kind":"Other","message":"why"}', 'the server answered 502: {"kind":"Other","message":"why"}'],
  ['{"kind":"Status"}', 'the server answered 502'],
  ['"Status"', 'the server answered 502: "Status"'],
  ['x'.repeat(300), `the server answered 502: ${'x'.repeat(200)}`],
])('of a proxy that wrote %j says %j', (body, message) => {
  expect(apiError(502, body)).toMatchObject({ message, reason: '' });
});

const errors = {
  conflict: status(409, 'Conflict'),
  exists: status(409, 'AlreadyExists'),
  missing: status(404, 'NotFound'),
  gone: status(410, 'Gone'),
  expired: status(410, 'Expired'),
  expiredWithin: status(500, 'Expired'),
  goneWithin: status(500, 'Gone'),
  unauthorized: status(401, 'Unauthorized'),
  forbidden: status(403, 'Forbidden'),
  invalid: status(422, 'Invalid'),
  timeout: status(408, ''),
  busy: status(429, 'TooManyRequests'),
  bad: status(400, 'BadRequest'),
  odd: status(499, ''),
  broken: status(500, 'InternalError'),
  redirect: status(399, ''),
  other: new Error('Conflict'),
};

test.each<readonly [string, (error: unknown) => boolean, readonly (keyof typeof errors)[]]>([
  ['a conflict', isConflict, ['conflict']],
  ['that it exists', isAlreadyExists, ['exists']],
  ['that it does not exist', isNotFound, ['missing']],
  ['that the version is gone', isExpired, ['gone', 'expired', 'expiredWithin', 'goneWithin']],
  [
    'that there is no use in asking again',
    isRefused,
    ['missing', 'gone', 'expired', 'forbidden', 'invalid', 'bad', 'odd'],
  ],
])('%s', (_what, says, those) => {
  expect(Object.entries(errors).flatMap(([name, error]) => (says(error) ? [name] : []))).toEqual(those);
});

it('of a kubeconfig names the file and the reason, and quotes nothing of it', () => {
  const cause = new Error('bad indentation (3:5)\n 3 | token: secret');
  expect(new KubeConfigError('/etc/kubeconfig', cause).message).toBe(
    '/etc/kubeconfig cannot be used: bad indentation (3:5)',
  );
  expect(new KubeConfigError(undefined, 'why').message).toBe('the kubeconfig cannot be used: why');
});
