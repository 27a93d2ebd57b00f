/** `-l`: the namespaces that a label selector selects, as kubectl has it. */
import { namespaces as namespaceKind } from '../../../api/kinds.ts';
import { labelsMatcher } from '../../apiserver/read/selectors.ts';
import { Refusal } from '../../apiserver/refusal.ts';
import { problemText } from '../../io/input/manifests.ts';
import { trafficFromFiles } from '../../io/input/traffic.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { messageOf } from '../../model/values/message-of.ts';
import { Failure } from '../fail.ts';

const cannotTell = 2;

/** Throws Failure if the selector is none, or Namespaces cannot be read: nobody is left out unknown. */
export async function selectedByServer(client: KubeClient, labelSelector: string): Promise<ReadonlySet<string>> {
  const { items } = await client.list(namespaceKind, { labelSelector }).catch((error: unknown) => {
    throw new Failure(`--selector ${labelSelector}: ${messageOf(error)}`, cannotTell);
  });
  return new Set(items.map(({ metadata }) => metadata.name ?? ''));
}

/** The same of files. */
export async function selectedInFiles(files: readonly string[], labelSelector: string): Promise<ReadonlySet<string>> {
  const read = await trafficFromFiles(files);
  if (!read.ok) throw new Failure(problemText(read.error), cannotTell);
  const isIt = matcherOf(labelSelector);
  return new Set(
    read.value.namespaces.flatMap(({ metadata: { name = '', labels = {} } }) => (isIt(labels) ? [name] : [])),
  );
}

function matcherOf(text: string): (labels: Readonly<Record<string, string>>) => boolean {
  try {
    return labelsMatcher(text);
  } catch (error) {
    if (error instanceof Refusal) throw new Failure(`--selector ${text}: ${error.message}`, cannotTell);
    throw error;
  }
}
