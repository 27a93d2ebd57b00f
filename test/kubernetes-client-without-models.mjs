/**
 * Stands in tests for `gen/index.js` of the Kubernetes client: what KubeConfig takes from there, without the thousand
 * generated models beside it, which the bundle leaves out, too (scripts/bundles.ts).
 */
export { createConfiguration } from '@kubernetes/client-node/dist/gen/configuration.js';
export { ServerConfiguration } from '@kubernetes/client-node/dist/gen/servers.js';
