/** The box that everything is found by; `/` goes there from anywhere. */
import { useEffect } from 'preact/hooks';

interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly onText: (text: string) => void;
}

/** `/` goes to the search box, as on other pages; Escape ends what is picked and filtered. */
export function useKeys(onEscape: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLInputElement;
      if (event.key === '/' && !isTyping) {
        event.preventDefault();
        document.getElementById('search')?.focus();
      }
      if (event.key === 'Escape') onEscape();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [onEscape]);
}

/** An input, which the page's form has in it. */
export function SearchBox({ label, value, onText }: SearchProps) {
  return (
    <input
      id="search"
      type="search"
      aria-label={label}
      placeholder={`${label}  ( / )`}
      value={value}
      onInput={({ currentTarget }) => onText(currentTarget.value)}
    />
  );
}
