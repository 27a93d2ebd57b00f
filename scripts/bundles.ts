/** The bundles of the program, made by esbuild. */
import { build, type Metafile, type OutputFile, type Plugin } from 'esbuild';
import { version } from './version.ts';

/** In place of undici, by which nothing that we use of the Kubernetes client connects: src/io/kube/transport.ts does. */
const unusedUndici = `
  const unused = () => { throw new Error('undici is not part of this program'); };
  export { unused as Agent, unused as ProxyAgent, unused as fetch };
`;

/**
 * The Kubernetes client's modules only define things, which its package.json does not say: told so, the bundler leaves
 * out the thousand generated models behind KubeConfig, which would cost each process 60 MB and 0.4 s, and undici, which
 * would cost 0.05 s.
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
      if (args.path === 'undici') return { path: args.path, namespace: 'unused' };
      return found.path.includes('/node_modules/@kubernetes/client-node/') ? { ...found, sideEffects: false } : found;
    });
    bundle.onLoad({ filter: /^undici$/, namespace: 'unused' }, () => ({ contents: unusedUndici }));
  },
};

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  logLevel: 'warning',
  metafile: true,
  define: { SDN_COMPAT_VERSION: JSON.stringify(version()) },
} as const;
const command = { 'sdn-compat': 'src/cli/start.ts' };

/** The files of a bundle, which are not written yet, and what they are made of. */
interface Bundle {
  readonly metafile: Metafile;
  readonly outputFiles: readonly OutputFile[];
}

/** The pages, for browsers of the last years: of each a script and a style, as `src/cli/page-document.ts` has them. */
async function bundlePages(): Promise<{
  readonly define: Readonly<Record<string, string>>;
  readonly metafile: Metafile;
}> {
  const { outputFiles, metafile } = await build({
    ...{ bundle: true, minify: true, write: false, metafile: true, logLevel: 'warning', outdir: 'page' },
    ...{ format: 'iife', target: ['chrome111', 'firefox113', 'safari16.4'], charset: 'ascii' },
    ...{ jsx: 'automatic', jsxImportSource: 'preact' },
    entryPoints: { page: 'src/page/browser/start.tsx', report: 'src/page/browser/report/start.tsx' },
  });
  const text = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))?.text.trim() ?? '';
  const partsOf = (name: string) => ({ script: text(`/${name}.js`), style: text(`/${name}.css`) });
  return {
    define: { SDN_COMPAT_PAGE: JSON.stringify({ page: partsOf('page'), report: partsOf('report') }) },
    metafile,
  };
}

/** The command as one entry, with what is heavy split off and loaded when used. */
export async function bundleCommand(outdir: string): Promise<Bundle> {
  const page = await bundlePages();
  const bundle = await build({
    ...shared,
    define: { ...shared.define, ...page.define },
    write: false,
    outdir,
    format: 'esm',
    entryPoints: command,
    splitting: true,
    sourcemap: true,
    plugins: [clientWithoutModels],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const inputs = { ...page.metafile.inputs, ...bundle.metafile.inputs };
  return { ...bundle, metafile: { ...bundle.metafile, inputs } };
}

/** The CNI plugin, which is started once a pod: alone in one small file it starts fastest. */
export function bundlePlugin(outdir: string): Promise<Bundle> {
  return build({
    ...shared,
    write: false,
    outdir,
    format: 'esm',
    entryPoints: { 'sdn-compat-cni': 'src/node/cni/start.ts' },
  });
}

/** The command as the one CommonJS file that a single executable application is made of. */
export async function bundleSingle(outdir: string): Promise<void> {
  const define = { ...shared.define, ...(await bundlePages()).define, 'import.meta.url': '""' };
  await build({ ...shared, define, outdir, format: 'cjs', entryPoints: command, plugins: [clientWithoutModels] });
}
