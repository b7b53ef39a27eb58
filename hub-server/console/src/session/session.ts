// Who is logged in, and what they may do.
import { useQuery } from '@tanstack/react-query'

import { api, ApiError, type Session, take } from '../api'
import { rememberCsrf } from '../api/client'
import { queries, SESSION } from '../api/queries'

/** What the console asks rights for; the hub checks each of them again. */
export type Right =
  | 'view_passages'
  | 'view_permits'
  | 'edit_permits'
  | 'order_barrier'
  | 'configure_cameras'
  | 'view_visits'
  | 'correct_visits'
  | 'view_fleet'
  | 'enrol_edges'
  | 'view_audit'
  | 'manage_accounts'
  | 'manage_keys'
  | 'manage_integrations'
  | 'view_models'

/** The session, `null` if nobody is logged in, `undefined` while that is not known yet. */
export function useSession() {
  return useQuery({
    queryKey: SESSION,
    queryFn: async (): Promise<Session | null> => {
      try {
        return begin(await take(api.GET('/api/v1/session')))
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null
        throw error
      }
    },
    staleTime: 60_000,
  })
}

/** Whether the person logged in has this right. */
export function useMay(right: Right): boolean {
  const { data } = useSession()
  return data?.rights.includes(right) ?? false
}

/** Takes a fresh session into use. */
export function begin(session: Session): Session {
  rememberCsrf(session.csrf)
  return session
}

export function enter(session: Session): void {
  queries.clear()
  queries.setQueryData(SESSION, begin(session))
}

export async function logOut(): Promise<void> {
  await take(api.DELETE('/api/v1/session'))
  queries.clear()
  queries.setQueryData(SESSION, null)
}
