/** The CNI calling convention: what a runtime's environment and configuration mean, and what is printed. */
import { parseRate } from '../../../src/model/values/rate.ts';
import { filterArguments, parseBandwidth } from '../../../src/node/cni/bandwidth.ts';
import { errorCode, parseCall, renderError, renderResult, supportedVersions } from '../../../src/node/cni/protocol.ts';
import { value } from '../states.ts';

const env = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'abc',
  CNI_NETNS: '/run/netns/abc',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
  CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=red;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=abc;K8S_POD_UID=1f-2',
};
const config = (fields: object = {}): string =>
  JSON.stringify({ cniVersion: '1.1.0', name: 'sdn', type: 'sdn-compat-cni', ...fields });

function errorOf(
  environment: Readonly<Record<string, string | undefined>>,
  stdin: string,
): { code: number; msg: string } {
  const call = parseCall(environment, stdin);
  if (call.ok) throw new Error('it was understood');
  return call.error;
}

const result = {
  ip: '10.254.0.5',
  prefixLength: 24,
  gateway: '10.254.0.1',
  mac: '0a:58:0a:fe:00:05',
  mtu: 1400,
  networks: ['10.254.0.0/16'],
};

test.each(supportedVersions)('ADD in version %s is understood and answered in its words', (cniVersion) => {
  const call = value(parseCall(env, config({ cniVersion })));
  if (call.kind !== 'ask') throw new Error('it needs no agent');
  expect(call).toEqual({
    kind: 'ask',
    cniVersion,
    socket: '/run/sdn-compat/cni.sock',
    request: {
      command: 'ADD',
      network: 'sdn',
      sandbox: 'abc',
      netns: '/run/netns/abc',
      device: 'eth0',
      namespace: 'red',
      name: 'web',
      uid: '1f-2',
      valid: [],
    },
  });
  expect(renderResult(cniVersion, result, call.request)).toEqual({
    cniVersion,
    interfaces: [
      {
        name: 'eth0',
        mac: '0a:58:0a:fe:00:05',
        sandbox: '/run/netns/abc',
        ...(cniVersion === '1.1.0' ? { mtu: 1400 } : {}),
      },
    ],
    ips: [
      {
        address: '10.254.0.5/24',
        gateway: '10.254.0.1',
        interface: 0,
        ...(cniVersion.startsWith('0.') ? { version: '4' } : {}),
      },
    ],
    routes: [{ dst: '10.254.0.0/16' }, { dst: '0.0.0.0/0', gw: '10.254.0.1' }],
    dns: {},
  });
});

test.each(['0.1.0', '0.2.0', '0.3.0', '2.0.0', ''])(
  'version %p is refused with code 1, but VERSION answers',
  (cniVersion) => {
    expect(errorOf(env, config({ cniVersion }))).toEqual({
      code: errorCode.incompatibleVersion,
      msg: `cniVersion ${cniVersion} is none of 0.3.1, 0.4.0, 1.0.0, 1.1.0`,
    });
    expect(value(parseCall({ CNI_COMMAND: 'VERSION' }, config({ cniVersion })))).toEqual({
      kind: 'version',
      cniVersion,
    });
  },
);

test.each(['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'])(
  'ADD and CHECK without %s are refused with its name',
  (name) => {
    for (const command of ['ADD', 'CHECK']) {
      expect(errorOf({ ...env, CNI_COMMAND: command, [name]: undefined }, config())).toEqual({
        code: errorCode.invalidEnvironment,
        msg: `missing in the environment: ${name}`,
      });
      expect(errorOf({ ...env, CNI_COMMAND: command, [name]: '' }, config()).msg).toContain(name);
    }
  },
);

test('DEL needs no network namespace and no CNI_ARGS', () => {
  const call = value(parseCall({ CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'abc', CNI_IFNAME: 'eth0' }, config()));
  expect(call).toMatchObject({ kind: 'ask', request: { command: 'DEL', sandbox: 'abc', netns: '' } });
  expect(errorOf({ CNI_COMMAND: 'DEL', CNI_IFNAME: 'eth0' }, config()).code).toBe(errorCode.invalidEnvironment);
});

