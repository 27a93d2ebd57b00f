/** The certificate and key of a server, from files that may be replaced while it runs. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Reads both files; throws if one cannot be read or they do not fit each other. */
export async function readKeyPair(certFile: string, keyFile: string): Promise<KeyPair> {
  const cert = await readFile(certFile, 'utf8');
  const key = await readFile(keyFile, 'utf8');
  createSecureContext({ cert, key });
  return { cert, key };
}

export interface FollowOptions {
  readonly read: () => Promise<KeyPair>;
  /** Is given the new pair when it differs. */
  readonly onChange: (pair: KeyPair) => void;
  /**
   * Is told why the files cannot be used, once for each reason: what was read last stays in use. Also that the
   * certificate has ended, which those who connect refuse.
   */
  readonly onProblem: (reason: string) => void;
}

function endOf({ cert }: KeyPair): string {
  const end = new Date(new X509Certificate(cert).validTo);
  return end.getTime() < Date.now() ? `it was valid until ${end.toISOString()}` : '';
}

/** Follows the files of the pair: each call reads them again. Never rejects. */
export function follower(first: KeyPair, { read, onChange, onProblem }: FollowOptions): () => Promise<void> {
  let [current, problem] = [first, ''];
  const tell = (reason: string): void => {
    if (reason !== problem && reason !== '') onProblem(reason);
    problem = reason;
  };
  return async () => {
    try {
      const next = await read();
      tell(endOf(next));
      if (next.cert === current.cert && next.key === current.key) return;
      current = next;
      onChange(next);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  };
}
