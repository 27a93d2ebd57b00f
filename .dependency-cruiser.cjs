/**
 * Imports go one way. The layers: api <- model <- io <- {controllers, node, migrate, apiserver} <- {lab, cli}. Within a
 * layer each room names the rooms that it may import; a layer's own files, beside its rooms, are its vocabulary.
 */
const only = (layer, ...allowed) => ({
  name: `${layer}-imports-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: {
    path: '^(src|api)/',
    pathNot: [`^src/${layer}/`, ...allowed.map((a) => (a === 'api' ? '^api/' : `^src/${a}/`))],
  },
});

/** What lies in the folder itself, or below it. */
const files = (folder) => `^src/${folder}/[^/]+$`;
const below = (folder) => `^src/${folder}/`;

const room = (layer, name, from, to) => ({
  name: `${layer}-${name}-imports-only-what-is-below`,
  severity: 'error',
  from,
  to: { path: below(layer), pathNot: to },
});

/**
 * The rooms of a layer: each may import the layer's own files, itself, and those that it lists. A folder that is not
 * listed, and is none of `more`, may import no room at all, not even itself.
 */
const rooms = (layer, lists, more = []) => [
  ...Object.entries(lists).map(([name, allowed]) =>
    room(layer, name.replaceAll('/', '-'), { path: files(`${layer}/${name}`) }, [
      files(layer),
      files(`${layer}/${name}`),
      ...allowed.map((one) => files(`${layer}/${one}`)),
    ]),
  ),
  {
    name: `${layer}-has-no-room-that-is-not-listed`,
    severity: 'error',
    from: {
      path: `^src/${layer}/.+/`,
      pathNot: [...Object.keys(lists), ...more].map((name) => files(`${layer}/${name}`)),
    },
    to: { path: '^(src|api)/' },
  },
];

const parts = ['ovn/cluster', 'ovn/egressips', 'ovn/firewall', 'ovn/router'];
const ovn = ['ovn', 'ovn/context', 'ovn/placement', ...parts];
const targets = '^src/migrate/targets\\.ts$';
/** The rooms of the targets: what they may import is below, in the rooms of migrate. */
const targetRooms = ['ovn', 'sdn'];

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
    // Only the list of targets knows them all; what stands below the list does not know the list.
    room('migrate', 'vocabulary', { path: files('migrate'), pathNot: targets }, [
      files('migrate'),
      files('migrate/findings'),
      files('migrate/kinds'),
    ]),
    room('migrate', 'targets', { path: targets }, [
      files('migrate'),
      ...targetRooms.map((name) => files(`migrate/${name}`)),
    ]),
    ...['findings', 'kinds'].map((name) => ({
      name: `${name}-know-no-room`,
      severity: 'error',
      from: { path: below(`migrate/${name}`) },
      to: { path: below('migrate'), pathNot: below(`migrate/${name}`) },
    })),
    {
      name: 'targets-do-not-know-their-list',
      severity: 'error',
      from: { path: `^src/migrate/((input|${targetRooms.join('|')})/|[^/]+$)` },
      to: { path: targets },
    },
    ...rooms(
      'migrate',
      {
        input: ['kinds'],
        'ovn/placement': [],
        'ovn/context': ['findings', 'kinds', 'ovn/placement'],
        ...Object.fromEntries(parts.map((part) => [part, ['findings', 'kinds', 'ovn/context']])),
        ovn: ['findings', 'input', 'kinds', ...ovn],
        sdn: ['findings', 'input', 'kinds', ...ovn],
        plan: ['findings'],
        report: ['findings', 'plan'],
        run: ['findings', 'input', 'kinds', 'plan', 'sdn'],
        'run/verify': ['findings', 'input', 'kinds', 'plan', 'run'],
        'run/apply': ['findings', 'input', 'kinds', 'plan', 'run', 'run/verify'],
        'run/undo': ['kinds', 'plan', 'run', 'run/apply', 'sdn'],
        guide: ['guide/procedures', 'input', 'kinds', 'ovn/context', 'plan', 'run', 'run/undo'],
        'guide/procedures': ['guide', 'kinds', 'ovn/context', 'run'],
      },
      ['findings', 'kinds'],
    ),
    ...rooms('node', {
      values: [],
      ovs: ['values'],
      links: ['ovs', 'values'],
      nft: ['links', 'ovs', 'values'],
      conntrack: ['ovs', 'values'],
      plan: ['conntrack', 'links', 'nft', 'ovs', 'values'],
      cni: ['links', 'ovs', 'plan', 'values'],
      cluster: ['plan', 'values'],
      agent: ['cluster', 'cni', 'conntrack', 'links', 'nft', 'ovs', 'plan', 'values'],
    }),
    ...rooms('apiserver', {
      store: [],
      http: [],
      kinds: ['store'],
      read: ['kinds', 'store'],
      write: ['http', 'kinds', 'read', 'store'],
      serve: ['http', 'kinds', 'read', 'store', 'write'],
    }),
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
