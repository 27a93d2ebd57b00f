/** The commands that look at a cluster or at files, and write nothing that stays. Each is loaded when it is used. */
import { type Command, Option } from 'commander';
import { addClientOptions } from '../client.ts';
import { duration } from '../duration.ts';
import { wholeNumber } from '../whole-number.ts';
import type { ExplainFlags } from './explain.ts';
import type { SupportFlags } from './gather/gather.ts';
import type { DashboardFlags } from './page/dashboard.ts';
import type { SimulateFlags } from './simulate.ts';
import type { StatusFlags } from './status.ts';
import type { TestFlags } from './test-flags.ts';
import type { TraceFlags } from './trace.ts';

/** Collects an option that may be repeated. */
function repeatable(flags: string, description: string): Option {
  const none: readonly string[] = [];
  return new Option(flags, `${description} (repeatable)`)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default(none, 'none');
}

function addSimulate(program: Command): void {
  addClientOptions(program.command('simulate'))
    .description('show what becomes of egress IPs and namespaces when nodes fail or objects change; nothing is written')
    .option('--from-cluster', 'read the objects from the API server', false)
    .addOption(repeatable('-f, --filename <path>', 'read the objects from a file or directory: YAML, JSON, lists, .gz'))
    .addOption(repeatable('--node-down <node>', 'take the node as offline'))
    .addOption(repeatable('--node-up <node>', 'take the node as online'))
    .addOption(repeatable('--add-egress-ip <namespace=ip>', 'let the namespace request the IP as well'))
    .addOption(repeatable('--remove-egress-ip <namespace=ip>', 'let the namespace no longer request the IP'))
    .addOption(repeatable('--set-cidrs <node=cidr,...>', "replace the node's egressCIDRs; nothing behind = means none"))
    .addOption(
      repeatable(
        '--set-node-selector <namespace=selector>',
        'let only nodes with such labels host its egress IPs; nothing behind = means all nodes',
      ),
    )
    .addOption(repeatable('--without-failback <namespace>', 'let its egress IPs stay on nodes that may host them'))
    .addOption(repeatable('--request <namespace=n>', 'let its Namespace ask the EgressPools for so many addresses'))
    .option(
      '--scenario <file>',
      'run the scenarios of an NDJSON file, one a line, and print them with the state after each step',
    )
    .addOption(
      new Option(
        '-o, --output <format>',
        'how the result is printed (default: table, or ndjson with --scenario)',
      ).choices(['table', 'json', 'yaml', 'ndjson']),
    )
    .action(async (flags: SimulateFlags) => (await import('./simulate.ts')).runSimulate(flags));
}

function addStatus(program: Command): void {
  addClientOptions(program.command('status'))
    .description(
      'show every egress IP: whose it is, where it is, why it is not in use, and whether all nodes have applied that; exit status 1 if something is not in use, 2 if that cannot be told',
    )
    .addOption(
      repeatable('-f, --filename <path>', 'read files or directories instead: YAML, JSON, lists, must-gathers'),
    )
    .addOption(
      new Option('-o, --output <format>', 'format').choices(['table', 'wide', 'json', 'yaml', 'name']).default('table'),
    )
    .option('-n, --namespace <name>', 'only what is of this namespace')
    .option('-A, --all-namespaces', 'what is of every namespace, as without it', false)
    .option('-l, --selector <labels>', 'only what is of namespaces with these labels, as kubectl has it')
    .option('--node <name>', 'only what is on this node')
    .option('--problems-only', 'only what is not in use or not known', false)
    .option('--no-agents', 'another network plugin forwards: nothing is expected of our agents')
    .option('-w, --watch', 'print it again whenever it changes, until interrupted', false)
    .option('--wait', 'wait until everything is in use and applied', false)
    .addOption(
      new Option('--timeout <duration>', 'with --wait: how long').argParser(duration(1)).default(300_000, '5m'),
    )
    .action(async (flags: StatusFlags) => (await import('./status.ts')).runStatus(flags));
}

function addTrace(program: Command): void {
  addClientOptions(program.command('trace'))
    .description(
      'tell which way a packet of a pod takes, with which address it leaves, and why, from the objects alone; exit status 1 if it is dropped or refused, 2 if that cannot be told',
    )
    .argument('<pod>', 'NAMESPACE/POD')
    .argument('<destination>', 'ADDRESS or NAMESPACE/POD, with :PORT and /tcp, /udp, /sctp or /icmp behind it')
    .addOption(
      repeatable('-f, --filename <path>', 'read files or directories instead: YAML, JSON, lists, must-gathers'),
    )
    .option('--reply', 'the pod answers a connection that came in to it', false)
    .option('--from-node <node>', 'as if the pod were on that node')
    .option('--first-available', 'as agents with --first-available do', false)
    .option('-v, --verbose', 'with the flows that decide, as ovs-ofctl writes them', false)
    .option(
      '--live',
      'say where this node, on which it runs as root, differs: flows (ofproto/trace), nft, addresses, connections',
      false,
    )
    .option('--node-name <name>', 'with --live: name of this Node (default: the host name)')
    .option('--ovs-run-dir <dir>', "with --live: directory of Open vSwitch's sockets", '/var/run/openvswitch')
    .addOption(new Option('-o, --output <format>', 'format').choices(['table', 'json', 'yaml']).default('table'))
    .action(async (pod: string, destination: string, flags: TraceFlags) =>
      (await import('./trace.ts')).runTrace(pod, destination, flags),
    );
}

