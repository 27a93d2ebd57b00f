/** The client that commands ask the API server with, as the user's options choose it: the habits of kubectl. */
import { type Command, Option } from 'commander';
import type { KubeClient } from '../io/kube/client.ts';
import { kubeconfig } from './options.ts';

/** Which API server, and as whom. */
export interface ClientFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Adds `--kubeconfig`, `--context`, `--cluster`, `--as` and `--as-group`. */
export function addClientOptions(command: Command): Command {
  return command
    .addOption(kubeconfig())
    .option('--context <name>', "context of the kubeconfig to use (default: the kubeconfig's current one)")
    .option('--cluster <name>', "cluster of the kubeconfig to use (default: the context's)")
    .option('--as <user>', 'user to be instead, as the API server allows it')
    .addOption(new Option('--as-group <group>', 'group to be in, with --as (repeatable)').argParser(collect));
}

/** Opens the client; `name` is what logs and the API server know the command by. Throws KubeConfigError. */
export async function openClient(flags: ClientFlags, name: string): Promise<KubeClient> {
  const [{ openKube }, { createLogger }] = await Promise.all([import('../io/kube/config.ts'), import('../io/log.ts')]);
  const { kubeconfig: file, context, cluster, as, asGroup } = flags;
  return openKube({
    ...{ logger: createLogger({ level: 'warn', name }), userAgent: name },
    ...(file === undefined ? {} : { kubeconfig: file }),
    ...(context === undefined ? {} : { context }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(as === undefined ? {} : { as }),
    ...(asGroup === undefined ? {} : { asGroup }),
  });
}
