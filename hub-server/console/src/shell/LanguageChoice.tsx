// The choice of the language before anybody is logged in, each language by its own name.
import { NativeSelect } from '@mantine/core'
import { IconLanguage } from '@tabler/icons-react'

import { choose, LANGUAGES, languageInUse, text } from '../strings'
import { speakFromNowOn } from '../strings/wish'

export function LanguageChoice() {
  return (
    <NativeSelect
      aria-label={text.nav.language}
      size="xs"
      leftSection={<IconLanguage size={16} aria-hidden="true" />}
      data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
      value={languageInUse()}
      onChange={(event) => void speakFromNowOn(choose([event.currentTarget.value]))}
    />
  )
}
