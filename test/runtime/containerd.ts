/** Debian's containerd on a node of a lab, with our plugin and portmap in its CNI configuration. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, type TestLab, until } from '../e2e/lab.ts';
import { Cri } from './cri.ts';

const root = join(import.meta.dirname, '../..');
export const image = 'localhost/sdn-compat-test/busybox:latest';

/** An image with busybox alone, which waits; kept by buildah, and as an archive in the folder. */
export async function waitingImage(folder: string): Promise<string> {
  const container = await must('buildah', ['from', 'scratch']);
  await must('buildah', ['copy', '-q', container, '/bin/busybox', '/bin/busybox']);
  await must('buildah', ['config', '--entrypoint', '["/bin/busybox","sleep","100000"]', container]);
  await must('buildah', ['commit', '-q', '--rm', container, image]);
  const archive = join(folder, 'busybox.tar');
  await must('buildah', ['push', '-q', image, `oci-archive:${archive}:${image}`]);
  return archive;
}

/** The configuration of CNI and its plugins in a folder, as on a node, and more for ours; returns where both are. The standard plugins are in a folder of their own. */
export function cniFolders(
  folder: string,
  lab: TestLab,
  worker: string,
  more: Readonly<Record<string, string>> = {},
  standard = '/usr/lib/cni',
): { readonly bin: string; readonly conf: string } {
  const bin = join(folder, 'bin');
  const conf = join(folder, 'net.d');
  for (const path of [bin, conf]) mkdirSync(path);
  for (const plugin of ['portmap', 'loopback', 'bandwidth']) symlinkSync(join(standard, plugin), join(bin, plugin));
  const program = `#!/bin/sh\nexec ${process.execPath} ${root}/dist/sdn-compat-cni.js\n`;
  writeFileSync(join(bin, 'sdn-compat-cni'), program, { mode: 0o755 });
  const plugins = [
    { type: 'sdn-compat-cni', socket: `/run/sdn-compat-lab/${lab.name}/cni/${worker}.sock`, ...more },
    { type: 'portmap', capabilities: { portMappings: true } },
  ];
  const list = { cniVersion: '1.0.0', cniVersions: ['1.0.0', '1.1.0'], name: 'sdn-compat', plugins };
  writeFileSync(join(conf, '10-sdn-compat.conflist'), JSON.stringify(list));
  return { bin, conf };
}

export class Containerd {
  readonly folder = mkdtempSync(join(tmpdir(), 'sdn-compat-containerd-'));
  readonly #network: string;
  #process: ChildProcess | undefined;
  #cri: Cri | undefined;

  constructor(lab: TestLab, worker: string) {
    this.#network = `/run/netns/sdnc.${lab.name}.${worker}`;
    const { bin, conf } = cniFolders(this.folder, lab, worker);
    writeFileSync(
      join(this.folder, 'config.toml'),
      `version = 2
root = "${this.folder}/root"
state = "${this.folder}/state"
[grpc]
  address = "${this.#socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${image}"
  # what a machine without all capabilities and with cgroups of version 1 allows
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_cgroup = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${bin}"
    conf_dir = "${conf}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
`,
    );
  }

  get #socket(): string {
    return join(this.folder, 'containerd.sock');
  }

  get cri(): Cri {
    if (this.#cri === undefined) throw new Error('containerd is not started');
    return this.#cri;
  }

  /** Starts it in the node's network, and waits until it answers. Its mounts are the machine's, as on a node. */
  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'log'), 'a');
    const args = [`--net=${this.#network}`, 'containerd', '--config', join(this.folder, 'config.toml')];
    this.#process = spawn('nsenter', args, { stdio: ['ignore', log, log] });
    await until('containerd answers', async () => {
      if (!existsSync(this.#socket)) return false;
      this.#cri?.close();
      this.#cri = new Cri(this.#socket);
      return this.#cri.isNetworkReady().catch(() => false);
    });
  }

  async ctr(...args: string[]): Promise<string> {
    return must('ctr', ['--address', this.#socket, '--namespace', 'k8s.io', ...args]);
  }

  /** Ends it at once; what it started goes on, as containers do without their runtime. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once('exit', resolve));
    this.#process?.kill('SIGKILL');
    await ended;
    this.#cri?.close();
    this.#cri = undefined;
  }

  /** Removes every sandbox and ends it. */
  async stop(): Promise<void> {
    for (const id of await this.cri.sandboxes()) await this.cri.remove(id);
    await this.kill();
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '');
    for (const mount of mounts.filter((path) => path.startsWith(this.folder)).reverse()) await must('umount', [mount]);
  }

  log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }
}