test('a uid that is none of an object, or none at all, is not told', () => {
  const uidOf = (args: string): string | undefined => {
    const call = parseCall({ ...env, CNI_ARGS: `${env.CNI_ARGS};${args}` }, config({}));
    return call.ok && call.value.kind === 'ask' ? call.value.request.uid : undefined;
  };
  expect([
    uidOf('K8S_POD_UID=0a-F9'),
    uidOf('K8S_POD_UID='),
    uidOf('K8S_POD_UID=a b'),
    uidOf('K8S_POD_UID=a"b'),
  ]).toEqual(['0a-F9', ...['', '', '']]);
});

test('a namespace in the configuration counts where the arguments name none, as with podman', () => {
  const namespaceOf = (args: string, namespace: unknown): string | undefined => {
    const call = parseCall({ ...env, CNI_ARGS: args }, config({ namespace }));
    return call.ok && call.value.kind === 'ask' ? call.value.request.namespace : undefined;
  };
  expect(namespaceOf('K8S_POD_NAME=web', 'red')).toBe('red');
  expect(namespaceOf('K8S_POD_NAMESPACE=blue;K8S_POD_NAME=web', 'red')).toBe('blue');
  expect(namespaceOf('K8S_POD_NAME=web', 7)).toBeUndefined();
});

test('ADD without the pod in CNI_ARGS is refused', () => {
  for (const args of [undefined, '', 'K8S_POD_NAME=web', 'K8S_POD_NAMESPACE=;K8S_POD_NAME=web', 'garbage']) {
    expect(errorOf({ ...env, CNI_ARGS: args }, config())).toEqual({
      code: errorCode.invalidEnvironment,
      msg: 'CNI_ARGS must have K8S_POD_NAMESPACE and K8S_POD_NAME',
    });
  }
});

test('an unknown command, or none, is refused', () => {
  expect(errorOf({ ...env, CNI_COMMAND: 'FROB' }, config())).toEqual({
    code: errorCode.invalidEnvironment,
    msg: 'CNI_COMMAND "FROB" is none of ADD, CHECK, DEL, GC, STATUS, VERSION',
  });
  expect(errorOf({ ...env, CNI_COMMAND: undefined }, config()).code).toBe(errorCode.invalidEnvironment);
  expect(errorOf({ ...env, CNI_COMMAND: 'toString' }, config()).code).toBe(errorCode.invalidEnvironment);
});

test('a configuration that is no JSON object is refused with code 6', () => {
  for (const stdin of ['', '{', 'null', '[]', '"x"', '7']) expect(errorOf(env, stdin).code).toBe(errorCode.decoding);
});

test('a socket is taken only if it is an absolute path', () => {
  expect(value(parseCall(env, config({ socket: '/x/y.sock' })))).toMatchObject({ socket: '/x/y.sock' });
  expect(errorOf(env, config({ socket: 'y.sock' }))).toEqual({
    code: errorCode.invalidConfig,
    msg: 'socket "y.sock" is no absolute path',
  });
});

test('the name of the network is told to the agent; one that CNI does not have is refused', () => {
  expect(value(parseCall(env, config({ name: 'a.b-c_9' })))).toMatchObject({ request: { network: 'a.b-c_9' } });
  expect(value(parseCall(env, config({ name: undefined })))).toMatchObject({ request: { network: '' } });
  for (const name of ['a b', '"', '-a', 'a\n'])
    expect(errorOf(env, config({ name })).code).toBe(errorCode.invalidConfig);
});

test('a configuration without version is one of 0.1.0, which is not spoken', () => {
  expect(errorOf(env, JSON.stringify({ name: 'sdn' }))).toMatchObject({
    code: errorCode.incompatibleVersion,
    msg: 'cniVersion 0.1.0 is none of 0.3.1, 0.4.0, 1.0.0, 1.1.0',
  });
});

test.each([
  ['CHECK', '0.3.1', '0.4.0, 1.0.0, 1.1.0'],
  ['GC', '1.0.0', '1.1.0'],
  ['STATUS', '0.4.0', '1.1.0'],
])('%s is not in version %s', (command, cniVersion, speaking) => {
  expect(errorOf({ ...env, CNI_COMMAND: command }, config({ cniVersion }))).toEqual({
    code: errorCode.incompatibleVersion,
    msg: `cniVersion ${cniVersion} has no ${command}; those that have it: ${speaking}`,
  });
});

