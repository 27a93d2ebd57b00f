/** The CNI calling convention (specification 0.3.1 to 1.1.0): environment and standard input in, JSON out. Pure. */
import { asText, isRecord } from '../../model/values/json.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { CniQuestion, CniResult } from './server.ts';

export const supportedVersions = ['0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
/** The version of a configuration that names none, by the specification. */
const versionWhenNone = '0.1.0';
/** The version that introduced a command; the others are in all versions. */
const since: Readonly<Record<string, number>> = {
  CHECK: supportedVersions.indexOf('0.4.0'),
  GC: supportedVersions.indexOf('1.1.0'),
  STATUS: supportedVersions.indexOf('1.1.0'),
};
export const defaultSocket = '/run/sdn-compat/cni.sock';

/** Error codes of the specification; those from 100 up are ours. */
export const errorCode = {
  incompatibleVersion: 1,
  invalidEnvironment: 4,
  io: 5,
  decoding: 6,
  invalidConfig: 7,
  tryAgainLater: 11,
  notAvailable: 50,
  refused: 100,
} as const;

export interface CniError {
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** A call from the runtime. VERSION needs no agent. */
export type CniCall =
  | { readonly kind: 'version'; readonly cniVersion: string }
  | { readonly kind: 'ask'; readonly cniVersion: string; readonly socket: string; readonly request: CniQuestion };

type Environment = Readonly<Record<string, string | undefined>>;

interface Config {
  readonly cniVersion: string;
  readonly socket: string;
  /** The name of the network; '' if the configuration has none. */
  readonly network: string;
  readonly raw: Readonly<Record<string, unknown>>;
}

function parseConfig(stdin: string): Result<Config, CniError> {
  let raw: unknown;
  try {
    raw = JSON.parse(stdin);
  } catch {
    return err({ code: errorCode.decoding, msg: 'the network configuration on standard input is not JSON' });
  }
  if (!isRecord(raw))
    return err({ code: errorCode.decoding, msg: 'the network configuration on standard input is no object' });
  const cniVersion = raw['cniVersion'] === undefined ? versionWhenNone : asText(raw['cniVersion']);
  const socket = raw['socket'] === undefined ? defaultSocket : asText(raw['socket']);
  if (!socket.startsWith('/'))
    return err({ code: errorCode.invalidConfig, msg: `socket ${JSON.stringify(raw['socket'])} is no absolute path` });
  const network = asText(raw['name']);
  if (network !== '' && !namePattern.test(network))
    return err({ code: errorCode.invalidConfig, msg: `name ${JSON.stringify(network)} is not as CNI has it` });
  return ok({ cniVersion, socket, network, raw });
}

/** The key=value pairs of CNI_ARGS. */
function argsOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(';').flatMap((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [] : [[pair.slice(0, at), pair.slice(at + 1)] as const];
    }),
  );
}

const needed = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME'],
  GC: [],
  STATUS: [],
} as const;

/** The specification's format of a container ID, and of a network's name. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** The format of an object's uid, which is written where spaces separate. */
const uidPattern = /^[A-Za-z0-9-]{1,64}$/;

