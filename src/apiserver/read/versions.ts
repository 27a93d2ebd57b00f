/** What lists and watches ask of versions: which one, and whether exactly that. Refusals are Kubernetes' own. */
import { badRequest, type FieldError, forbiddenField, invalid, type Refusal, unsupportedValue } from '../refusal.ts';

/** The version that a list or watch names; throws a 400 if it is none. */
export function requestedVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(
      `Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  return Number(text);
}

const mostInt64 = 2n ** 63n - 1n;

/** The whole number that the option of a list or watch names, 0 without it; throws the 400 of Go's parser if it is none. */
export function wholeOption(query: URLSearchParams, option: 'limit' | 'timeoutSeconds'): number {
  const text = query.get(option);
  if (text === null) return 0;
  const refuse = (why: string): Refusal => badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^[+-]?\d+$/.test(text)) throw refuse('invalid syntax');
  const value = BigInt(text.replace('+', ''));
  if (value > mostInt64 || value < -mostInt64 - 1n) throw refuse('value out of range');
  return Number(value);
}

/** What a list may ask of its version: at least this one, or exactly this one. */
const matches = ['Exact', 'NotOlderThan'];

/** Throws a 422 for a resourceVersionMatch that cannot be, as Kubernetes does, and a 400 for a version of a later page. */
export function checkListOptions(query: URLSearchParams): void {
  const asked = (key: string): string => query.get(key) ?? '';
  const [match, version, token] = [asked('resourceVersionMatch'), asked('resourceVersion'), asked('continue')];
  const field = 'resourceVersionMatch';
  const errors: FieldError[] = [];
  const forbid = (why: string): void => {
    errors.push(forbiddenField(field, `${field} ${why}`));
  };
  if (match !== '') {
    if (version === '') forbid('is forbidden unless resourceVersion is provided');
    if (token !== '') forbid('is forbidden when continue is provided');
    if (match === 'Exact' && version === '0') forbid('"exact" is forbidden for resourceVersion "0"');
    if (!matches.includes(match)) {
      errors.push(unsupportedValue(field, match, ['', ...matches]));
    }
  }
  if (errors.length > 0) throw invalidListOptions(errors);
  if (token !== '' && version !== '' && version !== '0')
    throw badRequest('specifying resource version is not allowed when using continue');
}

/** Throws a 422 for a watch with a resourceVersionMatch, unless it asks for the initial events, as Kubernetes does. */
export function checkWatchOptions(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? '';
  const initial = query.get('sendInitialEvents') ?? '';
  const field = initial === '' ? 'resourceVersionMatch' : 'sendInitialEvents';
  const forbid = (why: string): Refusal => invalidListOptions([forbiddenField(field, why)]);
  if (initial === '' && match !== '')
    throw forbid('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  if (initial !== '' && match === '')
    throw forbid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (initial !== '' && match !== 'NotOlderThan') {
    throw invalidListOptions([unsupportedValue('resourceVersionMatch', match, ['NotOlderThan'])]);
  }
}

function invalidListOptions(errors: readonly FieldError[]): Refusal {
  return invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
}

/**
 * The version whose state is listed, if it is not the latest: with `Exact`, and for a limited list of a version.
 * NotOlderThan and the rest are answered with the latest state.
 */
export function exactVersion(query: URLSearchParams, limit: number): number | undefined {
  const version = requestedVersion(query);
  const match = query.get('resourceVersionMatch') ?? '';
  if (version === undefined || version === 0) return undefined;
  return match === 'Exact' || (match === '' && limit > 0) ? version : undefined;
}
