// Corrections by hand: a vehicle that left unseen, and one that came unseen. Both want a reason.
import { Alert, Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, type SyntheticEvent, useState } from 'react'

import { api, take, type Visit } from '../api'
import { queries } from '../api/queries'
import { useSites } from '../edges/fleet'
import { Failure, sortFaults } from '../parts/Failure'
import { say } from '../parts/toast'
import { text } from '../strings'

const LONGEST_REASON = 500

function refresh(): void {
  void queries.invalidateQueries({ queryKey: ['visits'] })
  void queries.invalidateQueries({ queryKey: ['occupancy'] })
}

export function CloseDialog({ visit, onDone }: { visit: Visit; onDone: () => void }) {
  const [reason, setReason] = useState('')
  const close = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/visits/{id}/close', { params: { path: { id: visit.id } }, body: { reason } })),
    onSuccess: () => {
      refresh()
      say(text.visits.closed(visit.plate))
      onDone()
    },
  })
  return (
    <Correction
      title={text.visits.closeTitle(visit.plate)}
      why={text.visits.closeWhy}
      submit={text.visits.close}
      saving={close.isPending}
      ready={reason.trim() !== ''}
      onSubmit={() => close.mutate()}
      onDone={onDone}
    >
      <TextInput
        label={text.visits.reason}
        placeholder={text.visits.reasonPlaceholder}
        required
        withAsterisk={false}
        maxLength={LONGEST_REASON}
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {close.error && <Failure error={close.error} />}
    </Correction>
  )
}

export function OpenDialog({ onDone }: { onDone: () => void }) {
  const sites = useSites()
  const [plate, setPlate] = useState('')
  const [chosen, setSite] = useState<string | null>(null)
  const [reason, setReason] = useState('')
  const site = chosen ?? sites.data?.[0]?.id ?? ''
  const open = useMutation({
    mutationFn: () => take(api.POST('/api/v1/visits', { body: { site, plate, reason } })),
    onSuccess: (visit) => {
      refresh()
      say(text.visits.opened(visit.plate))
      onDone()
    },
  })
  const faults = sortFaults(open.error, ['plate', 'reason'])
  return (
    <Correction
      title={text.visits.open}
      why={text.visits.openWhy}
      submit={text.visits.openSubmit}
      saving={open.isPending}
      ready={plate.trim() !== '' && reason.trim() !== '' && site !== ''}
      onSubmit={() => open.mutate()}
      onDone={onDone}
    >
      {faults.rest && (
        <Alert color="red" role="alert">
          {faults.rest}
        </Alert>
      )}
      <TextInput
        label={text.visits.plate}
        required
        withAsterisk={false}
        maxLength={20}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        data-autofocus
        value={plate}
        error={faults.fields.plate}
        onChange={(event) => setPlate(event.currentTarget.value)}
      />
      {sites.data && sites.data.length > 1 && (
        <Select
          label={text.visits.site}
          data={sites.data.map((one) => ({ value: one.id, label: one.name }))}
          allowDeselect={false}
          value={site}
          onChange={setSite}
        />
      )}
      <TextInput
        label={text.visits.reason}
        placeholder={text.visits.openPlaceholder}
        required
        withAsterisk={false}
        maxLength={LONGEST_REASON}
        value={reason}
        error={faults.fields.reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Correction>
  )
}

function Correction({
  title,
  why,
  submit,
  saving,
  ready,
  onSubmit,
  onDone,
  children,
}: {
  title: string
  why: string
  submit: string
  saving: boolean
  ready: boolean
  onSubmit: () => void
  onDone: () => void
  children: ReactNode
}) {
  const send = (event: SyntheticEvent) => {
    event.preventDefault()
    onSubmit()
  }
  return (
    <Modal opened onClose={onDone} title={title} centered>
      <form onSubmit={send}>
        <Stack>
          <Text size="sm" c="dimmed">
            {why}
          </Text>
          {children}
          <Group justify="flex-end">
            <Button variant="default" onClick={onDone}>
              {text.action.cancel}
            </Button>
            <Button type="submit" loading={saving} disabled={!ready}>
              {submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
