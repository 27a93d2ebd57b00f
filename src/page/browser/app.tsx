/** The page: what is wrong on top, then who leaves where, and beside it what is picked. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Filter, layoutOf, noFilter } from '../bands.ts';
import { type PageState, rowKey } from '../state.ts';
import { Flow } from './flow.tsx';
import { Head } from './head.tsx';
import { Idle } from './idle.tsx';
import { Moves } from './moves.tsx';
import { Picked } from './picked.tsx';
import { useKeys } from './search.tsx';
import { follow } from './source.ts';
import { WhatIfPanel } from './what-if.tsx';

interface Seen {
  readonly state: PageState | undefined;
  readonly trouble: string | undefined;
}

function useSource(embedded: PageState | undefined): Seen {
  const [state, setState] = useState(embedded);
  const [trouble, setTrouble] = useState<string | undefined>();
  useEffect(() => {
    if (embedded === undefined) void follow({ onState: setState, onTrouble: setTrouble });
  }, [embedded]);
  return { state, trouble };
}

/** What the last change was, for those who do not see it. */
function newsOf({ frame: { moves } }: PageState): string {
  const [last] = moves;
  if (last === undefined) return '';
  return `${last.egressIP}: ${last.from ?? 'not in use'} to ${last.to ?? 'not in use'}, ${last.cause}`;
}

/** The whole page. */
export function App({ embedded }: { readonly embedded: PageState | undefined }) {
  const { state, trouble } = useSource(embedded);
  const [filter, setFilter] = useState<Filter>(noFilter);
  const [picked, setPicked] = useState<string | undefined>();
  const layout = useMemo(() => (state === undefined ? undefined : layoutOf(state, filter)), [state, filter]);
  const clear = useRef(() => {
    setFilter(noFilter);
    setPicked(undefined);
  });
  useKeys(clear.current);
  if (state === undefined || layout === undefined)
    return <main class="empty">{trouble ?? 'Waiting for the state of the cluster…'}</main>;
  const row = state.rows.find((one) => rowKey(one) === picked);
  const pickNode = (node: string | undefined): void => setFilter({ ...filter, node });
  return (
    <>
      <Head state={state} trouble={trouble ?? state.frame.stale ?? undefined} filter={filter} onFilter={setFilter} />
      <div class={state.frame.isLive || row !== undefined ? 'columns' : 'columns alone'}>
        <main>
          <Flow layout={layout} picked={picked} onPick={setPicked} onNode={pickNode} />
          <Idle nodes={layout.idle} onNode={pickNode} />
        </main>
        <aside aria-label="Details">
          {row !== undefined && (
            <Picked key={picked} row={row} state={state} onClose={() => setPicked(undefined)} onNode={pickNode} />
          )}
          {state.frame.isLive && <WhatIfPanel state={state} />}
          <Moves moves={state.frame.moves} isLive={state.frame.isLive} />
        </aside>
      </div>
      <p class="unseen" role="status">
        {newsOf(state)}
      </p>
    </>
  );
}
