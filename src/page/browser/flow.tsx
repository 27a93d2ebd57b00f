/** Namespaces to the left, nodes with their egress IPs in the middle, the outside to the right; only what is in view is drawn. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { NodeStatus } from '../../model/cluster/node-status.ts';
import type { StatusRow } from '../../model/cluster/summary.ts';
import { type Band, type Layout, linesIn, nodeTone, sizes, toneOf } from '../bands.ts';
import { rowKey } from '../state.ts';
import { counted, sentenceOf, whose } from './words.ts';

interface FlowProps {
  readonly layout: Layout;
  readonly picked: string | undefined;
  readonly onPick: (key: string | undefined) => void;
  readonly onNode: (node: string | undefined) => void;
}

/** Pixels above and below the window that are drawn ahead. */
const ahead = 600;
/** On paper all is drawn, up to that many pixels. */
const longestPaper = 100_000;

/** The part of the element that is in view. */
function useView(): readonly [ref: { current: HTMLDivElement | null }, from: number, to: number] {
  const ref = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<readonly [number, number]>([0, 2_000]);
  useEffect(() => {
    let isPaper = false;
    let frame = 0;
    const look = (): void => {
      frame = 0;
      const top = ref.current?.getBoundingClientRect().top ?? 0;
      const next = Math.floor(-top / (ahead / 2)) * (ahead / 2);
      setView(isPaper ? [0, longestPaper] : [next - ahead, next + innerHeight + 2 * ahead]);
    };
    const soon = (): void => {
      frame ||= requestAnimationFrame(look);
    };
    const paper = (on: boolean) => (): void => {
      isPaper = on;
      look();
    };
    const [before, after] = [paper(true), paper(false)];
    look();
    addEventListener('scroll', soon, { passive: true });
    addEventListener('resize', soon);
    addEventListener('beforeprint', before);
    addEventListener('afterprint', after);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', soon);
      removeEventListener('resize', soon);
      removeEventListener('beforeprint', before);
      removeEventListener('afterprint', after);
    };
  }, []);
  return [ref, view[0], view[1]];
}

function nodeText({ nodeIP, health, listed, capacity, agent }: NodeStatus): string {
  const load = capacity === null || capacity === 'current' ? counted(listed, 'IP') : `${listed} of ${capacity} IPs`;
  const does = agent.state === 'none' || agent.state === 'applied' ? [] : [`agent ${agent.state}`];
  return [nodeIP, health, load, ...does].join(' · ');
}

function cidrText({ cidrs }: NodeStatus): string {
  return cidrs.map(({ cidr, used, size }) => `${cidr}: ${size - used} of ${size} free`).join(', ');
}

function BandHead({ band: { kind, node, name, rows }, onNode }: Pick<FlowProps, 'onNode'> & { readonly band: Band }) {
  if (kind === 'nowhere')
    return (
      <div class="head">
        <strong>On no node</strong>
        <span class="bad">{counted(rows.length, 'request')} that no node serves</span>
      </div>
    );
  if (kind === 'unused')
    return (
      <div class="head">
        <strong>Listed, not requested</strong>
        <span>{counted(rows.length, 'egress IP')}</span>
      </div>
    );
  return (
    <button class="head" title={node === undefined ? undefined : cidrText(node)} onClick={() => onNode(name)}>
      <strong>{name}</strong>
      <span class={node === undefined ? 'bad' : nodeTone(node)}>
        {node === undefined ? 'has no HostSubnet' : nodeText(node)}
      </span>
    </button>
  );
}

/** The way in from the namespace, and the way out to the outside, if there is one. */
function Way({ tone }: { readonly tone: string }) {
  return <i class={`way ${tone}`} />;
}

interface LineProps extends Pick<FlowProps, 'onPick'> {
  readonly row: StatusRow;
  readonly top: number;
  readonly isPicked: boolean;
}

/** What the outside sees of it, or why it sees nothing. */
function End({ row }: { readonly row: StatusRow }) {
  const tone = toneOf(row);
  if (tone === 'good')
    return (
      <span class="end good">
        <span class="unseen">leaves with </span>
        {row.egressIP}
      </span>
    );
  if (tone === 'quiet') return <span class="end quiet" />;
  const bad = row.traffic === 'dropped' ? 'dropped' : 'not in use';
  return (
    <span class={`end ${tone}`}>
      {tone === 'unsure' ? 'not known' : bad}
      <small>{/^([A-Z]\w+):/.exec(row.reason ?? '')?.[1]}</small>
    </span>
  );
}

function Line({ row, top, isPicked, onPick }: LineProps) {
  const tone = toneOf(row);
  return (
    <button
      class={`line ${tone}`}
      style={{ top: `${top}px` }}
      aria-pressed={isPicked}
      title={sentenceOf(row)}
      onClick={() => onPick(isPicked ? undefined : rowKey(row))}
    >
      <span class={`whose ${tone}`}>{row.namespaces.length === 0 ? '' : whose(row)}</span>
      <Way tone={tone} />
      <span class={`ip ${tone}`}>
        {row.namespaces.length > 0 && <span class="unseen">requests </span>}
        {row.egressIP}
      </span>
      <Way tone={`${tone} out`} />
      <End row={row} />
    </button>
  );
}

/** The bands of the layout. */
export function Flow({ layout, picked, onPick, onNode }: FlowProps) {
  const [ref, from, to] = useView();
  const bands = layout.bands.filter(({ top, height }) => top < to && top + height > from);
  return (
    <section aria-label="Who leaves where">
      <div class="captions" aria-hidden="true">
        <span>Namespaces</span>
        <span>Nodes and their egress IPs</span>
        <span>Seen outside as</span>
      </div>
      {layout.bands.length === 0 && (
        <p class="none">No egress IP is requested or listed, or none fits what is looked for.</p>
      )}
      <div class="flow" ref={ref} style={{ height: `${layout.height}px` }}>
        <div class="edge" aria-hidden="true">
          <i />
        </div>
        {bands.map((band) => {
          const [first, end] = linesIn(band, from, to);
          const tone = band.kind === 'unused' ? 'quiet' : band.node === undefined ? 'bad' : nodeTone(band.node);
          return (
            <section
              key={`${band.kind} ${band.name}`}
              class={`band ${band.kind}`}
              aria-label={
                band.kind === 'node'
                  ? `Node ${band.name}`
                  : band.kind === 'nowhere'
                    ? 'On no node'
                    : 'Listed, not requested'
              }
              style={{ top: `${band.top}px`, height: `${band.height}px` }}
            >
              <div class={`box ${tone}`}>
                <BandHead band={band} onNode={onNode} />
              </div>
              {band.rows.slice(first, end).map((row, index) => (
                <Line
                  key={rowKey(row)}
                  row={row}
                  top={sizes.head + (first + index) * sizes.line}
                  isPicked={picked === rowKey(row)}
                  onPick={onPick}
                />
              ))}
            </section>
          );
        })}
      </div>
    </section>
  );
}
