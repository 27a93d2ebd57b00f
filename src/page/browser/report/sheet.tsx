/** A table of which some rows are drawn, and more when they are asked for. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { counted } from '../words.ts';
import { usePaper } from './paper.ts';

/** How many rows are drawn each time more are asked for. */
const step = 100;
/** How many are printed. */
const longestPaper = 1_000;

interface RowsProps<T> {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly T[];
  readonly row: (one: T, index: number) => ComponentChildren;
  readonly kind?: string;
  /** How many are drawn at first. */
  readonly first?: number;
}

/** The table; nothing if there are no rows. */
export function Rows<T>({ label, head, rows, row, kind = '', first = step }: RowsProps<T>) {
  const [asked, setMost] = useState(first);
  const most = usePaper() ? Math.max(asked, longestPaper) : asked;
  if (rows.length === 0) return null;
  return (
    <div class="wide">
      <table class={kind} aria-label={label}>
        <thead>
          <tr>
            {head.map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{rows.slice(0, most).map(row)}</tbody>
      </table>
      {rows.length > most && (
        <p class="more">
          {counted(rows.length - most, 'more row')}{' '}
          <button onClick={() => setMost(most + step)}>Show {Math.min(step, rows.length - most)} more</button>{' '}
          <button onClick={() => setMost(rows.length)}>Show all</button>
        </p>
      )}
    </div>
  );
}

/** A row of texts. */
export function textRow(cells: readonly string[], index: number) {
  return (
    <tr key={index}>
      {cells.map((text, at) => (
        // the cells of a row are known by where they are
        <td key={at}>{text}</td>
      ))}
    </tr>
  );
}
