/** Imported by a program that tests start from its sources: gives it the Kubernetes client without the models. */
import { registerHooks } from 'node:module';

const own = import.meta.resolve('@kubernetes/client-node/dist/config.js');
const without = import.meta.resolve('./kubernetes-client-without-models.mjs');
const instead = new Map([
  ['@kubernetes/client-node', own],
  ['./gen/index.js', without],
]);

registerHooks({
  resolve(specifier, context, next) {
    const url = instead.get(specifier);
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
  },
});