function addExplain(program: Command): void {
  program
    .command('explain')
    .description('say what a reason of an Event or of status, or the code of a finding, means, and what to do')
    .argument('[code]', 'such as EgressIPOnSeveralNodes; without it all are listed')
    .addOption(new Option('-o, --output <format>', 'format').choices(['table', 'json', 'yaml']).default('table'))
    .action(async (code: string | undefined, flags: ExplainFlags) =>
      (await import('./explain.ts')).runExplain(code, flags),
    );
}

function addTest(program: Command): void {
  addClientOptions(program.command('test'))
    .description(
      'test with which address pods of namespaces leave, by short-lived pods that ask a server outside; exit status 1 if one leaves as it should not, 2 if that cannot be told',
    )
    .requiredOption('--to <url>', 'what answers with the address of who asks: sdn-compat echo, or any such service')
    .requiredOption('--image <image>', 'image with curl for the pods')
    .addOption(repeatable('-n, --namespace <name>', 'ask from this namespace'))
    .option('--all', 'ask from all namespaces that request egress IPs', false)
    .option('--sample <number>', 'of these, ask from that many at most', wholeNumber(1, 100_000), 20)
    .option('--per-node', 'ask from every node, not only from the one that the scheduler chooses', false)
    .option(
      '--disruptive <node>',
      'cut that node off from the probes and the tunnels of the others for a while, and time how namespaces that leave by it come through',
    )
    .addOption(
      new Option('--outage <duration>', 'with --disruptive: for how long')
        .argParser(duration(5_000))
        .default(20_000, '20s'),
    )
    .option('--node-image <image>', 'with --disruptive: image with nft for a pod on that node, such as our own')
    .option(
      '--node-namespace <name>',
      'with --disruptive: the namespace of that pod, which may use NET_ADMIN',
      'sdn-compat',
    )
    .addOption(
      new Option('--timeout <duration>', 'how long a pod may take, with the pull of its image')
        .argParser(duration(1_000))
        .default(60_000, '1m'),
    )
    .addOption(
      new Option('-o, --output <format>', 'format').choices(['table', 'json', 'yaml', 'junit']).default('table'),
    )
    .action(async (flags: TestFlags) => (await import('./test.ts')).runTest(flags));
}

function addDashboard(program: Command): void {
  addClientOptions(program.command('dashboard'))
    .description('show the status as a page in a browser, as it changes, with what-if and trace; or write it as a file')
    .addOption(
      repeatable('-f, --filename <path>', 'read files or directories instead: YAML, JSON, lists, must-gathers'),
    )
    .option('--export <file>', 'write the page with the present state into this file, and end')
    .option('--listen <address:port>', 'where the page is served; port 0 is any free one', '127.0.0.1:0')
    .option(
      '--behind-proxy',
      'without a token: the API server lets in those who may look, by port-forward or its proxy',
      false,
    )
    .option('--no-agents', 'another network plugin forwards: nothing is expected of our agents')
    .action(async (flags: DashboardFlags) => (await import('./page/dashboard.ts')).runDashboard(flags));
}

function addGather(program: Command): void {
  addClientOptions(program.command('gather'))
    .description(
      'write one bundle for support: objects, status, findings, Events and logs of ours, or what is on a node; no Secrets and no specs of pods; exit status 1 if something could not be read, which it lists',
    )
    .requiredOption('--out <path>', 'a folder, a .tar.gz file, or - for standard output')
    .option('--redact', 'mask all addresses, each the same way everywhere, so that it can still be simulated', false)
    .option('--node-only', 'what is on this node, as root: flows, groups, nft, addresses, routes, OVSDB', false)
    .option('--node-name <name>', 'with --node-only: name of this Node (default: the host name)')
    .option('--ovs-run-dir <dir>', "with --node-only: directory of Open vSwitch's sockets", '/var/run/openvswitch')
    .option('--log-lines <number>', 'how many lines of each log', wholeNumber(1, 1_000_000), 10_000)
    .action(async (flags: SupportFlags) => (await import('./gather/gather.ts')).runGather(flags));
}

/** Adds them to the program. */
export function addLookCommands(program: Command): void {
  addSimulate(program);
  addStatus(program);
  addTrace(program);
  addExplain(program);
  addTest(program);
  addDashboard(program);
  addGather(program);
}
