/** What of other programs is in an agent's way on this machine, and what its installation lacks. Pure. */
import { isRecord, parseJson } from '../../model/values/json.ts';

/** The result of one check. `fix` says how to fix the problem; absent if there is none. */
export interface CheckResult {
  readonly what: string;
  readonly found: string;
  readonly fix?: string;
}

export const good = (what: string, found: string): CheckResult => ({ what, found });
export const bad = (what: string, found: string, fix: string): CheckResult => ({ what, found, fix });

/** The oldest Open vSwitch with which the data path was run. */
const oldestSwitch = [2, 15] as const;

/** Checks what ovs-vswitchd says its version is. */
export function switchVersionResult(said: string): CheckResult {
  const found = /\b(\d+)\.(\d+)\.\d+/.exec(said);
  if (found === null) return good('Open vSwitch version', `unknown: ${said.split('\n', 1)[0] ?? ''}`);
  const [version, major, minor] = [found[0], Number(found[1]), Number(found[2])];
  const [oldestMajor, oldestMinor] = oldestSwitch;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))
    return good('Open vSwitch version', version);
  return bad(
    'Open vSwitch version',
    `${version}, older than ${oldestSwitch.join('.')}, the oldest that works`,
    'install a newer Open vSwitch',
  );
}

/** A file of the folder with the runtimes' CNI configurations. */
export interface ConfigFile {
  readonly name: string;
  readonly text: string;
}

export interface Folders {
  readonly configs: string;
  readonly plugins: string;
}

/** What the first container of config/node puts there: in the folder of configurations, and in that of plugins. */
export const installed = {
  config: '10-sdn-compat.conflist',
  plugin: 'sdn-compat-cni',
  /** The folder with what the plugin is made of. */
  program: 'sdn-compat',
} as const;
const ourPlugin = installed.plugin;

/** The types of the plugins that a CNI configuration calls; undefined if it cannot be read. */
function pluginsIn(text: string): readonly string[] | undefined {
  try {
    const value: unknown = parseJson(text);
    if (!isRecord(value)) return undefined;
    const listed: readonly unknown[] = Array.isArray(value['plugins']) ? value['plugins'] : [value];
    return listed.flatMap((one) => (isRecord(one) && typeof one['type'] === 'string' ? [one['type']] : []));
  } catch {
    return undefined;
  }
}

/**
 * Checks that a runtime, which takes the first configuration by name (libcni: *.conf, *.conflist, *.json), calls our
 * plugin, and that the plugins it calls are there. A machine without a configuration of ours has nothing to check yet,
 * except for one that would come before it.
 */
export function cniResults(
  files: readonly ConfigFile[],
  isThere: (plugin: string) => boolean,
  at: Folders,
): CheckResult[] {
  const read = files
    .filter(({ name }) => /\.(conf|conflist|json)$/.test(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, text }) => ({ name, plugins: pluginsIn(text) }));
  const own = read.findIndex(({ plugins }) => plugins?.includes(ourPlugin));
  const ours = own < 0 ? undefined : read[own];
  const ownName = ours?.name ?? installed.config;
  const before = read.find(({ name }) => name < ownName);
  if (before !== undefined) {
    const whose =
      before.plugins === undefined ? 'cannot be read, and' : `calls ${before.plugins.join(', ') || 'nothing'} and`;
    return [
      bad(
        'CNI configuration',
        `${at.configs}/${before.name} ${whose} comes before ${ownName}: runtimes take the first`,
        'remove it with what its plugin left on this machine',
      ),
    ];
  }
  if (ours === undefined) return [good('CNI configuration', `none of ours in ${at.configs} yet`)];
  const missing = (ours.plugins ?? []).filter((plugin) => !isThere(plugin));
  if (missing.length === 0) return [good('CNI configuration', `${at.configs}/${ours.name}, with its plugins`)];
  return missing.map((plugin) =>
    bad(
      `CNI plugin ${plugin}`,
      `not in ${at.plugins}, and ${at.configs}/${ours.name} calls it`,
      plugin === ourPlugin ? "let the agent's pod start again: its first container writes it" : 'install it there',
    ),
  );
}

