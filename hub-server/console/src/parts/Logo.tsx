// The mark: an archway with its arm half up.
export function Logo({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#14687a" />
      <path d="M7 25V13.5a9 9 0 0 1 18 0V25" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M8 21.5 24 14" stroke="#ffc857" strokeWidth="3" strokeLinecap="round" />
    </svg>
  )
}
