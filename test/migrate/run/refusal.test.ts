/** Which answers concern one object alone, and which end a run. */
import { nodes } from '../../../api/kinds.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import { Unwritable } from '../../../src/migrate/plan/unwritable.ts';
import { refNamed } from '../../../src/migrate/ref.ts';
import { ending, isMissingRight, ownMatter, withRight } from '../../../src/migrate/run/refusal.ts';

const right =
  'egressips.k8s.ovn.org "a" is forbidden: User "x" cannot patch resource "egressips" in API group "k8s.ovn.org"';

test.each([
  [500, 'failed to create typed patch object (/a): .spec.egressNodeSelector: field not declared in schema'],
  [500, 'etcdserver: request is too large'],
  [500, 'Internal error occurred: failed calling webhook "w.example": connection refused'],
  [504, 'failed calling webhook "w.example": context deadline exceeded'],
  [413, 'Request entity too large: limit is 3145728'],
  [403, 'admission webhook "w.example" denied the request: no'],
  [403, 'admission webhook "w.example" denied the request: you cannot patch resource a'],
  [401, 'admission webhook "w.example" denied the request: who are you'],
  [429, 'admission webhook "w.example" denied the request: too many'],
  [400, 'bad'],
  [403, 'exceeded quota'],
  [404, 'namespaces "shop" not found'],
  [409, 'it has changed'],
  [422, 'spec is invalid'],
])('%d, %s: concerns the object alone', (code, message) => {
  const error = new ApiError(code, { message });
  expect(ownMatter(error)).toBe(message);
  expect(isMissingRight(error)).toBe(false);
});

test.each([
  [401, 'Unauthorized'],
  [403, right],
  [408, 'timeout'],
  [429, 'too many requests'],
  [502, 'bad gateway'],
  [503, 'the server is currently unable to handle the request'],
  [504, 'the server was unable to return a response in the time allotted'],
])('%d, %s: ends the run', (code, message) => {
  expect(ownMatter(new ApiError(code, { message }))).toBeUndefined();
});

test('what is no answer of the server ends the run as well', () => {
  expect(ownMatter(new Error('connect ECONNREFUSED'))).toBeUndefined();
});

test('a missing right is named, and nothing else is', () => {
  expect(withRight(new ApiError(403, { message: right }), nodes)).toMatchObject({
    message: `missing right: patch nodes (${right})`,
  });
  const other = new ApiError(503, { message: 'busy' });
  expect(withRight(other, nodes)).toBe(other);
});

test('who owns a field is named by the field', () => {
  const causes = [{ reason: 'FieldManagerConflict', message: 'conflict with "admin"', field: '.spec.egressIPs' }];
  expect(ownMatter(new ApiError(409, { message: 'x', details: { causes } }))).toBe(
    'conflict with "admin": .spec.egressIPs',
  );
});

test('what ends a run names the object that it ended at, unless it is the disk or a right', () => {
  const said = (error: unknown): unknown => {
    const named = ending(error, refNamed(nodes, 'n1'), nodes);
    return named instanceof Error ? named.message : named;
  };
  expect(said(new Error('socket hang up'))).toBe('Node n1: socket hang up; run it again to go on');
  expect(said(new ApiError(429, { message: 'slow down' }))).toBe('Node n1: slow down; run it again to go on');
  expect(said(new ApiError(403, { message: right }))).toBe(`missing right: patch nodes (${right})`);
  expect(said(new Unwritable('f', 'full'))).toBe('f cannot be written: full');
  expect(said('no error')).toBe('no error');
});
