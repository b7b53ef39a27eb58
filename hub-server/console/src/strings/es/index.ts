// Spanish.
import type { Translated } from '../catalogue'
import { shell } from './shell'
import { words } from './words'
import { session } from './session'
import { live } from './live'
import { passages } from './passages'
import { permits } from './permits'
import { visits } from './visits'
import { edges } from './edges'
import { home } from './home'
import { hub } from './hub'
import { cameras } from './cameras'
import { audit } from './audit'
import { accounts } from './accounts'
import { keys } from './keys'
import { own } from './own'
import { mqtt } from './mqtt'
import { webhooks } from './webhooks'

export const es: Translated = {
  ...shell,
  ...words,
  ...session,
  ...home,
  hub,
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
}
