/** Each namespace between today and tomorrow. */
import { matching, type Side, worstFirst } from '../../report.ts';
import { Rows } from './sheet.tsx';

const meaning = { good: 'as today', unsure: 'changes, nothing is lost', bad: 'is not kept' } as const;

function sideRow({ namespace, today, tomorrow, tone }: Side) {
  return (
    <tr key={namespace} class={tone}>
      <td>{today}</td>
      <td>
        <span class="pill">{namespace}</span>
      </td>
      <td>{tomorrow}</td>
      <td>{meaning[tone]}</td>
    </tr>
  );
}

/** Those that lose something first. */
export function Sides({ sides, text }: { readonly sides: readonly Side[]; readonly text: string }) {
  const shown = worstFirst(matching(sides, text));
  if (sides.length === 0) return null;
  return (
    <section aria-label="Today and tomorrow">
      <h2>Today and tomorrow</h2>
      {shown.length === 0 && <p class="none">No namespace fits what is looked for.</p>}
      <Rows
        label="Today and tomorrow"
        kind="sides"
        first={8}
        head={['Leaves today with', 'Namespace', 'Leaves tomorrow with', 'Its address']}
        rows={shown}
        row={sideRow}
      />
    </section>
  );
}
