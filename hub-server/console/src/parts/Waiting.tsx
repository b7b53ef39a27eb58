// A quiet full-page wait, for the moment before a page's code is there.
import { Center, Loader } from '@mantine/core'

import { text } from '../strings'

export function Waiting() {
  return (
    <Center mih="60vh" role="status" aria-label={text.action.loading}>
      <Loader type="dots" />
    </Center>
  )
}
