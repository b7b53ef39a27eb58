// Gives the focus back to where it was before a dialog opened, whichever way the dialog goes away.

/** Watches over every dialog of the page. Called once, at the start. */
export function returnFocusAfterDialogs(): void {
  let outside: HTMLElement | null = null
  document.addEventListener('focusin', ({ target }) => {
    if (target instanceof HTMLElement && !target.closest('[role="dialog"]')) outside = target
  })
  const isDialog = (node: Node) =>
    node instanceof HTMLElement && (node.matches('[role="dialog"]') || node.querySelector('[role="dialog"]') !== null)
  new MutationObserver((changes) => {
    const isGone = changes.some((change) => [...change.removedNodes].some(isDialog))
    const isLost = document.activeElement === null || document.activeElement === document.body
    // Whoever closed the dialog may have put the focus somewhere already.
    if (isGone && isLost && outside?.isConnected) outside.focus({ preventScroll: true })
  }).observe(document.body, { childList: true, subtree: true })
}
