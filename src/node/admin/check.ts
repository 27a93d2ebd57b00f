/** `node --check`: finds problems with this host and how to fix them. Changes nothing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clusterNetworks, hostSubnets } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import type { Exec } from '../../io/programs/exec.ts';
import { connectRpc } from '../../io/programs/jsonrpc.ts';
import { type ClusterNetwork, defaultVxlanPort, parseClusterNetwork } from '../../model/objects/clusternetwork.ts';
import { parseHostSubnet } from '../../model/objects/hostsubnet.ts';
import type { ClusterNetworkObject, HostSubnetObject } from '../../model/objects/raw.ts';
import { nodePorts } from '../../model/objects/well-known.ts';
import { addressAt, type Cidr, type Ip, overlaps } from '../../model/values/address.ts';
import { err, type Result } from '../../model/values/result.ts';
import { findUplink, labelOf, type Uplink } from '../links/addresses.ts';
import { linksOf, showAddresses } from '../links/links.ts';
import { devicesWithSysctls, readSysctl } from '../links/sysctl.ts';
import { vxlanOverhead } from '../links/tun.ts';
import { isHostDevice } from '../links/veth.ts';
import { renderBase } from '../nft/ruleset.ts';
import { switchTable } from '../nft/switch-table.ts';
import { chooseDatapath, type DatapathOption, kernelHasDatapath, presentDatapath } from '../ovs/datapath.ts';
import { Ovsdb } from '../ovs/ovsdb.ts';
import { defaultMasqueradeBit, tunDevice } from '../ovs/pipeline.ts';
import type { Datapath } from '../values/facts.ts';
import { checkCni, checkConfinement, checkForward, checkVxlan } from './look-around.ts';
import { bad, type CheckResult, type Folders, good, switchVersionResult } from './surroundings.ts';

export interface CheckOptions {
  readonly nodeName: string;
  readonly ovsRunDir: string;
  readonly datapath: DatapathOption;
  /** Where runtimes look for configurations and plugins of CNI. */
  readonly cni: Folders;
}

export interface CheckDeps {
  readonly exec: Exec;
  /** Undefined if the API server cannot be reached; `unreachable` has the reason. */
  readonly client: KubeClient | undefined;
  readonly unreachable: string;
}

const programs: Readonly<Record<string, string>> = {
  'ovs-ofctl': 'openvswitch-switch',
  nft: 'nftables',
  ip: 'iproute2',
  tc: 'iproute2',
  conntrack: 'conntrack',
  arping: 'iputils-arping',
  ethtool: 'ethtool',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
};

/** Milliseconds for which to wait for Open vSwitch's answer. */
const answerTime = 3_000;

async function checkPrograms(exec: Exec): Promise<CheckResult[]> {
  return Promise.all(
    Object.entries(programs).map(async ([program, owner]) => {
      const found = await exec(program, ['--version']).then(
        () => true,
        () => false,
      );
      return found
        ? good(`program ${program}`, 'installed')
        : bad(`program ${program}`, 'not installed', `install the package ${owner}`);
    }),
  );
}

/** Only the arping of iputils has the options with which egress IPs are announced. */
async function checkArping(exec: Exec): Promise<CheckResult[]> {
  const version = await exec('arping', ['-V']).catch(() => undefined);
  if (version === undefined || version.stdout.includes('iputils')) return [];
  return [bad('arping', 'is not that of iputils', 'install the package iputils-arping instead')];
}

/** What somebody who listens at the socket answers to this request; undefined if nobody does in time. */
async function answerOf(socket: string, method: string): Promise<unknown> {
  const rpc = await connectRpc(socket).catch(() => undefined);
  if (rpc === undefined) return undefined;
  const asked = rpc.call(method, []).then(
    (answer) => answer ?? '',
    () => undefined,
  );
  const answer = await Promise.race([asked, pause(answerTime)]);
  rpc.close();
  return answer;
}

async function checkDaemon(ovsRunDir: string, fix: string): Promise<readonly CheckResult[]> {
  const pidFile = join(ovsRunDir, 'ovs-vswitchd.pid');
  const pid = await readFile(pidFile, 'utf8').catch(() => undefined);
  if (pid === undefined) return [bad('ovs-vswitchd', `no ${pidFile}`, fix)];
  const control = join(ovsRunDir, `ovs-vswitchd.${pid.trim()}.ctl`);
  const version = await answerOf(control, 'version');
  if (version === undefined) return [bad('ovs-vswitchd', `nobody answers at ${control}`, fix)];
  return [good('ovs-vswitchd', control), switchVersionResult(typeof version === 'string' ? version : '')];
}

async function checkSwitch({ ovsRunDir }: CheckOptions): Promise<CheckResult[]> {
  const socket = join(ovsRunDir, 'db.sock');
  const fix = 'start Open vSwitch: systemctl start openvswitch-switch, or name its directory with --ovs-run-dir';
  const [databases, daemon] = await Promise.all([answerOf(socket, 'list_dbs'), checkDaemon(ovsRunDir, fix)]);
  const database =
    databases === undefined
      ? bad('Open vSwitch database', `nobody answers at ${socket}`, fix)
      : good('Open vSwitch database', socket);
  return [database, ...daemon];
}

