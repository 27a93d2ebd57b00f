/** Tries a change out, by the simulator: nothing is written. */
import { useState } from 'preact/hooks';
import type { WhatIf } from '../answers.ts';
import type { PageState } from '../state.ts';
import { ask } from './source.ts';
import { counted } from './words.ts';

type Kind = 'nodeDown' | 'nodeUp' | 'addEgressIP' | 'removeEgressIP';

const kinds: readonly (readonly [Kind, string, string])[] = [
  ['nodeDown', 'a node goes offline', 'node'],
  ['nodeUp', 'a node comes back', 'node'],
  ['addEgressIP', 'a namespace requests an IP', 'namespace=192.0.2.10'],
  ['removeEgressIP', 'a namespace gives an IP back', 'namespace=192.0.2.10'],
];

function Answer({ answer: { moves, drops, recovers, counts } }: { readonly answer: WhatIf }) {
  if (counts.moves + counts.drops + counts.recovers === 0)
    return <p>Nothing would move, and nobody would be dropped.</p>;
  return (
    <div class="answer">
      {counts.drops > 0 && (
        <p class="bad">
          <strong>{counted(counts.drops, 'namespace')} dropped:</strong> {drops.join(', ')}
          {counts.drops > drops.length && ' …'}
        </p>
      )}
      {counts.recovers > 0 && (
        <p class="good">
          <strong>{counted(counts.recovers, 'namespace')} not dropped any more:</strong> {recovers.join(', ')}
        </p>
      )}
      {counts.moves > 0 && (
        <>
          <p>
            <strong>{counted(counts.moves, 'egress IP')} would move:</strong>
          </p>
          <ul>
            {moves.map(({ egressIP, from, to }) => (
              <li key={egressIP}>
                {egressIP}: {from ?? 'no node'} → {to ?? 'no node'}
              </li>
            ))}
          </ul>
          {counts.moves > moves.length && <p>And {counts.moves - moves.length} more: `sdn-compat simulate` has all.</p>}
        </>
      )}
    </div>
  );
}

/** Asks what would be. */
export function WhatIfPanel({ state }: { readonly state: PageState }) {
  const [kind, setKind] = useState<Kind>('nodeDown');
  const [value, setValue] = useState('');
  const [answer, setAnswer] = useState<WhatIf | string | undefined>();
  const isNode = kind === 'nodeDown' || kind === 'nodeUp';
  const run = (): void => {
    ask<WhatIf>('what-if', { [kind]: [value.trim()] }).then(setAnswer, (error: unknown) =>
      setAnswer(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <section class="panel" aria-label="What if">
      <h2>What if</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <select
          aria-label="Change"
          value={kind}
          onChange={({ currentTarget }) => setKind(kinds[currentTarget.selectedIndex]?.[0] ?? 'nodeDown')}
        >
          {kinds.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
        <input
          aria-label={isNode ? 'Node' : 'Namespace and IP'}
          placeholder={kinds.find(([name]) => name === kind)?.[2]}
          list={isNode ? 'nodes' : undefined}
          value={value}
          onInput={({ currentTarget }) => setValue(currentTarget.value)}
        />
        <datalist id="nodes">
          {state.nodes.map(({ node }) => (
            <option key={node} value={node} />
          ))}
        </datalist>
        <button type="submit">Try</button>
      </form>
      <div aria-live="polite">
        {typeof answer === 'string' ? <p class="bad">{answer}</p> : answer !== undefined && <Answer answer={answer} />}
      </div>
    </section>
  );
}