/** The format of variables; an interface has a name that the kernel accepts, in one word. */
const patterns: Readonly<Record<string, RegExp>> = {
  CNI_CONTAINERID: namePattern,
  CNI_IFNAME: /^(?!\.\.?$)[^\s/:"'\\]{1,15}$/,
};

function isCommand(text: string): text is keyof typeof needed {
  return Object.hasOwn(needed, text);
}

/** The key of the list in a GC's configuration; the second one is from drafts of the specification. */
const validKeys = ['cni.dev/valid-attachments', 'cni.dev/attachments'];

/**
 * The containers whose attachments stay, from a GC's configuration; without this list every pod would be removed. An
 * empty Go list may arrive as null.
 */
function validSandboxes(raw: Config['raw']): Result<readonly string[], CniError> {
  const key = validKeys.find((one) => Object.hasOwn(raw, one));
  const attachments = key === undefined ? undefined : (raw[key] ?? []);
  if (!Array.isArray(attachments))
    return err({ code: errorCode.invalidConfig, msg: 'GC needs the list cni.dev/valid-attachments' });
  const sandboxes = attachments.map((one: unknown) => (isRecord(one) ? asText(one['containerID']) : ''));
  const odd = sandboxes.findIndex((sandbox) => !namePattern.test(sandbox));
  // a name that cannot be read may be that of a pod that runs
  if (odd >= 0)
    return err({
      code: errorCode.invalidConfig,
      msg: `GC: number ${odd + 1} of ${key ?? ''} has no containerID as CNI has it`,
    });
  return ok(sandboxes);
}

function parseRequest(
  command: keyof typeof needed,
  env: Environment,
  { network, raw }: Config,
): Result<CniQuestion, CniError> {
  const variable = (name: string): string => env[name] ?? '';
  const missing = needed[command].filter((name) => variable(name) === '');
  if (missing.length > 0)
    return err({ code: errorCode.invalidEnvironment, msg: `missing in the environment: ${missing.join(', ')}` });
  const wrong = Object.entries(patterns).filter(
    ([name, pattern]) => variable(name) !== '' && !pattern.test(variable(name)),
  );
  if (wrong.length > 0)
    return err({
      code: errorCode.invalidEnvironment,
      msg: `not as CNI has it: ${wrong.map(([name]) => `${name} ${JSON.stringify(variable(name))}`).join(', ')}`,
    });
  const args = argsOf(variable('CNI_ARGS'));
  // podman knows a pod's name alone: its network's configuration says of which namespace its containers are
  const namespace = args.get('K8S_POD_NAMESPACE') ?? asText(raw['namespace']);
  const name = args.get('K8S_POD_NAME') ?? '';
  if (command === 'ADD' && (namespace === '' || name === '')) {
    return err({ code: errorCode.invalidEnvironment, msg: 'CNI_ARGS must have K8S_POD_NAMESPACE and K8S_POD_NAME' });
  }
  const uid = args.get('K8S_POD_UID') ?? '';
  const sandbox = variable('CNI_CONTAINERID');
  const valid = command === 'GC' ? validSandboxes(raw) : ok([]);
  if (!valid.ok) return valid;
  return ok({
    command,
    network,
    sandbox,
    netns: variable('CNI_NETNS'),
    device: variable('CNI_IFNAME'),
    namespace,
    name,
    uid: uidPattern.test(uid) ? uid : '',
    valid: valid.value,
  });
}

/** Parses the call; the error is what to print. */
export function parseCall(env: Environment, stdin: string): Result<CniCall, CniError> {
  const command = env['CNI_COMMAND'] ?? '';
  const config = parseConfig(stdin);
  if (!config.ok) return config;
  const { cniVersion, socket } = config.value;
  if (command === 'VERSION') return ok({ kind: 'version', cniVersion });
  if (!isCommand(command)) {
    return err({
      code: errorCode.invalidEnvironment,
      msg: `CNI_COMMAND ${JSON.stringify(command)} is none of ADD, CHECK, DEL, GC, STATUS, VERSION`,
    });
  }
  const version = supportedVersions.findIndex((one) => one === cniVersion);
  const first = since[command] ?? 0;
  if (version < first) {
    const speaking = supportedVersions.slice(first).join(', ');
    return err({
      code: errorCode.incompatibleVersion,
      msg:
        first === 0
          ? `cniVersion ${cniVersion} is none of ${speaking}`
          : `cniVersion ${cniVersion} has no ${command}; those that have it: ${speaking}`,
    });
  }
  const request = parseRequest(command, env, config.value);
  return request.ok ? ok({ kind: 'ask', cniVersion, socket, request: request.value }) : request;
}

/** Formats the result of ADD for the requested version. */
export function renderResult(cniVersion: string, result: CniResult, request: CniQuestion): object {
  const { ip, prefixLength, gateway, mac, mtu, networks } = result;
  const isOld = cniVersion.startsWith('0.');
  const address = { address: `${ip}/${prefixLength}`, gateway, interface: 0, ...(isOld ? { version: '4' } : {}) };
  const routes = [...networks.map((dst) => ({ dst })), { dst: '0.0.0.0/0', gw: gateway }];
  const device = { name: request.device, mac, sandbox: request.netns, ...(cniVersion === '1.1.0' ? { mtu } : {}) };
  return { cniVersion, interfaces: [device], ips: [address], routes, dns: {} };
}

/** Formats an error as CNI's JSON. */
export function renderError(cniVersion: string, error: CniError): object {
  return { cniVersion, ...error };
}
