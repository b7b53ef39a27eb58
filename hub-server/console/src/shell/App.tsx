// The console in the language in use; another language shows every page anew.
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { useMemo, useSyncExternalStore } from 'react'
import { RouterProvider } from 'react-router/dom'

import { queries } from '../api/queries'
import { router } from '../routes'
import { languageInUse, onLanguage, text } from '../strings'
import { cssVariables, themeWith } from '../theme'

const schemes = localStorageColorSchemeManager({ key: 'gatewarden-colour-scheme' })

/** `nonce`: what the policy wants of styles that are made in the browser. */
export function App({ nonce }: { nonce: string }) {
  const language = useSyncExternalStore(onLanguage, languageInUse)
  const close = text.action.close
  const theme = useMemo(() => themeWith(close), [close])
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={schemes}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queries}>
        {/* The key, because nothing else would render a page again whose own state is unchanged. */}
        <RouterProvider key={language} router={router} />
      </QueryClientProvider>
    </MantineProvider>
  )
}
