// English, the language that the others are measured by.
import { shell } from './shell'
import { words } from './words'
import { session } from './session'
import { live } from './live'
import { passages } from './passages'
import { permits } from './permits'
import { visits } from './visits'
import { edges } from './edges'
import { home } from './home'
import { cameras } from './cameras'
import { audit } from './audit'
import { accounts } from './accounts'
import { keys } from './keys'
import { own } from './own'
import { mqtt } from './mqtt'
import { webhooks } from './webhooks'

export const en = {
  ...shell,
  ...words,
  ...session,
  ...home,
  ...live,
  ...passages,
  ...permits,
  ...visits,
  ...edges,
  ...cameras,
  ...audit,
  ...accounts,
  ...keys,
  ...own,
  ...mqtt,
  ...webhooks,
} as const
