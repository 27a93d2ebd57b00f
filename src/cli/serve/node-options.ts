/** The options of `sdn-compat node`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { nodePorts } from '../../model/objects/well-known.ts';
import { defaultMasqueradeBit } from '../../node/ovs/pipeline.ts';
import { duration } from '../duration.ts';
import { kubeconfig, logLevel } from '../options.ts';
import { portRange } from '../port-range.ts';
import { addStatusOptions } from '../status-options.ts';
import { wholeNumber } from '../whole-number.ts';

/** The bits of a mark that are neither kubelet's (15) nor above the VNID's bits, which we use. */
function masqueradeBit(text: string): number {
  const bit = Number(text);
  if (/^-?\d+$/.test(text) && bit >= -1 && bit <= 23 && bit !== 15) return bit;
  throw new InvalidArgumentError(
    'it must be from 0 to 14 or from 16 to 23, since bits 15 and 24 to 31 of the mark have other meanings; or -1.',
  );
}

/** How other nodes are probed. */
function addProbeOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--probe-interval <duration>',
        'the longest time between two probes of a node by which pods here leave',
      )
        .argParser(duration(50))
        .default(1_000, '1s'),
    )
    .option(
      '--probe-limit <count>',
      'the most probes this node sends in a second; if they are too few, nodes are probed less often',
      wholeNumber(4, 10_000),
      50,
    );
}

/** Adds the options to the command. */
export function addNodeOptions(command: Command): Command {
  const withOwn = command
    .addOption(kubeconfig())
    .option('--node-name <name>', 'name of this Node (default: the host name)')
    .option('--ovs-run-dir <dir>', "directory of Open vSwitch's sockets and pid files", '/var/run/openvswitch')
    .option('--cni-socket <path>', 'socket for the CNI plugin, mode 0600', '/run/sdn-compat/cni.sock')
    .option(
      '--cni-conf-dir <dir>',
      'where the runtime looks for CNI configurations, for --check and --cleanup',
      '/etc/cni/net.d',
    )
    .option('--cni-bin-dir <dir>', 'where it looks for CNI plugins', '/opt/cni/bin')
    .addOption(
      new Option(
        '--datapath <kind>',
        "datapath of br0; auto keeps what it has, else takes the kernel's if there is one",
      )
        .choices(['auto', 'system', 'netdev'])
        .default('auto'),
    )
    .option(
      '--masquerade-bit <bit>',
      'bit of the mark that kube-proxy masquerades by; -1 for none',
      masqueradeBit,
      defaultMasqueradeBit,
    )
    .addOption(
      new Option(
        '--service-node-port-range <range>',
        'ports that the API server gives to Services on every node, as there',
      )
        .argParser(portRange)
        .default(nodePorts, `${nodePorts.first}-${nodePorts.last}`),
    )
    .option('--resync <seconds>', 'how often bridge, nft and links are read again', wholeNumber(1, 3_600), 60)
    .option(
      '--resolver <address>',
      'resolver for names in EgressNetworkPolicies, ADDRESS or ADDRESS:PORT (default: resolv.conf)',
    )
    .option('--lease-namespace <namespace>', 'namespace of the Lease that says what this node refuses', 'kube-system')
    .option('--first-available', 'use the first online egress IP of a namespace instead of spreading over all', false)
    .addOption(logLevel())
    .option('--check', 'print what is wrong with this machine and how to fix it, and end')
    .option('--cleanup', 'remove all that an agent ever made on this machine, and end')
    .addOption(new Option('-o, --output <format>', 'format of --check').choices(['text', 'json']).default('text'));
  return addStatusOptions(addProbeOptions(withOwn), '127.0.0.1:9107');
}
