// Sets the colour scheme before the first paint, so that a dark console does not flash white.
;(function () {
  var chosen = null
  try {
    chosen = localStorage.getItem('gatewarden-colour-scheme')
  } catch (error) {
    // Storage may be forbidden; the system's scheme is used.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
