/** What is well and what is not, in numbers, and what is looked for. */
import { type Filter, nodeTone, noFilter, toneOf } from '../bands.ts';
import type { PageState } from '../state.ts';
import { SearchBox } from './search.tsx';
import { Tile } from './tile.tsx';
import { counted } from './words.ts';

interface HeadProps {
  readonly state: PageState;
  readonly trouble: string | undefined;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

function Tiles({ state: { rows, nodes, frame } }: Pick<HeadProps, 'state'>) {
  const asked = rows.filter(({ namespaces }) => namespaces.length > 0);
  const good = asked.filter((row) => toneOf(row) === 'good').length;
  const dropped = new Set(asked.filter(({ traffic }) => traffic === 'dropped').flatMap(({ namespaces }) => namespaces));
  const offline = nodes.filter(({ health }) => health === 'offline').length;
  const behind = nodes.filter(({ agent }) => agent.state === 'behind').length;
  const unsure = nodes.filter((node) => nodeTone(node) === 'unsure').length - behind;
  return (
    <div class="tiles">
      <Tile
        tone={good === asked.length ? 'good' : 'bad'}
        value={`${good} of ${asked.length}`}
        label="egress IPs in use"
      />
      {dropped.size > 0 && <Tile tone="bad" value={counted(dropped.size, 'namespace')} label="dropped" />}
      <Tile
        tone={offline > 0 ? 'bad' : 'good'}
        value={counted(nodes.length, 'node')}
        label={offline > 0 ? `${offline} offline` : 'none offline'}
      />
      {behind > 0 && <Tile tone="bad" value={counted(behind, 'agent')} label="behind" />}
      {unsure > 0 && <Tile tone="unsure" value={counted(unsure, 'node')} label="not known" />}
      {frame.unread.length > 0 && (
        <Tile tone="unsure" value={counted(frame.unread.length, 'kind')} label="not readable" />
      )}
    </div>
  );
}

/** How many problems are listed before the rest is folded away. */
const most = 3;

function Problems({ state: { frame } }: Pick<HeadProps, 'state'>) {
  const about = frame.notes.map(({ kind, name, code, message }) => `${kind} ${name}: ${code}: ${message}`);
  const all = [...about, ...frame.unknown];
  if (all.length === 0) return null;
  const items = (texts: readonly string[]) => texts.slice(0, 500).map((text) => <li key={text}>{text}</li>);
  return (
    <section class="problems" aria-label="Problems">
      <ul>{items(all.slice(0, most))}</ul>
      {all.length > most && (
        <details>
          <summary>{counted(all.length - most, 'more problem')}</summary>
          <ul>{items(all.slice(most))}</ul>
        </details>
      )}
    </section>
  );
}

/** The top of the page. */
export function Head({ state, trouble, filter, onFilter }: HeadProps) {
  const isFiltered = filter.text !== '' || filter.node !== undefined || filter.problemsOnly;
  return (
    <header>
      {trouble !== undefined && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <div class="title">
        <h1>Egress IPs</h1>
        <span class="source">
          {state.frame.source} · sdn-compat {state.frame.version}
        </span>
      </div>
      <Tiles state={state} />
      <Problems state={state} />
      <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
        <SearchBox
          label="Namespace, egress IP, node or reason"
          value={filter.text}
          onText={(text) => onFilter({ ...filter, text })}
        />
        <label>
          <input
            type="checkbox"
            checked={filter.problemsOnly}
            onChange={({ currentTarget }) => onFilter({ ...filter, problemsOnly: currentTarget.checked })}
          />
          Problems only
        </label>
        {filter.node !== undefined && <span class="chip">on {filter.node}</span>}
        {isFiltered && (
          <button type="button" onClick={() => onFilter(noFilter)}>
            Show all
          </button>
        )}
      </form>
    </header>
  );
}
