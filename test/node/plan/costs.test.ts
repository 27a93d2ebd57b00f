/** What a packet costs: each pass through conntrack and each lookup that a way needs, and none more. */
import { readFileSync } from 'node:fs';
import { type Cost, wayCosts } from './costs.ts';

const datapaths = ['netdev', 'system'] as const;
const told = ({ flows, lookups, passes }: Cost): string => [flows, lookups, passes].join(', ');

test('docs/datapath.md says what each way costs', () => {
  const page = readFileSync(new URL('../../../docs/datapath.md', import.meta.url), 'utf8').split('\n');
  const [netdev, system] = datapaths.map(wayCosts);
  for (const [index, { way, there, back }] of netdev!.entries()) {
    const cells = [there, back, system![index]!.there, system![index]!.back].map(told);
    expect(page).toContain(`| ${way} | ${cells.join(' | ')} |`);
  }
});

test.each(datapaths)('on the %s datapath a bridge asks conntrack once about a packet', (datapath) => {
  // where a packet passes two bridges or one of them twice, as often
  const entries: Readonly<Record<string, number>> = {
    'outside, egress IP on another node': 2,
    'pod to pod, another node': 2,
    'pod to pod, own node, by a Service': 2,
  };
  const isUndone = (way: string, isBack: boolean): boolean =>
    datapath === 'system' && isBack && way === 'pod to pod, own node, by a Service';
  for (const { way, ...directions } of wayCosts(datapath)) {
    const times = entries[way] ?? 1;
    for (const [direction, { lookups, passes }] of Object.entries(directions)) {
      // a reply that a Service rewrote stays on the kernel's bridge, where conntrack is asked a second time for its NAT
      const most = isUndone(way, direction === 'back') ? 2 : times;
      expect({ way, direction, isWithin: passes <= most }).toEqual({ way, direction, isWithin: true });
      expect({ way, direction, lookups }).toEqual({
        way,
        direction,
        lookups: passes + (isUndone(way, direction === 'back') ? 1 : times),
      });
    }
  }
});
