/** Whether the page is being printed. */
import { useEffect, useState } from 'preact/hooks';

/** True from `beforeprint` on until `afterprint`. */
export function usePaper(): boolean {
  const [isPaper, setPaper] = useState(false);
  useEffect(() => {
    const before = (): void => setPaper(true);
    const after = (): void => setPaper(false);
    addEventListener('beforeprint', before);
    addEventListener('afterprint', after);
    return () => {
      removeEventListener('beforeprint', before);
      removeEventListener('afterprint', after);
    };
  }, []);
  return isPaper;
}
