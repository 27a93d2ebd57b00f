/** Bundles the command into dist/: one entry, what is heavy split off and loaded when used. */
import { rm } from 'node:fs/promises';
import { build, type Plugin } from 'esbuild';

/**
 * The Kubernetes client's modules only define things, which its package.json does not say: told so, the bundler leaves
 * out the thousand generated models behind KubeConfig, which would cost each process 60 MB and 0.4 s.
 */
const clientWithoutModels: Plugin = {
  name: 'client-without-models',
  setup(bundle) {
    bundle.onResolve({ filter: /./ }, async (args) => {
      const own =
        args.path === '@kubernetes/client-node' || args.importer.includes('/node_modules/@kubernetes/client-node/');
      if (!own || args.pluginData === 'resolved') return undefined;
      const { kind, importer, resolveDir } = args;
      const found = await bundle.resolve(args.path, {
        kind,
        importer,
        resolveDir,
        pluginData: 'resolved',
        with: args.with,
      });
      return found.path.includes('/node_modules/@kubernetes/client-node/') ? { ...found, sideEffects: false } : found;
    });
  },
};

await rm('dist', { recursive: true, force: true });
const shared = {
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  logLevel: 'warning',
} as const;
// The CNI plugin is started once a pod: alone in one small file it starts fastest.
await build({ ...shared, entryPoints: { 'sdn-compat-cni': 'src/node/cni/plugin.ts' } });
await build({
  ...shared,
  entryPoints: { 'sdn-compat': 'src/cli/start.ts' },
  splitting: true,
  sourcemap: true,
  plugins: [clientWithoutModels],
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
