/** What is known of the picked line, and the way of a packet from there. */
import { useState } from 'preact/hooks';
import type { StatusRow } from '../../model/cluster/summary.ts';
import { listText } from '../../model/values/list-text.ts';
import type { PageTrace } from '../answers.ts';
import { toneOf } from '../bands.ts';
import type { PageState } from '../state.ts';
import { ask } from './source.ts';
import { sentenceOf } from './words.ts';

interface PickedProps {
  readonly row: StatusRow;
  readonly state: PageState;
  readonly onClose: () => void;
  readonly onNode: (node: string) => void;
}

const verdicts: Readonly<Record<string, string>> = {
  leaves: 'leaves',
  delivered: 'arrives',
  node: 'comes to the node',
  refused: 'is refused',
  dropped: 'is dropped',
  unknown: 'cannot be told',
};

/** The verdicts of a packet that gets where it was meant to. */
const good: ReadonlySet<string> = new Set(['leaves', 'delivered', 'node']);

function Ways({ trace: { pod, to, ways, unknown } }: { readonly trace: PageTrace }) {
  return (
    <div class="answer">
      <p>
        {pod.namespace}/{pod.name} ({pod.ip}, on {pod.node}) to {to}
      </p>
      {ways.map(({ verdict, address, node, reason, service, steps }) => (
        <div key={`${verdict} ${address ?? ''} ${node} ${reason}`} class={good.has(verdict) ? 'good' : 'bad'}>
          <p>
            <strong>
              {verdicts[verdict] ?? verdict}
              {address === null ? '' : ` as ${address}`} on {node}
            </strong>
            : {reason}
          </p>
          {service !== undefined && service.backends.length > 0 && (
            <p>
              Service {service.name} to {listText(service.backends.map(({ pod, address: at }) => pod ?? at))}
            </p>
          )}
          <ol class="steps">
            {steps.map(({ node: where, at, says }) => (
              <li key={`${where} ${at} ${says}`}>
                <span>
                  {where} · {at}
                </span>{' '}
                {says}
              </li>
            ))}
          </ol>
        </div>
      ))}
      {unknown.map((what) => (
        <p key={what}>Not taken into account: {what}</p>
      ))}
    </div>
  );
}

function Trace({ namespace }: { readonly namespace: string }) {
  const [to, setTo] = useState('');
  const [answer, setAnswer] = useState<PageTrace | string | undefined>();
  const run = (): void => {
    ask<PageTrace>('trace', { namespace, to: to.trim() }).then(setAnswer, (error: unknown) =>
      setAnswer(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <>
      <h3>The way of a packet</h3>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <input
          aria-label={`Destination from ${namespace}`}
          placeholder="203.0.113.7:443 or NAMESPACE/POD"
          value={to}
          onInput={({ currentTarget }) => setTo(currentTarget.value)}
        />
        <button type="submit">Trace</button>
      </form>
      <div aria-live="polite">
        {typeof answer === 'string' ? <p class="bad">{answer}</p> : answer !== undefined && <Ways trace={answer} />}
      </div>
    </>
  );
}

/** The details of a line. */
export function Picked({ row, state, onClose, onNode }: PickedProps) {
  const { vnid, node, namespaces } = row;
  const others = state.rows.filter((one) => one.vnid === vnid && vnid !== null && one.egressIP !== row.egressIP);
  const [first] = namespaces;
  return (
    <section class={`panel picked ${toneOf(row)}`} aria-label={`Egress IP ${row.egressIP}`}>
      <button class="close" aria-label="Close" onClick={onClose}>
        ×
      </button>
      <h2>{row.egressIP}</h2>
      <p>{sentenceOf(row)}.</p>
      <dl>
        <dt>Namespaces</dt>
        <dd>{namespaces.join(', ') || 'none'}</dd>
        <dt>VNID</dt>
        <dd>{vnid ?? 'none'}</dd>
        <dt>Node</dt>
        <dd>
          {node === null ? (
            'none'
          ) : (
            <button class="link" onClick={() => onNode(node)}>
              {node}
            </button>
          )}
        </dd>
        {others.length > 0 && <dt>Its other IPs</dt>}
        {others.length > 0 && (
          <dd>
            {others.map(({ egressIP, inUse }) => (inUse === true ? egressIP : `${egressIP} (not in use)`)).join(', ')}
          </dd>
        )}
      </dl>
      {state.frame.isLive && first !== undefined && <Trace namespace={first} />}
    </section>
  );
}
