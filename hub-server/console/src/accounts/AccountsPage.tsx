// The accounts of the organisation, for those who manage them.
import { Button, Group, Text, UnstyledButton } from '@mantine/core'
import { IconPlus, IconUsers } from '@tabler/icons-react'
import { useState } from 'react'

import { type Account, api, take } from '../api'
import { useSites } from '../edges/fleet'
import { wordOf } from '../format/word'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { Mark } from '../parts/Mark'
import { MorePages } from '../parts/MorePages'
import { PageHead } from '../parts/PageHead'
import { usePages } from '../parts/pages'
import parts from '../parts/parts.module.css'
import { When } from '../parts/When'
import { useSession } from '../session/session'
import { text } from '../strings'
import { AccountDrawer } from './AccountDrawer'
import { NewAccount } from './NewAccount'

export default function AccountsPage() {
  const session = useSession()
  const [creating, setCreating] = useState(false)
  const [chosen, setChosen] = useState<Account | null>(null)
  const accounts = usePages<Account>(['accounts'], (cursor) =>
    take(api.GET('/api/v1/accounts', { params: { query: cursor ? { cursor } : {} } })),
  )
  const list = accounts.items
  return (
    <>
      <PageHead title={text.accounts.title} lead={text.accounts.lead}>
        <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setCreating(true)}>
          {text.accounts.create}
        </Button>
      </PageHead>
      {accounts.error && <Failure error={accounts.error} onRetry={() => void accounts.refetch()} />}
      {accounts.isPending && <Lines count={3} />}
      {list?.length === 0 && <Empty icon={<IconUsers />} title={text.accounts.title} why={text.accounts.lead} />}
      {list && list.length > 0 && (
        <div className={parts.card}>
          <table className={parts.table}>
            <thead>
              <tr>
                <th>{text.accounts.name}</th>
                <th>{text.accounts.role}</th>
                <th>{text.accounts.sites}</th>
                <th>{text.accounts.since}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((account) => (
                <tr key={account.id}>
                  <td>
                    <Group gap="xs">
                      <UnstyledButton
                        onClick={() => setChosen(account)}
                        aria-label={text.accounts.edit(account.name)}
                        td="underline"
                      >
                        <Text fw={600} size="sm" span>
                          {account.name}
                        </Text>
                      </UnstyledButton>
                      {account.id === session.data?.account.id && <Mark tone="quiet">{text.accounts.you}</Mark>}
                      {account.disabled_at && <Mark tone="bad">{text.accounts.disabled}</Mark>}
                    </Group>
                  </td>
                  <td data-label={text.accounts.role}>{wordOf(text.role, account.role)}</td>
                  <td data-label={text.accounts.sites}>
                    <SiteNames ids={account.sites ?? null} />
                  </td>
                  <td data-label={text.accounts.since}>
                    <When at={account.created_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <MorePages list={accounts} />
      {creating && <NewAccount onClose={() => setCreating(false)} />}
      {chosen && <AccountDrawer account={chosen} onClose={() => setChosen(null)} />}
    </>
  )
}

function SiteNames({ ids }: { ids: readonly string[] | null }) {
  const sites = useSites()
  if (!ids) return <>{text.accounts.allSites}</>
  return <>{ids.map((id) => sites.data?.find((site) => site.id === id)?.name ?? '…').join(', ')}</>
}
