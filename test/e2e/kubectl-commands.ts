/**
 * Commands that are typed at the API server. What each prints is in kubectl-expected.json, by the number of the
 * command and the version of kubectl: recorded, read through, and held to from then on.
 */

export interface Command {
  /** Arguments of kubectl; quotes group words. */
  readonly args: string;
  readonly stdin?: string;
}

const netNamespace = (name: string, rest: string): string => `apiVersion: network.openshift.io/v1
kind: NetNamespace
metadata: {name: ${name}}
netname: ${name}
${rest}
`;

const hostSubnet = (name: string, rest: string): string => `apiVersion: network.openshift.io/v1
kind: HostSubnet
metadata: {name: ${name}}
host: ${name}
${rest}
`;

const policy = (rest: string): string => `apiVersion: network.openshift.io/v1
kind: EgressNetworkPolicy
metadata: {name: table-policy, namespace: table-test}
spec:
  egress:
${rest}
`;

const namespace = `apiVersion: v1
kind: Namespace
metadata: {name: table-test, labels: {team: a}}
`;

const node = `apiVersion: v1
kind: Node
metadata: {name: table-node, labels: {node-role.kubernetes.io/worker: ""}}
status:
  addresses: [{type: InternalIP, address: 192.168.7.11}]
  conditions: [{type: Ready, status: "True"}]
  nodeInfo: {kubeletVersion: v1.26.0, osImage: Lab, kernelVersion: "6.1", containerRuntimeVersion: lab://1, architecture: amd64, bootID: "", kubeProxyVersion: "", machineID: "", operatingSystem: linux, systemUUID: ""}
`;

const pod = (name: string, rest = ''): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: table-test, labels: {app: ${name}}}
spec: {${rest}automountServiceAccountToken: false, containers: [{name: c, image: "example.org/i:1"}]}
`;

const widgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.table.example.org}
spec:
  group: table.example.org
  names: {kind: Widget, listKind: WidgetList, plural: widgets, singular: widget, shortNames: [wd]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    schema:
      openAPIV3Schema:
        description: A thing with a size.
        type: object
        properties:
          spec:
            description: What is wanted.
            type: object
            required: [size]
            properties:
              size: {description: How large it is., type: integer, minimum: 1, maximum: 9}
              mode: {type: string, enum: [Fast, Slow], default: Slow}
              port: {x-kubernetes-int-or-string: true}
              note: {type: string, nullable: true, maxLength: 5}
              tags: {type: array, maxItems: 2, x-kubernetes-list-type: set, items: {type: string}}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
              limits: {type: object, additionalProperties: {type: integer}}
          status:
            type: object
            properties:
              conditions:
                type: array
                items: {type: object, properties: {type: {type: string}, status: {type: string}}}
`;

const widget = (name: string, spec: string): string => `apiVersion: table.example.org/v1
kind: Widget
metadata: {name: ${name}, namespace: table-test}
spec: ${spec}
`;

/** `create -f -` with the text. */
const create = (stdin: string, args = ''): Command => ({ args: `create -f - ${args}`, stdin });

