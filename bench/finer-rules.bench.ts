/**
 * Finer rules of many namespaces on one node: the plan of all, that after one namespace changed its rules, and how long
 * Open vSwitch takes for the one bundle of either. Needs root.
 */
import { Bridge } from '../src/node/ovs/openflow/bridge.ts';
import { bundleMessages, emptyBridge, wantedContent } from '../src/node/ovs/openflow/content.ts';
import { type NodePlan, planNode } from '../src/node/plan/node.ts';
import { OpenVswitchAlone } from '../test/e2e/alone.ts';
import { manyRuled } from '../test/node/many-ruled.ts';
import { table } from './clusters.ts';

const [namespaces, rules] = [1_000, 10];
/** Milliseconds for the plan of all. */
const target = 1_000;

const contentOf = ({ parts, groups }: NodePlan) => wantedContent(parts.flat(), groups);

async function timed<T>(work: () => T | Promise<T>): Promise<readonly [T, number]> {
  const began = performance.now();
  const value = await work();
  return [value, performance.now() - began];
}

/** Prints the table; returns false if the plan misses its target. */
export async function bench(): Promise<boolean> {
  const alone = await OpenVswitchAlone.start();
  const nothing = (): void => undefined;
  const bridge = new Bridge({
    ...{ path: `${alone.dir}/br0.mgmt`, applied: () => Promise.resolve() },
    ...{ changed: nothing, lost: nothing, deaf: nothing },
  });
  try {
    await alone.addBridge('br0', 4789);
    const before = manyRuled(namespaces, rules);
    const [first, planning] = await timed(() => planNode(before));
    const content = contentOf(first);
    const messages = bundleMessages(emptyBridge, content);
    const [, writing] = await timed(() => bridge.apply(messages));
    const after = manyRuled(namespaces, rules, { changed: 7 });
    const [second, again] = await timed(() => planNode(after));
    const changes = bundleMessages(content, contentOf(second));
    const [, changing] = await timed(() => bridge.apply(changes));
    table(
      `Finer rules: ${namespaces} namespaces with a pod on the node, ${rules} destinations each`,
      ['', 'plan ms', 'messages', 'bundles', 'bundle ms'],
      [
        ['all of them', planning, String(messages.length), '1', writing],
        ['one changed its rules', again, String(changes.length), '1', changing],
      ],
    );
    console.log(`Target: the plan of all in ${target} ms.`);
    return planning <= target;
  } finally {
    bridge.close();
    await alone.stop();
  }
}
