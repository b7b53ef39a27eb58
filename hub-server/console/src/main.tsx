// Starts the console: language, style nonce, application.
import './app.css'

import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './shell/App'
import { returnFocusAfterDialogs } from './shell/focus'
import { speakAtStart } from './strings/wish'

const nonce = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content') ?? ''
// The scroll lock behind dialogs writes its style sheet by itself.
setNonce(nonce)

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')

returnFocusAfterDialogs()

// A page a moment later is better than a page in the wrong language.
await speakAtStart()

createRoot(root).render(
  <StrictMode>
    <App nonce={nonce} />
  </StrictMode>,
)
