// The edges and gates of the organisation, shared by the pages that name them.
import { useQuery } from '@tanstack/react-query'

import { api, take } from '../api'
import { useMay } from '../session/session'

export function useGates() {
  const may = useMay('view_fleet')
  return useQuery({
    queryKey: ['gates'],
    queryFn: async () => (await take(api.GET('/api/v1/gates'))).items,
    enabled: may,
    staleTime: 30_000,
  })
}

export function useSites() {
  const may = useMay('view_fleet')
  return useQuery({
    queryKey: ['sites'],
    queryFn: async () => (await take(api.GET('/api/v1/sites'))).items,
    enabled: may,
    staleTime: 30_000,
  })
}

export function useEdges() {
  const may = useMay('view_fleet')
  return useQuery({
    queryKey: ['edges'],
    queryFn: async () => (await take(api.GET('/api/v1/edges'))).items,
    enabled: may,
    // Silence makes no news: how long ago an edge was heard is asked for now and then.
    refetchInterval: 30_000,
  })
}