/** Checks the datapath that an agent would choose; that one too, or the kernel's if there is none to choose. */
async function checkDatapath(
  { datapath: option, ovsRunDir }: CheckOptions,
  exec: Exec,
): Promise<{ readonly result: CheckResult; readonly datapath: Datapath }> {
  const [present, hasKernel] = await Promise.all([readDatapath(join(ovsRunDir, 'db.sock')), kernelHasDatapath(exec)]);
  const chosen = chooseDatapath(option, present, hasKernel);
  if (!chosen.ok) return { result: bad('datapath', 'system', chosen.error), datapath: 'system' };
  const { datapath, why } = chosen.value;
  const result =
    datapath === 'system' && !hasKernel
      ? bad('datapath', 'system, which this kernel lacks', 'modprobe openvswitch, or --datapath netdev')
      : good('datapath', `${datapath} (${why})`);
  return { result, datapath };
}

/** The datapath of br0; undefined also if the database does not answer. */
async function readDatapath(socket: string): Promise<Datapath | undefined> {
  const opened = Ovsdb.open(socket).catch(() => undefined);
  const ovsdb = await Promise.race([opened, pause(answerTime)]);
  void opened.then((late) => late?.close());
  return ovsdb === undefined ? undefined : presentDatapath(ovsdb);
}

async function checkNft(exec: Exec, datapath: Datapath): Promise<CheckResult[]> {
  const network = { text: '10.254.0.0/16', family: 4, first: 0n, length: 16 } as const;
  const service = { ...network, text: '172.30.0.0/16' };
  const node = { nodeIP: addressAt(network, 1), uplink: { device: 'lo', network } };
  const base = {
    masqueradeBit: defaultMasqueradeBit,
    nodePorts,
    cluster: [network],
    service,
    subnet: network,
    vxlanPort: defaultVxlanPort,
    finerRules: new Map(),
    ...node,
  };
  const tried = async (what: string, input: string, fix: string): Promise<CheckResult> => {
    const ran = await exec('nft', ['-c', '-f', '-'], { input }).catch(() => undefined);
    if (ran?.status === 0) return good(what, 'the tables would be accepted');
    return bad(what, ran?.stderr.trim().split('\n', 1)[0] ?? 'nft cannot be run', fix);
  };
  const needed = 'the kernel needs nf_tables, nft_nat, nft_masq, nft_fib_ipv4 and nft_reject_ipv4; run as root';
  const nat = await tried('nf_tables with NAT', renderBase({ ...base, datapath: 'system' }), needed);
  if (datapath === 'system') return [nat];
  // tun0 may not exist yet
  return [
    nat,
    await tried(
      'nf_tables on egress',
      switchTable('lo').join('\n'),
      'the userspace datapath needs a kernel of 5.16 or later, with CONFIG_NETFILTER_EGRESS',
    ),
  ];
}

/** Checks the kernel settings that decide whether answers come back to pods. */
async function checkSettings(): Promise<CheckResult[]> {
  const read = (name: string): Promise<string> => readSysctl(`ipv4/${name}`).catch(() => '');
  const [forward, mark, all] = await Promise.all(
    ['ip_forward', 'conf/all/src_valid_mark', 'conf/all/rp_filter'].map(read),
  );
  const devices = await devicesWithSysctls().catch((): readonly string[] => []);
  const filters = await Promise.all(
    devices
      .filter((device) => !['all', 'default', 'lo', tunDevice].includes(device) && !isHostDevice(device))
      .map(async (device) => [device, await read(`conf/${device}/rp_filter`)] as const),
  );
  const strict = filters.filter(([, value]) => value > '0' || (all ?? '') > '0').map(([device]) => device);
  // the agent sets both by itself, so before it has run the node is as it was
  const isRunning = devices.includes(tunDevice);
  const forwarding =
    !isRunning || forward === '1'
      ? good('ip_forward', isRunning ? '1' : 'set by the agent')
      : bad('ip_forward', forward ?? '', 'is the agent running? It sets net.ipv4.ip_forward=1');
  if (strict.length === 0) return [forwarding, good('rp_filter', 'off')];
  const found = `on for ${strict.join(', ')}`;
  if (!isRunning || mark === '1')
    return [forwarding, good('rp_filter', `${found}; src_valid_mark ${isRunning ? 'is set' : 'is set by the agent'}`)];
  return [
    forwarding,
    bad(
      'rp_filter',
      `${found}, and net.ipv4.conf.all.src_valid_mark is 0: no answer from outside reaches a pod`,
      'is the agent running? It sets net.ipv4.conf.all.src_valid_mark=1; let no file of sysctl.d set it to 0',
    ),
  ];
}

