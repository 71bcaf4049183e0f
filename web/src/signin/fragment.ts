export interface Fragment {
  readonly ticket: string;
  /** A path of these pages. */
  readonly next: string;
}

/** What an address of `covalent ui` carries after its `#`. */
export function readFragment(hash: string): Fragment {
  const values = new URLSearchParams(hash.replace(/^#/, ''));
  return { ticket: values.get('ticket') ?? '', next: ownPath(values.get('next')) };
}

/** Only paths: an address must not lead away from the pages with the trust that it gives them. */
function ownPath(path: string | null): string {
  return path && /^\/(?![/\\])/.test(path) && !path.startsWith('/signin') ? path : '/';
}
