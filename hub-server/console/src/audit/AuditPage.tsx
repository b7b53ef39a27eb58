// The audit trail, filtered by act, account and time.
import { ActionIcon, Group, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconChevronDown, IconChevronRight, IconClipboardList } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Fragment, useState } from 'react'

import { api, type AuditLine, take } from '../api'
import { fromField } from '../format/time'
import { wordOf } from '../format/word'
import { Empty } from '../parts/Empty'
import { Failure } from '../parts/Failure'
import { Lines } from '../parts/Lines'
import { MorePages } from '../parts/MorePages'
import { PageHead } from '../parts/PageHead'
import { usePages } from '../parts/pages'
import parts from '../parts/parts.module.css'
import { When } from '../parts/When'
import { useMay } from '../session/session'
import { text } from '../strings'
import classes from './audit.module.css'

export default function AuditPage() {
  const mayList = useMay('manage_accounts')
  const [typed, setTyped] = useState('')
  const [action] = useDebouncedValue(typed.trim(), 300)
  const [account, setAccount] = useState<string | null>(null)
  const [from, setFrom] = useState('')
  const [until, setUntil] = useState('')
  const accounts = useQuery({
    queryKey: ['accounts'],
    queryFn: async () => (await take(api.GET('/api/v1/accounts'))).items,
    enabled: mayList,
  })
  const list = usePages(['audit', action, account, from, until], (cursor) =>
    take(
      api.GET('/api/v1/audit', {
        params: {
          query: {
            cursor,
            limit: 50,
            action: action || undefined,
            account: account ?? undefined,
            from: fromField(from) ?? undefined,
            until: fromField(until) ?? undefined,
          },
        },
      }),
    ),
  )
  return (
    <>
      <PageHead title={text.audit.title} lead={text.audit.lead} />
      <Group mb="md" gap="sm" align="flex-end" role="search">
        <TextInput
          label={text.audit.action}
          placeholder="permit.create"
          autoComplete="off"
          spellCheck={false}
          w={{ base: 'calc(50% - 6px)', xs: 180 }}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {mayList && (
          <Select
            label={text.audit.account}
            placeholder={text.passages.any}
            data={accounts.data?.map(({ id, name }) => ({ value: id, label: name })) ?? []}
            clearable
            w={{ base: 'calc(50% - 6px)', xs: 180 }}
            value={account}
            onChange={setAccount}
          />
        )}
        <TextInput
          type="datetime-local"
          label={text.audit.from}
          w={{ base: 'calc(50% - 6px)', xs: 200 }}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label={text.audit.until}
          w={{ base: 'calc(50% - 6px)', xs: 200 }}
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
      </Group>
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Lines />}
      {list.items?.length === 0 && (
        <Empty icon={<IconClipboardList />} title={text.audit.empty} why={text.audit.emptyWhy} />
      )}
      {list.items && list.items.length > 0 && <Trail lines={list.items} />}
      <MorePages list={list} />
    </>
  )
}

function Trail({ lines }: { lines: AuditLine[] }) {
  const [shown, setShown] = useState<AuditLine['id'] | null>(null)
  return (
    <div className={parts.card}>
      <table className={parts.table}>
        <thead>
          <tr>
            <th>{text.audit.when}</th>
            <th>{text.audit.account}</th>
            <th>{text.audit.what}</th>
            <th>{text.audit.action}</th>
            <th>{text.audit.address}</th>
            <th>{text.audit.details}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Fragment key={line.id}>
              <tr>
                <td data-label={text.audit.when}>
                  <When at={line.at} />
                </td>
                <td data-label={text.audit.account}>{line.actor.name || wordOf(text.audit.actors, line.actor.kind)}</td>
                <td data-label={text.audit.what}>{line.summary}</td>
                <td data-label={text.audit.action}>
                  <code className={classes.action}>{line.action}</code>
                </td>
                <td data-label={line.address ? text.audit.address : undefined}>{line.address}</td>
                <td data-label={text.audit.details}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={text.audit.show(line.id)}
                    aria-expanded={shown === line.id}
                    onClick={() => setShown(shown === line.id ? null : line.id)}
                  >
                    {shown === line.id ? <IconChevronDown size={18} /> : <IconChevronRight size={18} />}
                  </ActionIcon>
                </td>
              </tr>
              {shown === line.id && (
                <tr className={classes.detailRow}>
                  <td colSpan={6}>
                    <Details line={line} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Details({ line }: { line: AuditLine }) {
  return (
    <div className={classes.details}>
      <Text size="xs" c="dimmed">
        {text.audit.object}: {line.object_kind} {line.object_id}
      </Text>
      <Text size="xs" c="dimmed">
        {text.audit.hash}: {line.hash}
      </Text>
      <pre className={classes.json}>{JSON.stringify(line.details, null, 2)}</pre>
    </div>
  )
}