function overlapResults(uplink: Uplink, network: ClusterNetwork): CheckResult[] {
  const inside: readonly (readonly [string, Cidr])[] = [
    ...network.networks.map(({ cidr }) => ['pod network', cidr] as const),
    ['service network', network.serviceNetwork],
  ];
  const hit = inside.filter(([, cidr]) => overlaps(cidr, uplink.network));
  if (hit.length === 0)
    return [good('networks', `${uplink.network.text} of ${uplink.device} overlaps no pod or service network`)];
  return hit.map(([name, cidr]) =>
    bad(
      'networks',
      `the ${name} ${cidr.text} overlaps ${uplink.network.text} of ${uplink.device}`,
      'choose another network in ClusterNetwork "default", or for the nodes',
    ),
  );
}

function mtuResult(uplink: Uplink, mtu: number | undefined): CheckResult {
  const most = uplink.mtu - vxlanOverhead;
  if (mtu === undefined) return good('MTU', `${most}: that of ${uplink.device} less ${vxlanOverhead}`);
  if (mtu <= most) return good('MTU', `${mtu}, at most ${most} on ${uplink.device}`);
  return bad(
    'MTU',
    `ClusterNetwork "default" has mtu ${mtu}, but ${uplink.device} carries at most ${most}`,
    `set mtu to ${most}, or raise the MTU of ${uplink.device} to ${mtu + vxlanOverhead}`,
  );
}

/** Checks that the uplink of a node with this address is suitable. */
async function checkUplink(exec: Exec, hostIP: Ip, network: ClusterNetwork): Promise<CheckResult[]> {
  const shown = await exec('ip', showAddresses).catch(() => undefined);
  if (shown === undefined) return [bad('uplink', 'ip cannot be run', 'install the package iproute2')];
  const uplink = findUplink(linksOf(shown.stdout), hostIP);
  if (!uplink.ok) return [bad('uplink', uplink.error, "give the machine the Node's InternalIP")];
  const label = labelOf(uplink.value.device);
  return [
    good('uplink', `${uplink.value.device} with ${hostIP}/${uplink.value.prefixLength}`),
    good('label of egress IPs', label ?? 'none, because the interface has a long name: a file says which they are'),
    mtuResult(uplink.value, network.mtu),
    ...overlapResults(uplink.value, network),
  ];
}

async function readNetwork(client: KubeClient): Promise<Result<ClusterNetwork, CheckResult>> {
  const raw = await client.get<ClusterNetworkObject>(clusterNetworks, { name: 'default' });
  const parsed = raw === undefined ? undefined : parseClusterNetwork(raw);
  if (parsed?.ok === true) return parsed;
  const found =
    parsed === undefined ? 'does not exist' : parsed.error.map(({ field, reason }) => `${field} ${reason}`).join('; ');
  return err(bad('ClusterNetwork "default"', found, 'create it with the pod and service networks'));
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function checkCluster(
  { nodeName }: CheckOptions,
  { exec, client, unreachable }: CheckDeps,
): Promise<CheckResult[]> {
  if (client === undefined) return [bad('API server', unreachable, 'name a kubeconfig with --kubeconfig')];
  const answers = good('API server', 'answers');
  const network = await readNetwork(client);
  if (!network.ok) return [answers, network.error];
  const around = [checkVxlan(exec, network.value.vxlanPort), checkForward(exec, network.value)];
  const answered = [answers, ...(await Promise.all(around)).flat()];
  const raw = await client.get<HostSubnetObject>(hostSubnets, { name: nodeName }).catch(wordsOf);
  if (typeof raw === 'string')
    return [...answered, bad(`HostSubnet ${nodeName}`, raw, 'let the user of the kubeconfig read hostsubnets')];
  const subnet = raw === undefined ? undefined : parseHostSubnet(raw);
  const known = subnet?.ok === true ? subnet.value : subnet?.error;
  if (known?.hostIP !== undefined && known.subnet !== undefined) {
    return [...answered, ...(await checkUplink(exec, known.hostIP, network.value))];
  }
  const missing = 'does not exist, or has no usable hostIP and subnet';
  return [
    ...answered,
    bad(`HostSubnet ${nodeName}`, missing, 'run the controller; is --node-name the name of the Node?'),
  ];
}

/** Checks programs, Open vSwitch, kernel and cluster; returns the results in this order. */
export async function checkHost(options: CheckOptions, deps: CheckDeps): Promise<CheckResult[]> {
  const isRoot = process.getuid?.() === 0;
  const { result, datapath } = await checkDatapath(options, deps.exec);
  return [
    isRoot ? good('user', 'root') : bad('user', 'not root', 'run as root'),
    await checkConfinement(),
    ...(await checkPrograms(deps.exec)),
    ...(await checkArping(deps.exec)),
    ...(await checkSwitch(options)),
    result,
    ...(await checkNft(deps.exec, datapath)),
    ...(await checkSettings()),
    ...(await checkCni(options.cni)),
    ...(await checkCluster(options, deps)),
  ];
}
