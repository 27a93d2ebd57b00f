/** Open vSwitch without a data path, for tests of what it makes of flows. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRpc, type RpcConnection } from '../../src/io/programs/jsonrpc.ts';
import { must, run } from './lab.ts';

const daemons = ['ovs-vswitchd', 'ovsdb-server'] as const;
const quiet = ['--detach', '--no-chdir', '--pidfile', '--log-file', '-vconsole:off'];

export class OpenVswitchAlone {
  readonly dir = mkdtempSync(join(tmpdir(), 'sdn-compat-ovs-'));

  /** Both daemons, without a bridge. */
  static async start(): Promise<OpenVswitchAlone> {
    const alone = new OpenVswitchAlone();
    const { dir } = alone;
    await alone.must('ovsdb-tool', ['create', `${dir}/conf.db`, '/usr/share/openvswitch/vswitch.ovsschema']);
    await alone.must('ovsdb-server', [`${dir}/conf.db`, `--remote=punix:${dir}/db.sock`, ...quiet]);
    await alone.startSwitch();
    return alone;
  }

  async startSwitch(): Promise<void> {
    await this.must('ovs-vswitchd', [`unix:${this.dir}/db.sock`, '--enable-dummy', ...quiet]);
  }

  #pid(daemon: (typeof daemons)[number]): number {
    return Number(readFileSync(`${this.dir}/${daemon}.pid`, 'utf8'));
  }

  get switchPid(): number {
    return this.#pid('ovs-vswitchd');
  }

  /** A program with these daemons as its Open vSwitch; its output. */
  must(program: string, args: readonly string[], input = ''): Promise<string> {
    const env = { OVS_RUNDIR: this.dir, OVS_LOGDIR: this.dir, OVS_DBDIR: this.dir };
    return must(program, args, { env, input });
  }

  vsctl(...args: string[]): Promise<string> {
    return this.must('ovs-vsctl', [`--db=unix:${this.dir}/db.sock`, ...args]);
  }

  ofctl(args: readonly string[], input = ''): Promise<string> {
    return this.must('ovs-ofctl', ['-O', 'OpenFlow13', ...args], input);
  }

  /** ovs-vswitchd's control socket. */
  control(): Promise<RpcConnection> {
    return connectRpc(`${this.dir}/ovs-vswitchd.${this.switchPid}.ctl`);
  }

  /** A bridge with ports for VXLAN (1), the node (2) and two pods (3, 4). */
  async addBridge(bridge: string, vxlanPort: number): Promise<void> {
    const port = (letter: string, type: string, number: number, ...options: string[]): string[] => {
      const name = `${letter}-${bridge}`;
      const columns = [`type=${type}`, `ofport_request=${number}`, ...options];
      return ['--', 'add-port', bridge, name, '--', 'set', 'interface', name, ...columns];
    };
    const settings = ['datapath_type=dummy', 'fail_mode=secure', 'protocols=OpenFlow10,OpenFlow13'];
    await this.vsctl(
      ...['add-br', bridge, '--', 'set', 'bridge', bridge, ...settings],
      ...port('v', 'vxlan', 1, 'options:remote_ip=flow', 'options:key=flow', `options:dst_port=${vxlanPort}`),
      ...port('t', 'internal', 2),
      ...port('p', 'dummy', 3),
      ...port('q', 'dummy', 4),
    );
  }

  async stop(): Promise<void> {
    for (const daemon of daemons) {
      const pid = this.#pid(daemon);
      process.kill(pid);
      for (let looks = 0; looks < 200 && (await run('kill', ['-0', String(pid)])).status === 0; looks += 1)
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
