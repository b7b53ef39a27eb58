// What the console keeps of the hub's answers, and what happens when the session ends.
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'

import { ApiError } from './client'

export const SESSION = ['session'] as const

function endSessionOn(error: Error): void {
  // The shell sees that nobody is logged in and shows the log-in page.
  if (error instanceof ApiError && error.status === 401) queries.setQueryData(SESSION, null)
}

export const queries = new QueryClient({
  queryCache: new QueryCache({ onError: endSessionOn }),
  mutationCache: new MutationCache({ onError: endSessionOn }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      retryDelay: (count) => Math.min(500 * 2 ** count, 4_000),
    },
  },
})
