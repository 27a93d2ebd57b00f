/**
 * Imports go one way. The layers: api <- model <- io <- {controllers, node, migrate, apiserver} <- facade <- {lab, cli}.
 * The page, what a browser shows, knows the model alone.
 * The facade puts the controllers and the migrator's translation together. Within a
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
      pathNot: [
        ...Object.keys(lists).map((name) => files(`${layer}/${name}`)),
        ...more.map((name) => below(`${layer}/${name}`)),
      ],
    },
    to: { path: '^(src|api)/' },
  },
];

/** What all rooms of the migrator may import of OVN-Kubernetes: what stands on its objects. */
const marks = 'targets/ovn/marks';
const placement = 'targets/ovn/placement';
const ovnParts = ['cluster', 'egressips', 'firewall', 'router'].map((part) => `targets/ovn/${part}`);
/** Of OVN-Kubernetes' own files only these know its rooms; the others are what its parts share. */
const ovnEntry = '^src/migrate/targets/ovn/(target|translate)\\.ts$';
const targets = '^src/migrate/targets\\.ts$';
const targetRooms = ['findings', 'input', 'kinds', 'requests', 'routers'];

/** What puts the controllers together: of the layer's own files only these know its rooms. */
const controllersEntry = '^src/controllers/(run|allocators)\\.ts$';

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'api-imports-nothing', severity: 'error', from: { path: '^api/' }, to: { path: '^src/' } },
    only('model', 'api'),
    only('page', 'api', 'model'),
    only('io', 'api', 'model'),
    ...['controllers', 'node', 'migrate', 'apiserver'].map((layer) => only(layer, 'api', 'model', 'io')),
    only('facade', 'api', 'model', 'io', 'controllers', 'migrate'),
    only('lab', 'api', 'model', 'io', 'controllers', 'node', 'migrate', 'apiserver'),
    {
      name: 'model-is-pure',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { dependencyTypes: ['core'] },
    },
    ...rooms('model', {
      values: [],
      objects: ['values'],
      policy: ['objects', 'values'],
      services: ['objects', 'values'],
      allocation: ['objects', 'values'],
      egress: ['allocation', 'objects', 'values'],
      pools: ['objects', 'values'],
      assignment: ['egress', 'objects', 'values'],
      cluster: ['allocation', 'egress', 'objects', 'policy', 'pools', 'values'],
      simulation: ['allocation', 'assignment', 'cluster', 'egress', 'objects', 'values'],
    }),
    // What a layer's own files share does not know the rooms that use it.
    room('io', 'vocabulary', { path: files('io') }, files('io')),
    ...rooms('io', { async: [], programs: [], health: [], kube: ['async'], input: ['kube'], status: ['kube'] }),
    // Only the list of targets knows them all; what stands below the list does not know the list.
    room('migrate', 'vocabulary', { path: files('migrate'), pathNot: targets }, [
      files('migrate'),
      files('migrate/findings'),
      files('migrate/kinds'),
    ]),
    room('migrate', 'targets', { path: targets }, [
      files('migrate'),
      files('migrate/input'),
      '^src/migrate/targets/[^/]+/target\\.ts$',
    ]),
    // Each target is a room, with rooms of its own as it likes, and knows no other.
    room('migrate', 'target', { path: '^src/migrate/targets/([^/]+)/' }, [
      files('migrate'),
      ...targetRooms.map((name) => files(`migrate/${name}`)),
      '^src/migrate/targets/$1/',
      files(`migrate/${marks}`),
    ]),
    room('migrate', 'ovn-shared', { path: files('migrate/targets/ovn'), pathNot: ovnEntry }, [
      ...['findings', 'kinds', 'requests', placement, marks, 'targets/ovn'].map((name) => files(`migrate/${name}`)),
      files('migrate'),
    ]),
    {
      name: 'ovn-parts-do-not-know-the-translation',
      severity: 'error',
      from: { path: below('migrate/targets/ovn'), pathNot: '^src/migrate/targets/ovn/target\\.ts$' },
      to: { path: ovnEntry },
    },
    ...['findings', 'kinds'].map((name) => ({
      name: `${name}-know-no-room`,
      severity: 'error',
      from: { path: below(`migrate/${name}`) },
      to: { path: below('migrate'), pathNot: below(`migrate/${name}`) },
    })),
    {
      name: 'catalog-does-not-know-the-findings',
      severity: 'error',
      from: { path: below('migrate/findings/catalog') },
      to: { path: below('migrate'), pathNot: below('migrate/findings/catalog') },
    },
    {
      name: 'targets-do-not-know-their-list',
      severity: 'error',
      from: { path: '^src/migrate/((input|targets)/|[^/]+$)' },
      to: { path: targets },
    },
    ...rooms(
      'migrate',
      {
        input: ['kinds'],
        requests: ['findings', 'input', 'kinds'],
        [marks]: [],
        [placement]: [],
        'targets/ovn/live': ['kinds', marks, placement],
        ...Object.fromEntries(
          ovnParts.map((part) => [part, ['findings', 'kinds', marks, 'requests', 'routers', 'targets/ovn']]),
        ),
        routers: ['kinds'],
        proxies: ['kinds', 'routers'],
        compare: ['findings', 'requests'],
        plan: ['findings'],
        report: ['findings', 'plan'],
        run: ['findings', 'input', 'kinds', 'plan'],
        'run/verify': ['findings', 'input', 'kinds', 'plan', 'run'],
        'run/apply': ['findings', 'input', 'kinds', 'plan', 'run', 'run/verify'],
        'run/undo': ['kinds', 'plan', 'run', 'run/apply'],
        guide: ['guide/procedures', 'input', 'kinds', marks, 'plan', 'run', 'run/undo'],
        'guide/procedures': ['guide', 'kinds', marks, 'run'],
      },
      ['findings', 'kinds', 'targets'],
    ),
    room('cli', 'vocabulary', { path: files('cli'), pathNot: '^src/cli/(main|start)\\.ts$' }, files('cli')),
    ...rooms('cli', {
      serve: [],
      look: ['look/gather', 'look/page'],
      'look/gather': ['look'],
      'look/page': ['look'],
      migrate: ['migrate/run', 'migrate/look'],
      'migrate/run': ['migrate'],
      'migrate/look': ['migrate'],
    }),
    room('controllers', 'vocabulary', { path: files('controllers'), pathNot: controllersEntry }, files('controllers')),
    {
      name: 'controllers-do-not-know-what-runs-them',
      severity: 'error',
      from: { path: below('controllers'), pathNot: controllersEntry },
      to: { path: controllersEntry },
    },
    ...rooms('controllers', {
      netids: [],
      subnets: [],
      egressips: [],
      pools: [],
      cloud: ['egressips'],
      notes: ['egressips'],
    }),
    ...rooms('page', { browser: [], 'browser/report': ['browser'] }),
    ...rooms('facade', { plan: [], begin: ['plan'], migrated: [] }),
    room('facade', 'vocabulary', { path: files('facade'), pathNot: '^src/facade/run\\.ts$' }, [
      files('facade'),
      files('facade/plan'),
    ]),
    ...rooms('node', {
      values: [],
      ovs: ['values'],
      'ovs/openflow': ['ovs', 'values'],
      links: ['ovs', 'values'],
      nft: ['links', 'ovs', 'values'],
      conntrack: ['ovs', 'values'],
      plan: ['conntrack', 'links', 'nft', 'ovs', 'values'],
      cni: ['links', 'ovs', 'plan', 'values'],
      cluster: ['plan', 'values'],
      trace: ['cluster', 'ovs', 'plan', 'values'],
      agent: ['cluster', 'cni', 'conntrack', 'links', 'nft', 'ovs', 'ovs/openflow', 'plan', 'values'],
      admin: ['cni', 'conntrack', 'links', 'nft', 'ovs', 'trace', 'values'],
    }),
    ...rooms('apiserver', {
      store: [],
      http: [],
      kinds: ['store'],
      rights: ['http', 'store'],
      read: ['kinds', 'store'],
      'write/admission': ['kinds', 'store'],
      'write/ownership': ['kinds', 'store'],
      write: ['http', 'kinds', 'read', 'store', 'write/admission', 'write/ownership'],
      serve: ['http', 'kinds', 'read', 'rights', 'store', 'write'],
    }),
    ...rooms('lab', {
      nodes: [],
      hosts: [],
      cluster: ['hosts', 'nodes', 'ovn'],
      services: [],
      ovn: [],
      underlay: ['ovn'],
      walkthrough: ['cluster'],
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