test('an id or interface name that is more than one word of theirs is refused', () => {
  for (const [name, text] of [
    ['CNI_CONTAINERID', 'a b'],
    ['CNI_CONTAINERID', '-a'],
    ['CNI_CONTAINERID', 'a\nlink del br0'],
    ['CNI_IFNAME', 'eth0\nx'],
    ['CNI_IFNAME', 'a234567890123456'],
    ['CNI_IFNAME', '..'],
    ['CNI_IFNAME', 'a/b'],
  ] as const) {
    expect(errorOf({ ...env, [name]: text }, config())).toEqual({
      code: errorCode.invalidEnvironment,
      msg: `not as CNI has it: ${name} ${JSON.stringify(text)}`,
    });
  }
  expect(parseCall({ ...env, CNI_IFNAME: 'net1.7-a_b' }, config()).ok).toBe(true);
});

test('GC names the attachments that stay; STATUS needs nothing', () => {
  const attachments = [
    { containerID: 'one', ifname: 'eth0' },
    { containerID: 'two', ifname: 'eth0' },
  ];
  for (const key of ['cni.dev/valid-attachments', 'cni.dev/attachments']) {
    expect(value(parseCall({ CNI_COMMAND: 'GC' }, config({ [key]: attachments })))).toMatchObject({
      request: { command: 'GC', valid: ['one', 'two'] },
    });
  }
  expect(value(parseCall({ CNI_COMMAND: 'STATUS' }, config()))).toMatchObject({ request: { command: 'STATUS' } });
});

test('GC without the list of attachments is refused: it would remove every pod', () => {
  expect(errorOf({ CNI_COMMAND: 'GC' }, config())).toEqual({
    code: errorCode.invalidConfig,
    msg: 'GC needs the list cni.dev/valid-attachments',
  });
  expect(errorOf({ CNI_COMMAND: 'GC' }, config({ 'cni.dev/valid-attachments': 'all' })).code).toBe(
    errorCode.invalidConfig,
  );
  expect(value(parseCall({ CNI_COMMAND: 'GC' }, config({ 'cni.dev/valid-attachments': [] })))).toMatchObject({
    request: { valid: [] },
  });
  expect(value(parseCall({ CNI_COMMAND: 'GC' }, config({ 'cni.dev/valid-attachments': null })))).toMatchObject({
    request: { valid: [] },
  });
});

test.each([
  [{ containerId: 'one' }],
  [{ containerID: 5 }],
  [{ containerID: '' }],
  [{ containerID: '../one' }],
  ['one'],
  [null],
])('GC with %j among the attachments is refused: it may stand for a pod that runs', (odd) => {
  const attachments = [{ containerID: 'two', ifname: 'eth0' }, odd];
  expect(errorOf({ CNI_COMMAND: 'GC' }, config({ 'cni.dev/valid-attachments': attachments }))).toEqual({
    code: errorCode.invalidConfig,
    msg: 'GC: number 2 of cni.dev/valid-attachments has no containerID as CNI has it',
  });
});

test('an error has version, code and message', () => {
  expect(renderError('1.0.0', { code: 11, msg: 'later', details: 'why' })).toEqual({
    cniVersion: '1.0.0',
    code: 11,
    msg: 'later',
    details: 'why',
  });
});

test('bandwidth annotations are quantities from 1k to 1P', () => {
  const rates: Readonly<Record<string, number>> = {
    '10M': 10e6,
    '1k': 1000,
    '1.5M': 1.5e6,
    '1Mi': 2 ** 20,
    '2Gi': 2 ** 31,
    '1000': 1000,
    '1P': 1e15,
  };
  for (const [text, rate] of Object.entries(rates)) expect(parseRate(text)).toEqual({ ok: true, value: rate });
  for (const text of ['', '10', '999', '2P', 'M', '10 M', '-10M', '10m', '1e6M', 'fast'])
    expect(parseRate(text).ok).toBe(false);
  expect(parseBandwidth({ 'kubernetes.io/ingress-bandwidth': '10M' })).toEqual({
    ok: true,
    value: { ingress: 10e6, egress: undefined },
  });
  expect(parseBandwidth({ 'kubernetes.io/egress-bandwidth': 'fast' })).toEqual({
    ok: false,
    error: 'annotation kubernetes.io/egress-bandwidth: "fast" is no bandwidth from 1k to 1P bits per second',
  });
  expect(filterArguments('veth0', 10e6).join(' ')).toBe(
    'qdisc replace dev veth0 root tbf rate 10000000bit burst 32768b latency 25ms',
  );
});
