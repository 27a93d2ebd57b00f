/** The `sdn-compat` command: one file a subcommand, loaded when it is used. */
import { Command } from 'commander';
import { Failure } from './fail.ts';

const program = new Command('sdn-compat')
  .description('OpenShift SDN egress IPs on any Kubernetes API server, and the way from them to OVN-Kubernetes')
  .version('0.1.0')
  .showHelpAfterError()
  .configureHelp({ sortSubcommands: true });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`sdn-compat: ${error.message}\n`);
  if (process.env['SDN_COMPAT_DEBUG'] !== undefined) process.stderr.write(`${error.stack ?? ''}\n`);
  process.exitCode = error instanceof Failure ? error.status : 1;
}
