/** Where the page has its state from: the command, by server-sent events, or the file that it is. */
import { changedState, type PageChange, type PageState } from '../state.ts';

/** The command's messages, and what it writes into a file, are of its own version: nothing else can be there. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- see above
export function parsed<T>(text: string): T {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- see above
  return JSON.parse(text);
}

/** The state that is in the file, as text; undefined on a page that is served. */
export function embeddedState(): string | undefined {
  return document.getElementById('state')?.textContent;
}

/** Asks the command; rejects with what it says. */
export async function ask<T>(path: string, question: object): Promise<T> {
  const response = await fetch(path, {
    ...{ method: 'POST', credentials: 'same-origin' },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text.trim());
  const answer = parsed<T & { readonly problem?: string }>(text === '' ? '{}' : text);
  if (answer.problem !== undefined) throw new Error(answer.problem);
  return answer;
}

export interface Listener {
  readonly onState: (state: PageState) => void;
  /** Why there is no connection; undefined when there is one. */
  readonly onTrouble: (why: string | undefined) => void;
}

/** Begins the session with the token behind #, which no server sees in an address, and forgets it. */
async function begin(): Promise<void> {
  const token = location.hash.slice(1);
  if (token === '') return;
  history.replaceState(null, '', location.pathname);
  await ask('session', { token });
}

/** Follows the state from now on. */
export async function follow({ onState, onTrouble }: Listener): Promise<void> {
  let refused: string | undefined;
  await begin().catch((error: unknown) => {
    refused = error instanceof Error ? error.message : String(error);
  });
  const events = new EventSource('events');
  let state: PageState | undefined;
  const show = (next: PageState): void => {
    state = next;
    onTrouble(undefined);
    onState(next);
  };
  events.addEventListener('state', ({ data }: MessageEvent<string>) => show(parsed<PageState>(data)));
  events.addEventListener('change', ({ data }: MessageEvent<string>) => {
    if (state !== undefined) show(changedState(state, parsed<PageChange>(data)));
  });
  events.onerror = () => {
    const isRefused = events.readyState === EventSource.CLOSED;
    onTrouble(
      isRefused
        ? (refused ?? 'Open the page with the address that the command printed.')
        : 'The command does not answer: what is shown may be old.',
    );
  };
}
