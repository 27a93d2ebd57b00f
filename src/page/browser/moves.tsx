/** The last moves of egress IPs, with their cause. */
import type { Move } from '../../model/cluster/moves.ts';

const shownMoves = 30;

function timeText(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** A time line, the newest on top. */
export function Moves({ moves, isLive }: { readonly moves: readonly Move[]; readonly isLive: boolean }) {
  if (!isLive && moves.length === 0) return null;
  return (
    <section class="panel" aria-label="Last moves">
      <h2>Last moves</h2>
      {moves.length === 0 && <p class="none">None since this page was opened.</p>}
      <ol class="moves">
        {moves.slice(0, shownMoves).map(({ at, egressIP, namespaces, from, to, cause }) => (
          <li key={`${at} ${egressIP}`} class={to === null ? 'bad' : 'good'}>
            <time dateTime={at}>{timeText(at)}</time> <strong>{egressIP}</strong> of {namespaces.join(', ')}
            <br />
            {from ?? 'not in use'} → {to ?? 'not in use'}: {cause}
          </li>
        ))}
      </ol>
    </section>
  );
}
