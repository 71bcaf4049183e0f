/** The half of a sign-in that is kept for this origin alone: other ports of the host get the cookie, but not this. */
const NAME = 'covalent-key';

/** For browsers that keep nothing: until the page is left. */
let own: string | null = null;

export function readKey(): string | null {
  try {
    return localStorage.getItem(NAME) ?? own;
  } catch {
    return own;
  }
}

export function keepKey(key: string | null): void {
  own = key;
  try {
    if (key === null) localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, key);
  } catch {
    // It is kept above.
  }
}