/** In order: later commands meet what earlier ones left. */
export const commands: readonly Command[] = [
  // namespaces
  create(namespace),
  create(namespace),
  { args: 'get namespace table-test' },
  { args: 'get ns table-test -o name' },
  { args: 'get ns -l team=a --no-headers -o custom-columns=NAME:.metadata.name,PHASE:.status.phase' },
  { args: 'label namespace table-test team=b' },
  { args: 'label namespace table-test team=b --overwrite' },
  { args: 'annotate namespace table-test note=x' },
  { args: 'annotate namespace table-test note-' },
  { args: 'patch namespace table-test -p \'{"metadata":{"labels":{"x":"y"}}}\'' },
  { args: 'patch namespace table-test -p \'{"metadata":{"labels":{"x":"y"}}}\'' },
  { args: 'create namespace table-proto' },
  { args: 'create namespace table-proto' },
  { args: 'get namespace table-proto' },
  { args: 'delete namespace table-proto' },
  { args: 'get namespace table-proto' },
  { args: 'create namespace Bad_Name' },
  // net namespaces: the walkthrough's own words
  create(netNamespace('table-a', 'netid: 12345')),
  create(netNamespace('table-a', 'netid: 12345')),
  { args: 'get netnamespace table-a' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"egressIPs": ["192.168.7.200"]}\'' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"egressIPs": ["192.168.7.200"]}\'' },
  { args: 'get netnamespace table-a' },
  { args: 'get netnamespaces.network.openshift.io table-a --no-headers' },
  { args: 'get netnamespace table-a -o jsonpath={.egressIPs[0]}' },
  { args: 'get netnamespace table-a -o jsonpath={.metadata.generation}' },
  { args: 'get netnamespace table-a -o name' },
  { args: 'get netnamespace --field-selector metadata.name=table-a' },
  { args: 'get netnamespace --field-selector netid=1' },
  { args: 'get netnamespace -l nobody=has-it' },
  { args: 'get netnamespace table-none' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"netid": -1}\'' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"netid": 16777216}\'' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"netid": "one"}\'' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"egressIPs": ["not-an-ip"]}\'' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"egressIPs": ["10.0.0.1/64"]}\'' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"egressIPs": "x"}\'' },
  { args: 'patch netnamespace table-a -p \'{"egressIPs": ["192.168.7.200"]}\'' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"egressIP": ["192.168.7.200"]}\'' },
  {
    args: 'patch netnamespace table-a --type=json -p \'[{"op":"add","path":"/egressIPs/-","value":"192.168.7.201"}]\'',
  },
  {
    args: 'patch netnamespace table-a --type=json -p \'[{"op":"test","path":"/netid","value":12345},{"op":"remove","path":"/egressIPs/0"}]\'',
  },
  { args: 'get netnamespace table-a' },
  { args: 'patch netnamespace table-a --type=merge -p \'{"egressIPs": null}\'' },
  { args: 'get netnamespace table-a' },
  { args: 'patch netnamespace table-none --type=merge -p \'{"netid": 1}\'' },
  { args: 'patch netnamespace table-a --type=merge --dry-run=server -p \'{"netid": 7}\'' },
  { args: 'get netnamespace table-a -o jsonpath={.netid}' },
  { args: 'annotate netnamespace table-a pod.network.openshift.io/multitenant.change-network=global' },
  { args: 'label netnamespaces table-a a=b c=d' },
  { args: 'get netnamespace -l a=b,c!=e -L c' },
  { args: "get netnamespace -l 'a in (b,z),c notin (e)' -o name" },
  create(netNamespace('table-b', '')),
  create(netNamespace('table-b', 'netid: 1\nnetId: 2')),
  create(netNamespace('table-b', 'netid: 1\nnetId: 2'), '--validate=false'),
  { args: 'get netnamespace table-b -o jsonpath={.netid}{.netId}' },
  create(netNamespace('table-C', 'netid: 1')),
  create(netNamespace('table-d', 'netid: 3'), '--dry-run=server'),
  { args: 'get netnamespace table-a table-b table-d' },
  { args: 'replace -f -', stdin: netNamespace('table-b', 'netid: 4') },
  { args: 'label netnamespaces table-a table-b sorted=yes' },
  { args: 'get netnamespaces -l sorted=yes --sort-by=.netid' },
  { args: 'delete netnamespace table-b --dry-run=server' },
  { args: 'delete netnamespace table-b' },
  { args: 'delete netnamespace table-b' },
  { args: 'delete netnamespace table-b --ignore-not-found' },
  // apply, on either side
  { args: 'apply -f -', stdin: netNamespace('table-apply', 'netid: 20') },
  { args: 'apply -f -', stdin: netNamespace('table-apply', 'netid: 20') },
  { args: 'apply -f -', stdin: netNamespace('table-apply', 'netid: 21') },
  { args: 'diff -f -', stdin: netNamespace('table-apply', 'netid: 21') },
  { args: 'apply --server-side -f -', stdin: netNamespace('table-ssa', 'netid: 30') },
  { args: 'patch netnamespace table-ssa --type=merge -p \'{"netid": 31}\'' },
  { args: 'apply --server-side -f -', stdin: netNamespace('table-ssa', 'netid: 30') },
  { args: 'apply --server-side --force-conflicts -f -', stdin: netNamespace('table-ssa', 'netid: 30') },
  { args: 'apply --server-side --field-manager=other -f -', stdin: netNamespace('table-ssa', 'netid: 30') },
  { args: 'apply --server-side --field-manager=other -f -', stdin: netNamespace('table-ssa', 'netid: 32') },
  { args: 'apply --server-side -f -', stdin: netNamespace('table-ssa', 'netid: 30\nfoo: 1') },
  { args: 'get netnamespace table-ssa -o jsonpath={.metadata.managedFields[*].manager}' },
  { args: 'delete netnamespace table-a table-apply table-ssa' },
  // host subnets
  create(
    hostSubnet(
      'table-h',
      'hostIP: 192.168.7.10\nsubnet: 10.128.0.0/23\negressCIDRs: [192.168.7.0/24]\negressIPs: [192.168.7.200, 192.168.7.201]',
    ),
  ),
  { args: 'get hostsubnet table-h' },
  { args: 'patch hostsubnet table-h --type=merge -p \'{"egressIPs": ["192.168.7.200/24"]}\'' },
  { args: 'patch hostsubnet table-h --type=merge -p \'{"egressIPs": ["10.1.1/24", "A008696"]}\'' },
  { args: 'patch hostsubnet table-h --type=merge -p \'{"egressCIDRs": null}\'' },
  { args: 'get hostsubnets table-h' },
  create(hostSubnet('table-i', '')),
  { args: 'delete hostsubnet table-h' },
  // policies, which are namespaced
  create(policy('  - {type: Allow, to: {cidrSelector: 10.0.0.0/8}}\n  - {type: Deny, to: {cidrSelector: 0.0.0.0/0}}')),
  { args: 'get egressnetworkpolicy -n table-test -o name' },
  { args: 'get egressnetworkpolicies -A --no-headers -o custom-columns=N:.metadata.namespace,T:.spec.egress[*].type' },
  { args: 'apply -f -', stdin: policy('  - {type: Forbid, to: {cidrSelector: 10.0.0.0/8}}') },
  { args: 'apply -f -', stdin: policy('  - {type: Allow, to: {}}') },
  // a kind learned at run time
  create(widgets),
  { args: 'wait --for=condition=Established crd/widgets.table.example.org' },
  { args: 'get crd widgets.table.example.org -o name' },
  create(widget('w1', '{size: 3, port: 80, tags: [a, b], free: {x: {z: 1}}, limits: {cpu: 2}, note: null}')),
  { args: 'get widgets -n table-test' },
  { args: 'get wd w1 -n table-test -o jsonpath={.spec.mode}/{.spec.port}/{.spec.free.x.z}/{.status}' },
  create(widget('w2', '{size: 10}')),
  create(widget('w2', '{size: 1, mode: Other}')),
  create(widget('w2', '{size: 1, note: too long}')),
  create(widget('w2', '{size: 1, tags: [a, a]}')),
  create(widget('w2', '{size: 1, tags: [a, b, c]}')),
  create(widget('w2', '{size: 1, limits: {cpu: much}}')),
  create(widget('w2', '{}')),
  { args: 'patch widget w1 -n table-test --type=merge -p \'{"spec":{"port":"http"},"status":{"conditions":[]}}\'' },
  { args: 'get widget w1 -n table-test -o jsonpath={.spec.port}/{.status}' },
  { args: 'explain widget.spec.size' },
  { args: 'delete crd widgets.table.example.org' },
  { args: 'get widgets -n table-test' },
  // nodes and pods
  create(node),
  { args: 'get node table-node' },
  { args: 'get node table-node -o wide' },
  { args: 'wait --for=condition=Ready node/table-node --timeout=5s' },
  create(pod('p1', 'nodeName: table-node, ')),
  create(pod('p2')),
  { args: 'get pods -n table-test' },
  { args: 'get pods -n table-test -o wide' },
  { args: 'get pods -n table-test -l app=p2' },
  { args: 'get pods -n table-test --watch --request-timeout=2s' },
  { args: 'get pod p1 -n table-test --watch --output-watch-events --request-timeout=2s' },
  { args: 'get pods -n table-test --watch-only --request-timeout=2s -o name' },
  { args: 'get pods -A --field-selector spec.nodeName=table-node' },
  { args: 'patch pod p1 -n table-test -p \'{"metadata":{"labels":{"app":null}}}\'' },
  { args: 'wait --for=condition=Ready pod/p1 -n table-test --timeout=1s' },
  { args: 'delete pod p1 -n table-test --wait=false' },
  { args: 'get pod p1 -n table-test' },
  { args: 'delete pod p1 -n table-test --grace-period=0 --force' },
  { args: 'delete pod p2 -n table-test' },
  { args: 'delete pod p2 -n table-test' },
  create(
    'apiVersion: v1\nkind: Pod\nmetadata: {name: p3, namespace: table-nowhere}\nspec: {containers: [{name: c, image: "i:1"}]}\n',
  ),
  // finalizers, events, leases
  {
    args: 'create -f -',
    stdin:
      'apiVersion: network.openshift.io/v1\nkind: NetNamespace\nmetadata: {name: table-f, finalizers: [example.org/wait]}\nnetname: table-f\nnetid: 9\n',
  },
  { args: 'delete netnamespace table-f --wait=false' },
  { args: 'get netnamespace table-f' },
  { args: 'patch netnamespace table-f --type=merge -p \'{"metadata":{"finalizers":null}}\'' },
  { args: 'get netnamespace table-f' },
  create(
    'apiVersion: v1\nkind: Event\nmetadata: {name: table-e, namespace: table-test}\ninvolvedObject: {kind: NetNamespace, name: x, namespace: table-test}\nreason: Tested\nmessage: It was tested.\ntype: Normal\ncount: 2\n',
  ),
  { args: 'get events -n table-test --field-selector reason=Tested -o custom-columns=R:.reason,C:.count,M:.message' },
  create(
    'apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: table-l, namespace: table-test}\nspec: {holderIdentity: me}\n',
  ),
  { args: 'get lease -n table-test' },
  create(
    'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: table-one}}\n- {apiVersion: v1, kind: Namespace, metadata: {name: table-two}}\n',
  ),
  { args: 'delete namespace table-one table-two' },
  { args: 'explain netnamespace.egressIPs' },
  { args: 'explain hostsubnet.hostIP' },
  { args: 'api-resources --api-group=network.openshift.io -o name' },
  { args: 'get nothing' },
  { args: 'delete node table-node' },
  { args: 'delete namespace table-test' },
  { args: 'get egressnetworkpolicies -A' },
];
