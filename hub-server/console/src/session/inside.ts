// Where to go after log-in: only ever a page of this console.

/** Gives `next` if it is an address inside the console, else the first page. */
export function inside(next: string | null): string {
  if (!next?.startsWith('/') || next.startsWith('//') || next.includes('\\')) return '/'
  return next.startsWith('/login') ? '/' : next
}

/** Reads the set-up token from the part after `#` or `?` of the set-up link. */
export function setUpToken(hash: string, search: string): string {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? new URLSearchParams(search).get('token') ?? ''
}
