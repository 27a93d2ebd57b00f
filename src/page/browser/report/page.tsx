/** The report of a migration: what is found, who leaves with what today and tomorrow, the steps, and the tables. */
import { useMemo, useRef, useState } from 'preact/hooks';
import { matching, type ReportFilter, type ReportState, type Sheet } from '../../report.ts';
import { SearchBox, useKeys } from '../search.tsx';
import { Tile } from '../tile.tsx';
import { counted } from '../words.ts';
import { Findings } from './findings.tsx';
import { Rows, textRow } from './sheet.tsx';
import { Sides } from './sides.tsx';

const noFilter: ReportFilter = { text: '', hidden: new Set() };
/** How the tile of a severity looks if there is a finding of it. */
const tones: Readonly<Record<string, string>> = { blocker: 'bad', warning: 'unsure' };

function countsOf({ findings, severities }: ReportState): readonly (readonly [severity: string, count: number])[] {
  const counts = Map.groupBy(findings, ({ severity }) => severity);
  return severities.map((severity) => [severity, counts.get(severity)?.length ?? 0]);
}

function Tiles({ state }: { readonly state: ReportState }) {
  const { sides } = state;
  const kept = sides.filter(({ tone }) => tone === 'good').length;
  return (
    <div class="tiles">
      {countsOf(state).map(([severity, count]) => (
        <Tile
          key={severity}
          tone={count === 0 ? 'good' : (tones[severity] ?? 'good')}
          value={count.toLocaleString('en')}
          label={count === 1 ? severity : `${severity}s`}
        />
      ))}
      {sides.length > 0 && (
        <Tile
          tone={kept === sides.length ? 'good' : 'unsure'}
          value={`${kept} of ${counted(sides.length, 'namespace')}`}
          label="leave as today"
        />
      )}
    </div>
  );
}

interface FiltersProps {
  readonly state: ReportState;
  readonly filter: ReportFilter;
  readonly onFilter: (filter: ReportFilter) => void;
}

function Filters({ state, filter, onFilter }: FiltersProps) {
  const toggle = (severity: string): void => {
    const hidden = new Set(filter.hidden);
    if (!hidden.delete(severity)) hidden.add(severity);
    onFilter({ ...filter, hidden });
  };
  return (
    <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
      <SearchBox
        label="Namespace, address, node, object or code"
        value={filter.text}
        onText={(text) => onFilter({ ...filter, text })}
      />
      {countsOf(state).map(([severity, count]) => (
        <button
          key={severity}
          type="button"
          aria-pressed={!filter.hidden.has(severity)}
          onClick={() => toggle(severity)}
        >
          {counted(count, severity)}
        </button>
      ))}
      {(filter.text !== '' || filter.hidden.size > 0) && (
        <button type="button" onClick={() => onFilter(noFilter)}>
          Show all
        </button>
      )}
    </form>
  );
}

function SheetSection({ sheet, text }: { readonly sheet: Sheet; readonly text: string }) {
  const rows = useMemo(() => matching(sheet.rows, text), [sheet, text]);
  const none = sheet.rows.length === 0 ? sheet.none : 'Nothing here fits what is looked for.';
  return (
    <section aria-label={sheet.title}>
      <h2>{sheet.title}</h2>
      {sheet.about !== '' && <p>{sheet.about}</p>}
      {rows.length === 0 && <p class="none">{none}</p>}
      <Rows label={sheet.title} head={sheet.head} rows={rows} row={textRow} />
    </section>
  );
}

/** The whole page. */
export function ReportPage({ state }: { readonly state: ReportState }) {
  const [filter, setFilter] = useState<ReportFilter>(noFilter);
  const clear = useRef(() => setFilter(noFilter));
  useKeys(clear.current);
  return (
    <>
      <header>
        <div class="title">
          <h1>{state.title}</h1>
          <span class="source">
            {[...state.options.map(([name, value]) => `${name}: ${value}`), `sdn-compat ${state.version}`].join(' · ')}
          </span>
        </div>
        <Tiles state={state} />
        {state.incomplete.length > 0 && (
          <section class="problems" aria-label="Problems">
            <p>The input was incomplete, and so is this plan:</p>
            <ul>
              {state.incomplete.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          </section>
        )}
        <Filters state={state} filter={filter} onFilter={setFilter} />
      </header>
      <main class="report">
        <Sides sides={state.sides} text={filter.text} />
        <Findings state={state} filter={filter} />
        {state.sheets.map((sheet) => (
          <SheetSection key={sheet.title} sheet={sheet} text={filter.text} />
        ))}
      </main>
    </>
  );
}
