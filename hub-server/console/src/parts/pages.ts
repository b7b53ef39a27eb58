// A list that is fetched page by page.
import { useInfiniteQuery } from '@tanstack/react-query'

interface Page<T> {
  items: T[]
  next_cursor?: string | null
}

/** All pages asked for so far as one list. */
export function usePages<T>(key: readonly unknown[], load: (cursor: string | undefined) => Promise<Page<T>>) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: (old) => old,
  })
  return { ...query, items: query.data?.pages.flatMap((page) => page.items) }
}
