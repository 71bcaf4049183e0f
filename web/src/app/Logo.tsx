/** Three atoms that share what they have. */
export function Logo() {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#4a5bd4" />
      <g fill="none" stroke="#fff" strokeWidth="2.500">
        <path d="M12.500 13.500l-2 5.500M19.500 13.500l2 5.500M13.500 22h5" />
        <circle cx="16" cy="10" r="4" />
        <circle cx="9.500" cy="22" r="3.500" />
        <circle cx="22.500" cy="22" r="3.500" />
      </g>
    </svg>
  );
}
