/** The one thing used of the Kubernetes client; loaded when it is needed, and bundled without the rest. */
export { KubeConfig } from '@kubernetes/client-node';
