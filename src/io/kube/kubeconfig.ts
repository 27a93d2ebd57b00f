/** The only part of the Kubernetes client in use; loaded on demand, and bundled without the rest. */
export { KubeConfig } from '@kubernetes/client-node';
