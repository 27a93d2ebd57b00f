/** How long the program takes to start: its commands for people, and the agent of a node that is as it should be. Needs root. */
import { program, run, TestLab } from '../test/e2e/lab.ts';
import { table } from './clusters.ts';
import { start } from './node-agent.ts';

const times = 20;
const agentTimes = 5;

/** Milliseconds that a command takes, the median of several runs. */
async function median(count: number, once: () => Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let index = 0; index < count; index += 1) found.push(await once());
  return found.sort((a, b) => a - b)[Math.floor(count / 2)] ?? Number.NaN;
}

/** Prints the table; returns false if a figure misses its target. */
export async function bench(): Promise<boolean> {
  const lab = await TestLab.up();
  try {
    const taken = (...args: readonly string[]) =>
      median(times, async () => {
        const began = performance.now();
        const { status, stderr } = await run(program, args, { env: { KUBECONFIG: `${lab.dir}/kubeconfig` } });
        if (status !== 0) throw new Error(`sdn-compat ${args.join(' ')}: ${stderr}`);
        return performance.now() - began;
      });
    const figures: readonly (readonly [string, number, number])[] = [
      ['ms, --version', await taken('--version'), 100],
      ['ms, --help', await taken('--help'), 100],
      ['ms, status of a small cluster', await taken('status'), 200],
      [
        'ms, agent of a small cluster until its node is as the cluster says',
        await median(agentTimes, async () => {
          await lab.command('kill', 'agent', 'worker0');
          return start(lab);
        }),
        800,
      ],
    ];
    table(`Start: medians of ${times} runs, of the agent ${agentTimes}`, ['', 'measured', 'at most'], figures);
    return figures.every(([, measured, most]) => measured <= most);
  } finally {
    await lab.down();
  }
}