/** Checks that no other VXLAN device of the kernel receives at the port of ours. `devices` is what ip -d -j link says. */
export function vxlanResult(devices: readonly unknown[], port: number): CheckResult {
  const other = devices.find((device) => {
    const info = isRecord(device) ? device['linkinfo'] : undefined;
    const data = isRecord(info) ? info['info_data'] : undefined;
    // the device that Open vSwitch makes for its own tunnels
    const isOfSwitch = isRecord(device) && String(device['ifname']).startsWith('vxlan_sys_');
    return isRecord(data) && data['port'] === port && !isOfSwitch;
  });
  if (!isRecord(other)) return good('VXLAN port', String(port));
  const name = String(other['ifname']);
  return bad(
    'VXLAN port',
    `${name} uses UDP port ${String(port)}`,
    `remove it (ip link delete ${name}), or set vxlanPort of ClusterNetwork "default" to another`,
  );
}

/** Checks what ss lists at the UDP port of our tunnels: a socket of the kernel's own tunnel has no process. */
export function portResult(sockets: string, port: number): CheckResult {
  const owner = /users:\(\("([^"]*)",pid=(\d+)/.exec(sockets);
  if (owner === null) return good('VXLAN port', String(port));
  const [, name = '', pid = ''] = owner;
  return bad(
    'VXLAN port',
    `${name} (process ${pid}) has UDP port ${port}`,
    'end it, or set vxlanPort of ClusterNetwork "default" to another',
  );
}

/** A chain of nft that sees every forwarded packet. */
export interface ForwardChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

/** The chains that drop what they forward unless a rule accepts it, of `nft -j list chains`. */
export function droppingChains(listed: unknown): readonly ForwardChain[] {
  const entries = isRecord(listed) && Array.isArray(listed['nftables']) ? listed['nftables'] : [];
  return entries.flatMap((entry: unknown) => {
    const chain = isRecord(entry) && isRecord(entry['chain']) ? entry['chain'] : {};
    const [family, table, name] = [String(chain['family']), String(chain['table']), String(chain['name'])];
    const isOne = chain['hook'] === 'forward' && chain['policy'] === 'drop' && (family === 'ip' || family === 'inet');
    return isOne ? [{ family, table, name }] : [];
  });
}

/**
 * Checks a chain that drops: what its table's rules accept cannot be told without a packet, but one that names neither
 * tun0 nor a pod network (`names`) lets no pod reach the outside.
 */
export function forwardResult(chain: ForwardChain, table: string, names: readonly string[]): CheckResult {
  const place = `chain ${chain.name} of nft table ${chain.family} ${chain.table}`;
  if (names.some((name) => table.includes(`"${name}"`)))
    return good('forwarding', `${place} drops, with rules for pods`);
  return bad(
    'forwarding',
    `${place} drops what pods send outside: its policy is drop, and no rule of the table names tun0 or a pod network`,
    'accept it there: iptables -I FORWARD -i tun0 -j ACCEPT; iptables -I FORWARD -o tun0 -j ACCEPT',
  );
}

/** Checks /proc/self/attr/current: what SELinux or AppArmor keeps a process from cannot be seen before it tries. */
export function confinementResult(context: string): CheckResult {
  const profile = /^(\S+) \(enforce\)/.exec(context);
  if (profile !== null)
    return bad(
      'AppArmor',
      `the profile ${profile[1] ?? ''} is enforced on this process`,
      'run it unconfined: appArmorProfile type Unconfined in the securityContext of the pod',
    );
  const domain = context.split(':')[2] ?? '';
  if (domain.startsWith('container_'))
    return bad(
      'SELinux',
      `this process is confined as ${domain}`,
      'run it as spc_t: seLinuxOptions in the securityContext, as in config/node',
    );
  return good('confinement', domain === '' ? 'none' : domain);
}
