// The mark: an archway with its arm half up.
export function Logo({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#14687a" />
      <path d="M6.5 25.5h19" fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" />
      <path d="M10 25V15.5" fill="none" stroke="#fff" strokeWidth="4.4" strokeLinecap="round" />
      <path d="M10 15.5 25 7" fill="none" stroke="#ffc857" strokeWidth="3.2" strokeLinecap="round" />
    </svg>
  )
}
