/** The settings of `sdn-compat controller`. Each is a flag, an environment variable and a field of the config file. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LogLevel } from '../../io/log.ts';
import { withEnvironment } from '../config-file.ts';
import { duration } from '../duration.ts';
import { addStatusOptions, type StatusFlags } from '../status-options.ts';

/** The prefix of the controller's environment variables. */
export const controllerPrefix = 'SDN_COMPAT_CONTROLLER';

export interface ControllerFlags extends StatusFlags {
  readonly kubeconfig?: string;
  readonly config?: string;
  readonly logLevel: LogLevel;
  readonly probeInterval: number;
  readonly cloud: 'auto' | 'never';
  readonly backend: 'sdn' | 'ovn';
  readonly closed: 'always' | 'never';
  readonly egressipPrefix: string;
  readonly denyNodes: boolean;
  readonly cleanup: boolean;
  readonly leaderElect: boolean;
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
  readonly leaseNamespace: string;
  readonly agentsNamespace: string;
  readonly leaseName: string;
}

/** Parses a probe interval; 0 disables probes. */
function probeTime(text: string): number {
  return text === '0' ? 0 : duration(100)(text);
}

/** Parses the beginning of object names. */
function namePrefix(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,100}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the beginning of an object name: lower case letters, digits and hyphens.');
}

/** An option with a duration; its default is given in seconds. */
function lasting(
  flags: string,
  description: string,
  [byDefault, parse]: readonly [number, (text: string) => number],
): Option {
  return new Option(flags, description).argParser(parse).default(byDefault * 1_000, `${byDefault}s`);
}

/** Adds the options about what forwards. */
function addBackendOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--backend <network>',
        "what forwards: this project's agents (sdn), or OVN-Kubernetes, which NetNamespaces and HostSubnets are kept for (ovn)",
      )
        .choices(['sdn', 'ovn'])
        .default('sdn'),
    )
    .addOption(
      new Option(
        '--closed <mode>',
        'with --backend ovn: whether a namespace that asks for an egress IP and has none assigned is closed by an EgressFirewall',
      )
        .choices(['always', 'never'])
        .default('always'),
    )
    .addOption(
      new Option('--egressip-prefix <name>', 'with --backend ovn: names of new EgressIPs are PREFIX-NAMESPACE')
        .argParser(namePrefix)
        .default('egressip'),
    )
    .option(
      '--deny-nodes',
      'with --backend ovn: an EgressNetworkPolicy that denies everything denies the nodes and the API server too',
      false,
    )
    .option('--cleanup', 'with --backend ovn: remove what it made for OVN-Kubernetes, and end', false);
}

/** Adds the controller's options to its command. */
export function addControllerOptions(command: Command): Command {
  addBackendOptions(command)
    .option(
      '--config <file>',
      'YAML or JSON file with these settings, named as the flags in camelCase (logLevel: debug)',
    )
    .addOption(
      lasting('--probe-interval <duration>', 'between two probes of a node with egressCIDRs; 0: nodes are not probed', [
        1,
        probeTime,
      ]),
    )
    .addOption(
      new Option(
        '--cloud <mode>',
        'CloudPrivateIPConfigs for egress IPs: where Nodes carry the annotation of a cloud, or never',
      )
        .choices(['auto', 'never'])
        .default('auto'),
    )
    .option('--leader-elect', 'act only while holding a Lease, so that several replicas may run', false)
    .addOption(
      lasting('--lease-duration <duration>', 'how long others wait before they take a Lease that is not renewed', [
        15,
        duration(300),
      ]),
    )
    .addOption(
      lasting(
        '--renew-deadline <duration>',
        'how long the leader acts on without a renewal; less than the lease duration',
        [10, duration(200)],
      ),
    )
    .addOption(
      lasting(
        '--retry-period <duration>',
        'between two attempts to take or renew the Lease; less than the renew deadline',
        [2, duration(50)],
      ),
    )
    .option('--lease-namespace <namespace>', 'namespace of the Lease', 'kube-system')
    .option('--lease-name <name>', 'name of the Lease', 'sdn-compat-controller')
    .option(
      '--agents-namespace <namespace>',
      "namespace of the agents' Leases, which say which addresses of EgressPools are in use elsewhere",
      'kube-system',
    );
  return withEnvironment(addStatusOptions(command, '127.0.0.1:9106'), controllerPrefix);
}
