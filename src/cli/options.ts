/** Options that several commands have. */
import { Option } from 'commander';

/** Where the API server is. */
export const kubeconfig = (): Option =>
  new Option(
    '--kubeconfig <file>',
    'kubeconfig file (default: $KUBECONFIG, ~/.kube/config, or the cluster it runs in)',
  );

/** How much a long-running process says. */
export const logLevel = (): Option =>
  new Option('--log-level <level>', 'what is logged, as JSON lines to standard error')
    .choices(['error', 'warn', 'info', 'debug', 'trace'])
    .default('info');
