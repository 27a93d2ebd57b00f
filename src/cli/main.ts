/** The `sdn-compat` command with its subcommands, options and defaults. Each subcommand is loaded when it is used. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { KubeConfigError } from '../io/kube/error.ts';
import { type HostKind, hostKinds, isHostKind } from '../lab/hosts/kinds.ts';
import { defaultLabName } from '../lab/layout.ts';
import { type Component, components, type FailMode, failModes } from '../lab/nodes/faults.ts';
import { builds } from '../lab/ovn/builds.ts';
import { proxyForms } from '../lab/proxy-forms.ts';
import { nodePorts } from '../model/objects/well-known.ts';
import { addClientOptions } from './client.ts';
import { type Shell, shells } from './completion.ts';
import { Failure } from './fail.ts';
import type { DownFlags, LabFlags, LogFlags, ServicesFlags, UpFlags } from './lab.ts';
import type { KubeletFlags, StandInFlags } from './lab-processes.ts';
import { addLookCommands } from './look/commands.ts';
import { kubeconfig, logLevel } from './options.ts';
import { print, report } from './output.ts';
import type { PodNetworkFlags } from './pod-network.ts';
import { portRange } from './port-range.ts';
import type { ApiServerArguments } from './serve/apiserver.ts';
import { addControllerOptions, type ControllerFlags } from './serve/controller-options.ts';
import type { EchoFlags } from './serve/echo.ts';
import type { NodeFlags } from './serve/node.ts';
import { addNodeOptions } from './serve/node-options.ts';
import { programVersion } from './version.ts';
import { wholeNumber } from './whole-number.ts';

const program = new Command('sdn-compat')
  .description('OpenShift SDN egress IPs on any Kubernetes API server, and the way from them to OVN-Kubernetes')
  .version(programVersion)
  .showHelpAfterError('(see --help)')
  .configureHelp({ sortSubcommands: true })
  .exitOverride();

function collect(text: string, before: readonly string[]): readonly string[] {
  if (!/^[a-z-]+(=|$)/.test(text)) throw new InvalidArgumentError('it must be NAME or NAME=VALUE.');
  return [...before, text];
}

function collectHost(text: string, before: readonly HostKind[]): readonly HostKind[] {
  if (!isHostKind(text)) throw new InvalidArgumentError(`it must be one of ${Object.keys(hostKinds).join(', ')}.`);
  return [...before, text];
}

/** The hosts for --help, one on each line. */
const hostHelp = [
  'what every host is like beside our agent; repeatable:',
  ...Object.entries(hostKinds).map(([kind, what]) => `${kind}: ${what}`),
].join('\n');

program
  .command('apiserver')
  .description('serve the Kubernetes API from memory, for the lab and for tests; production uses a real API server')
  .option('--listen <host:port>', 'address to serve at', '127.0.0.1:6443')
  .option('--socket <path>', 'unix socket to serve at as well')
  .option('--data-dir <folder>', 'keep the objects there over restarts (default: in memory only)')
  .requiredOption('--write-kubeconfig <file>', 'where to write the kubeconfig for clients')
  .addOption(
    new Option('--authorization-mode <mode>', 'rbac: ServiceAccounts may do what the roles allow; always: everything')
      .choices(['always', 'rbac'])
      .default('always'),
  )
  .option('--service-account-tokens <file>', 'a line NAMESPACE/NAME=TOKEN for each ServiceAccount; mode 0600')
  .addOption(
    new Option('--service-node-port-range <range>', 'ports that Services may have on every node')
      .argParser(portRange)
      .default(nodePorts, `${nodePorts.first}-${nodePorts.last}`),
  )
  .action(async (flags: ApiServerArguments) => (await import('./serve/apiserver.ts')).runApiServer(flags));

addControllerOptions(
  program
    .command('controller')
    .description('run the control plane: VNIDs for namespaces, subnets for nodes, egress IPs')
    .addOption(kubeconfig())
    .addOption(logLevel()),
).action(async (_flags: ControllerFlags, command: Command) =>
  (await import('./serve/controller.ts')).runController(command),
);

addNodeOptions(
  program.command('node').description('run the agent of one node: bridge, flows, source NAT and egress IPs'),
).action(async (flags: NodeFlags) => (await import('./serve/node.ts')).runNode(flags));

program
  .command('cni', { hidden: true })
  .description('answer one call of CNI, as the plugin of the network; bundled alone where a runtime starts it')
  .action(async () => (await import('../node/cni/plugin.ts')).runPlugin());

addLookCommands(program);

