/**
 * The second interface of egress routers, as OpenShift SDN gave it: `macvlan0` on a NIC of the node, for pods that ask
 * for it by annotation and have a privileged container. What leaves by it passes neither br0 nor the node's nft tables.
 */
import { type Exec, must } from '../../io/programs/exec.ts';
import type { PodObject } from '../../model/objects/raw.ts';
import { macvlanAnnotation } from '../../model/objects/well-known.ts';
import { asText } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { recordsOf } from '../links/ip.ts';
import { hasDevice } from '../links/present.ts';
import { bridge, tunDevice, vxlanDevice } from '../ovs/pipeline.ts';

/** The name of the interface in the pod. */
export const macvlanDevice = 'macvlan0';

/** The NIC for the interface; undefined stands for that of the default route. */
export interface Macvlan {
  readonly parent: string | undefined;
}

const isPrivileged = ({ spec = {} }: PodObject): boolean =>
  [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(
    ({ securityContext }) => securityContext?.privileged === true,
  );

/**
 * What the pod asks for; undefined if it asks for none, as with `false` or an empty text. The error says why it cannot
 * be attached: without the interface it would leave with another address than the one that it was made for.
 */
export function macvlanOf(pod: PodObject): Result<Macvlan | undefined> {
  const value = pod.metadata.annotations?.[macvlanAnnotation] ?? '';
  if (value === '' || value === 'false') return ok(undefined);
  const asks = `its annotation ${macvlanAnnotation}=${JSON.stringify(value)} asks for a macvlan interface`;
  if (!isPrivileged(pod)) return err(`${asks}, which only a pod with a privileged container gets`);
  if (value === 'true') return ok({ parent: undefined });
  const isName = /^[^\s/]{1,15}$/.test(value) && !value.startsWith('.');
  if (!isName) return err(`${asks}, and is neither true nor the name of an interface`);
  if ([bridge, tunDevice, vxlanDevice].includes(value)) return err(`${asks} on an interface of this agent`);
  return ok({ parent: value });
}

/** The device of the default route with the lowest metric; throws if the node has none. */
async function defaultDevice(run: Exec): Promise<string> {
  const routes = recordsOf(await must(run, 'ip', ['-j', '-4', 'route', 'show', 'default']));
  const [best] = routes.toSorted((one, other) => Number(one['metric'] ?? 0) - Number(other['metric'] ?? 0));
  const device = asText(best?.['dev']);
  if (device === '')
    throw new Error(`the node has no default route: annotation ${macvlanAnnotation} must name the interface to use`);
  return device;
}

/**
 * Makes the interface in the pod's network namespace, up and without an address; one that an earlier attempt left is
 * replaced. Such interfaces of one node do not hear each other (mode private). Throws if it cannot be made.
 */
export async function addMacvlan(run: Exec, { parent }: Macvlan, netns: string): Promise<void> {
  const device = parent ?? (await defaultDevice(run));
  if (!(await hasDevice(device)))
    throw new Error(`the node has no interface ${device}, which annotation ${macvlanAnnotation} names`);
  const inPod = [`--net=${netns}`, '--', 'ip', 'link'];
  await run('nsenter', [...inPod, 'del', 'dev', macvlanDevice]);
  const link = ['link', 'add', 'link', device, 'name', macvlanDevice, 'netns', netns];
  const made = await run('ip', [...link, 'type', 'macvlan', 'mode', 'private']);
  if (made.status !== 0)
    throw new Error(
      `${macvlanDevice} on ${device} cannot be made: ${made.stderr.trim() || `exit status ${made.status}`}`,
    );
  await must(run, 'nsenter', [...inPod, 'set', 'dev', macvlanDevice, 'up']);
}
