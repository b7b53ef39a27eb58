// The checklists of the hub, shared by their page and the overview.
import { useQuery } from '@tanstack/react-query'

import { api, take } from '../api'
import { useMay } from '../session/session'

export function useChecklist() {
  const may = useMay('manage_accounts')
  return useQuery({
    queryKey: ['checklist'],
    queryFn: () => take(api.GET('/api/v1/checklist')),
    enabled: may,
    refetchInterval: 30_000,
  })
}

/** Where an item is seen to; those that are seen to outside the console lead nowhere. */
export const PLACES: Readonly<Record<string, string>> = {
  site: '/edges',
  edge: '/edges',
  camera: '/edges',
  permit: '/permits',
  passage: '/live',
  own_second_factor: '/account',
  people: '/accounts',
  certificate: '/authority.crt',
  alerts: '/',
  admins_second_factor: '/accounts',
  role_rights: '/roles',
}