program
  .command('echo')
  .description('answer every HTTP request with the address that it comes from, for sdn-compat test')
  .option('--listen <address:port>', 'where', '127.0.0.1:8080')
  .action(async (flags: EchoFlags) => (await import('./serve/echo.ts')).runEcho(flags));

program
  .command('completion')
  .description('print what lets a shell complete commands and options, such as: source <(sdn-compat completion bash)')
  .addArgument(new Argument('<shell>').choices(shells))
  .action(async (shell: Shell) => print((await import('./completion.ts')).completion(await wholeCommand(), shell)));

const podNetwork = program
  .command('pod-network')
  .description('join, isolate or open namespaces with the multitenant plugin, as `oc adm pod-network` does');
for (const [name, kind, what] of [
  ['join-projects', 'join', 'give namespaces the VNID of another one'],
  ['isolate-projects', 'isolate', 'give each namespace a VNID of its own'],
  ['make-projects-global', 'global', 'give namespaces VNID 0, which reaches all and is reached by all'],
] as const) {
  const command = addClientOptions(podNetwork.command(name))
    .description(what)
    .argument('[namespace...]', 'names of namespaces')
    .option('--selector <labels>', 'the namespaces with these labels instead, as KEY=VALUE,...');
  if (kind === 'join') command.requiredOption('--to <namespace>', 'the namespace to join');
  command.action(async (names: string[], flags: PodNetworkFlags) =>
    (await import('./pod-network.ts')).runPodNetwork(kind, names, flags),
  );
}

const migrate = program
  .command('migrate')
  .description('the way from OpenShift SDN to OVN-Kubernetes: nothing lost, nothing silent, always a way back');

const lab = program
  .command('lab')
  .description('nodes out of network namespaces with real Open vSwitch, on this machine');
const labName = (): Option =>
  new Option('--name <name>', 'name of the lab; several may run at once').default(defaultLabName);
const ovnHelp =
  'let a stand-in for OVN-Kubernetes assign and forward, about as in 4.16 (A), 4.18 (B) or later (C, D), and the controller keep the old API on top of it';
const upOptions = (command: Command): Command =>
  command
    .addOption(labName())
    .option('--nodes <number>', 'number of workers', wholeNumber(1, 180), 3)
    .option('--kubeconfig <file>', 'run on the API server of this kubeconfig instead of one of its own')
    .option('--port <port>', 'port of the API server on 127.0.0.1 (default: a free one)', wholeNumber(1, 65535))
    .addOption(
      new Option('--datapath <kind>', "datapath of every node's bridges; auto takes the kernel's if there is one")
        .env('SDN_COMPAT_LAB_DATAPATH')
        .choices(['auto', 'system', 'netdev'])
        .default('netdev'),
    )
    .option('--agent-option <name=value>', 'option of every node agent, such as resync=2; repeatable', collect, [])
    .addOption(new Option('--ovn [build]', ovnHelp).choices(builds).preset('B').conflicts('kubeconfig'))
    .addOption(
      new Option('--services [form]', 'make EndpointSlices of pods, and run a service proxy on every node')
        .choices(proxyForms)
        .preset('nftables'),
    )
    .addOption(new Option('--host <kind>', hostHelp).argParser(collectHost).default([], 'plain'));

upOptions(lab.command('up'))
  .description('bring a lab up, and say how to use it')
  .action(async (flags: UpFlags) => (await import('./lab.ts')).labUp(flags));
upOptions(lab.command('walkthrough'))
  .description('bring a lab up, run the published egress IP walkthrough in it, check each result, and take it down')
  .action(async (flags: UpFlags) => (await import('./lab.ts')).labWalkthrough(flags));
lab
  .command('down')
  .description('remove all that a lab made, also after a crash')
  .addOption(labName())
  .option(
    '--leave-server',
    'leave on an API server that was there before what the lab made there, and say what that is: for one that never answers again',
    false,
  )
  .action(async (flags: DownFlags) => (await import('./lab.ts')).labDown(flags));
lab
  .command('status')
  .description('list the processes of a lab; exit status 1 when one has ended')
  .addOption(labName())
  .action(async (flags: LabFlags) => (await import('./lab.ts')).labStatus(flags));
lab
  .command('exec')
  .description("run a program of this machine in a pod's network namespace; output and exit status are its own")
  .argument('<namespace/pod>')
  .argument('[command...]', 'behind --')
  .addOption(labName())
  .action(async (pod: string, argv: string[], flags: LabFlags) => (await import('./lab.ts')).labExec(pod, argv, flags));
