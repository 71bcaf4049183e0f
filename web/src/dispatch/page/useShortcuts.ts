import { useEffect } from 'react';

/** Escape closes the panel, and `/` goes to the search of what is in front. */
export function useShortcuts(onEscape: (() => void) | null): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key === 'Escape' && onEscape && !document.querySelector('dialog[open]')) onEscape();
      else if (event.key === '/' && !isTyping && focusSearch()) event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [onEscape]);
}

function focusSearch(): boolean {
  const fields = [...document.querySelectorAll<HTMLInputElement>('input[data-search]')].filter(
    (field) => field.offsetParent !== null,
  );
  // The panel comes last in the page, and is in front.
  const field = fields.at(-1);
  field?.focus();
  field?.select();
  return field !== undefined;
}
