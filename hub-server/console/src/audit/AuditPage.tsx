// The audit trail, filtered by act, account, thing, address and time; counted by day, and taken as a file.
import { ActionIcon, Button, Group, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconChevronDown, IconChevronRight, IconClipboardList, IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Fragment, useState } from 'react'

import { api, type AuditLine, take } from '../api'
import { fromField } from '../format/time'
import { wordOf } from '../format/word'
import { Bars } from '../parts/Bars'
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

/** The most days of the chart. */
const DAYS = 60

export default function AuditPage() {
  const mayList = useMay('manage_accounts')
  const [typed, setTyped] = useState('')
  const [action] = useDebouncedValue(typed.trim(), 300)
  const [account, setAccount] = useState<string | null>(null)
  const [from, setFrom] = useState('')
  const [until, setUntil] = useState('')
  const [typedKind, setTypedKind] = useState('')
  const [kind] = useDebouncedValue(typedKind.trim(), 300)
  const [typedAddress, setTypedAddress] = useState('')
  const [address] = useDebouncedValue(typedAddress.trim(), 300)
  const query = {
    action: action || undefined,
    account: account ?? undefined,
    object_kind: kind || undefined,
    address: address || undefined,
    from: fromField(from) ?? undefined,
    until: fromField(until) ?? undefined,
  }
  const accounts = useQuery({
    queryKey: ['accounts'],
    queryFn: async () => (await take(api.GET('/api/v1/accounts'))).items,
    enabled: mayList,
  })
  const list = usePages(['audit', query], (cursor) =>
    take(api.GET('/api/v1/audit', { params: { query: { ...query, cursor, limit: 50 } } })),
  )
  const days = useQuery({
    queryKey: ['audit', 'days', query],
    queryFn: async () =>
      (await take(api.GET('/api/v1/audit/counts', { params: { query: { ...query, by: 'day' } } }))).items,
    placeholderData: (old) => old,
  })
  return (
    <>
      <PageHead title={text.audit.title} lead={text.audit.lead}>
        {(['csv', 'jsonl'] as const).map((format) => (
          <Button
            key={format}
            component="a"
            href={fileOf(format, query)}
            download
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden="true" />}
          >
            {format === 'csv' ? text.audit.asCsv : text.audit.asJsonLines}
          </Button>
        ))}
      </PageHead>
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
          label={text.audit.objectKind}
          autoComplete="off"
          spellCheck={false}
          w={{ base: 'calc(50% - 6px)', xs: 150 }}
          value={typedKind}
          onChange={(event) => setTypedKind(event.currentTarget.value)}
        />
        <TextInput
          label={text.audit.address}
          placeholder="192.0.2.7"
          autoComplete="off"
          spellCheck={false}
          w={{ base: 'calc(50% - 6px)', xs: 150 }}
          value={typedAddress}
          onChange={(event) => setTypedAddress(event.currentTarget.value)}
        />
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
      {days.data && days.data.length > 1 && (
        <Bars
          title={text.audit.perDay}
          axis={text.audit.day}
          series={[{ name: text.audit.lines, tone: 'first' }]}
          bars={days.data.slice(-DAYS).map(({ key, count }) => ({ label: key.slice(5), name: key, values: [count] }))}
        />
      )}
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

/** The address of a file of the trail, with the filters that are set. */
function fileOf(format: 'csv' | 'jsonl', query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return `/api/v1/audit/export?${new URLSearchParams([['format', format], ...given]).toString()}`
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