lab
  .command('node-exec')
  .description("run a program of this machine in a node's network namespace; output and exit status are its own")
  .argument('<node>', 'name of the node, short or whole')
  .argument('[command...]', 'behind --')
  .addOption(labName())
  .action(async (node: string, argv: string[], flags: LabFlags) =>
    (await import('./lab.ts')).labNodeExec(node, argv, flags),
  );
lab
  .command('log')
  .description('print the access log of the web server outside the cluster')
  .addOption(labName())
  .option('-n, --lines <number>', 'how many lines, the newest', wholeNumber(0, 1_000_000), 20)
  .action(async (flags: LogFlags) => (await import('./lab.ts')).labLog(flags));
lab
  .command('fail')
  .description(
    'break a node on purpose: its link, its power, its way to the API server, its agent, its Open vSwitch, or make it slow',
  )
  .argument('<node>')
  .addOption(new Option('--mode <mode>', 'what breaks').choices(failModes).default('link'))
  .addOption(labName())
  .action(async (node: string, flags: LabFlags & { mode: FailMode }) =>
    (await import('./lab.ts')).labFail(node, flags),
  );
lab
  .command('heal')
  .description('repair whatever fail broke on a node')
  .argument('<node>')
  .addOption(labName())
  .action(async (node: string, flags: LabFlags) => (await import('./lab.ts')).labHeal(node, flags));
for (const verb of ['kill', 'start'] as const) {
  lab
    .command(verb)
    .description(verb === 'kill' ? 'end a process of the lab at once (SIGKILL)' : 'start a process of the lab again')
    .addArgument(new Argument('<component>').choices(components))
    .argument('[node]', 'for agent, ovs and relay')
    .addOption(labName())
    .action(async (component: Component, node: string | undefined, flags: LabFlags) =>
      (await import('./lab.ts')).labComponent(verb, component, node, flags),
    );
}
lab
  .command('stand-in')
  .description('do to the objects of a cluster what OVN-Kubernetes does, without packets, until a signal')
  .addOption(kubeconfig())
  .addOption(new Option('--ovn <build>', 'about as in 4.16 (A), 4.18 (B) or later (C, D)').choices(builds).default('B'))
  .action(async (flags: StandInFlags) => (await import('./lab-processes.ts')).labStandIn(flags));
lab
  .command('kubelet', { hidden: true })
  .addOption(labName())
  .addOption(new Option('--datapath <kind>').choices(['system', 'netdev']).makeOptionMandatory())
  .action(async (flags: KubeletFlags) => (await import('./lab-processes.ts')).labKubelet(flags));
lab
  .command('relay', { hidden: true })
  .addOption(labName())
  .action(async (flags: LabFlags) => (await import('./lab-processes.ts')).labRelay(flags));
lab
  .command('services', { hidden: true })
  .addOption(labName())
  .addOption(new Option('--form <form>').choices(proxyForms).makeOptionMandatory())
  .action(async (flags: ServicesFlags) => (await import('./lab-processes.ts')).labServices(flags));
lab
  .command('ovn', { hidden: true })
  .addOption(labName())
  .action(async (flags: LabFlags) => (await import('./lab-processes.ts')).labOvn(flags));
lab
  .command('web', { hidden: true })
  .addOption(labName())
  .action(async (flags: LabFlags) => (await import('./lab-processes.ts')).labWeb(flags));

function isUsageError(error: Error): error is Error & { readonly exitCode: number } {
  return 'code' in error && typeof error.code === 'string' && error.code.startsWith('commander.');
}

// The reader of our output may stop early, like `head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  report(`sdn-compat: standard output cannot be written: ${error.message}\n`);
  process.exit(1);
});
// whoever reads what we report may stop, too
process.stderr.on('error', () => undefined);

/** The command with all its subcommands. */
export async function wholeCommand(): Promise<Command> {
  (await import('./migrate/commands.ts')).addMigrateCommands(migrate);
  return program;
}

/** Runs the command that the arguments name; its outcome is the process's exit status. */
export async function main(): Promise<void> {
  // all targets take as long to load as everything else
  if (process.argv.includes('migrate')) await wholeCommand();
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (isUsageError(error)) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      report(`sdn-compat: ${error.message}\n`);
      if (process.env['SDN_COMPAT_DEBUG'] !== undefined) process.stderr.write(`${error.stack ?? ''}\n`);
      process.exitCode = error instanceof Failure ? error.status : error instanceof KubeConfigError ? 2 : 1;
    }
  }
}
