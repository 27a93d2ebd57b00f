/** Who asks: by the bearer token of the admin or of a ServiceAccount. */
import { err, ok, type Result } from '../../model/values/result.ts';
import { isAuthorized } from '../store/identity.ts';
import { masters, serviceAccountUser, type User } from './rules.ts';

/** A ServiceAccount and its token. */
export interface ServiceAccountToken {
  readonly namespace: string;
  readonly name: string;
  readonly token: string;
}

const admin: User = { name: 'sdn-compat-admin', groups: [masters, 'system:authenticated'] };

/** The user with the token of the header; undefined if nobody has it. */
export function userOf(
  header: string | undefined,
  adminToken: string,
  accounts: readonly ServiceAccountToken[],
): User | undefined {
  if (isAuthorized(header, adminToken)) return admin;
  const found = accounts.find(({ token }) => isAuthorized(header, token));
  return found === undefined ? undefined : serviceAccountUser(found.namespace, found.name);
}

/** The tokens in a file with a line NAMESPACE/NAME=TOKEN for each; the error is the number of a line that is not one. */
export function parseTokens(text: string): Result<readonly ServiceAccountToken[], number> {
  const tokens: ServiceAccountToken[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [, namespace = '', name = '', token = ''] = /^([^/=\s]+)\/([^/=\s]+)=(\S+)$/.exec(line.trim()) ?? [];
    if (token === '') return err(index + 1);
    tokens.push({ namespace, name, token });
  }
  return ok(tokens);
}
