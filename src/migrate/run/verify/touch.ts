/** Touches objects that their plugin passed over, so that it looks at them again. */
import type { KubeClient } from '../../../io/kube/client.ts';
import { isNotFound } from '../../../io/kube/error.ts';
import type { Stuck } from '../../target.ts';
import { withRight } from '../refusal.ts';
import type { Verification } from './verify.ts';

/** Any change of the object is enough; a label stays when the plugin replaces the annotations. */
const touchedLabel = 'migrate.sdn-compat/touched';
const manager = 'sdn-compat-touch';

/** Names of the objects that the plugin passed over, sorted. */
export function stuckIn({ checks }: Verification, { kind, isStuck }: Stuck): readonly string[] {
  const found = checks.filter((check) => check.object.kind === kind.kind && isStuck(check));
  return [...new Set(found.map(({ object }) => object.name))].sort();
}

/** Touches them with `now`, a time in milliseconds. Returns those that were there. Throws if a right is missing. */
export async function touch(
  client: KubeClient,
  { kind }: Stuck,
  { names, now }: { readonly names: readonly string[]; readonly now: number },
): Promise<readonly string[]> {
  const touched: string[] = [];
  for (const name of names) {
    const metadata = { labels: { [touchedLabel]: String(Math.floor(now / 1_000)) } };
    try {
      await client.patch(kind, { name }, { metadata }, { type: 'merge', fieldManager: manager });
      touched.push(name);
    } catch (error) {
      if (!isNotFound(error)) throw withRight(error, kind);
    }
  }
  return touched;
}
