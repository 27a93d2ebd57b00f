/** The layers: api <- model <- io <- {controllers, node, migrate, apiserver} <- {lab, cli}. */
const only = (layer, ...allowed) => ({
  name: `${layer}-imports-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: {
    path: '^(src|api)/',
    pathNot: [`^src/${layer}/`, ...allowed.map((a) => (a === 'api' ? '^api/' : `^src/${a}/`))],
  },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'api-imports-nothing', severity: 'error', from: { path: '^api/' }, to: { path: '^src/' } },
    only('model', 'api'),
    only('io', 'api', 'model'),
    ...['controllers', 'node', 'migrate', 'apiserver'].map((layer) => only(layer, 'api', 'model', 'io')),
    only('lab', 'api', 'model', 'io', 'controllers', 'node', 'migrate', 'apiserver'),
    {
      name: 'model-is-pure',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js'],
    },
  },
};
