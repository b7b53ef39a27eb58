// Creates or edits a permit; withdraws and restores it.
import {
  Alert,
  Button,
  Drawer,
  Group,
  MultiSelect,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, type Permit, type PermitInput, take } from '../api'
import { queries } from '../api/queries'
import { useGates, useSites } from '../edges/fleet'
import { fromField, toField } from '../format/time'
import { sortFaults } from '../parts/Failure'
import { complain, say } from '../parts/toast'
import { COLOURS, TYPES } from '../passages/vehicle'
import { useMay } from '../session/session'
import { text } from '../strings'
import { PlatePreview } from './PlatePreview'
import { faultOf, MOST_SPANS, type Rule, toRules, toSpans } from './week'
import { WeekEditor } from './WeekEditor'

const FIELDS = [
  'plate',
  'holder',
  'group',
  'note',
  'valid_from',
  'valid_until',
  'gates',
  'vehicle_type',
  'vehicle_colour',
] as const
const refresh = () => void queries.invalidateQueries({ queryKey: ['permits'] })

/** `permit`: the one to edit; none for a new one. */
export function PermitDrawer({ permit, onClose }: { permit: Permit | null; onClose: () => void }) {
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={permit ? text.permits.edit(permit.plate) : text.permits.create}
    >
      <PermitForm permit={permit} onDone={onClose} />
    </Drawer>
  )
}

function PermitForm({ permit, onDone }: { permit: Permit | null; onDone: () => void }) {
  const mayEdit = useMay('edit_permits') && !permit?.withdrawn_at
  const gates = useGates()
  const sites = useSites()
  const zone = sites.data?.[0]?.time_zone
  const [form, setForm] = useState({
    plate: permit?.plate ?? '',
    holder: permit?.holder ?? '',
    group: permit?.group ?? '',
    note: permit?.note ?? '',
    valid_from: toField(permit?.valid_from),
    valid_until: toField(permit?.valid_until),
    gates: permit?.gates ?? [],
    denied: permit?.denied ?? false,
    vehicle_type: permit?.vehicle_type ?? null,
    vehicle_colour: permit?.vehicle_colour ?? null,
  })
  const [rules, setRules] = useState<Rule[]>(() => toRules(permit?.schedule.spans ?? []))
  const save = useMutation({
    mutationFn: () => {
      const body: PermitInput = {
        ...form,
        valid_from: fromField(form.valid_from),
        valid_until: fromField(form.valid_until),
        schedule: { spans: toSpans(rules) },
      }
      return permit
        ? take(api.PUT('/api/v1/permits/{id}', { params: { path: { id: permit.id } }, body }))
        : take(api.POST('/api/v1/permits', { body }))
    },
    onSuccess: (saved) => {
      refresh()
      say(text.permits.saved(saved.plate))
      onDone()
    },
  })
  const faults = sortFaults(save.error, FIELDS)
  const whole = rules.every((rule) => faultOf(rule) === null) && toSpans(rules).length <= MOST_SPANS
  const set = (part: Partial<typeof form>) => setForm((old) => ({ ...old, ...part }))
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone

  return (
    <form onSubmit={submit}>
      <fieldset disabled={!mayEdit} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
        <Stack>
          {faults.rest && (
            <Alert color="red" role="alert">
              {faults.rest}
            </Alert>
          )}
          <TextInput
            label={text.permits.plate}
            description={text.permits.plateWhy}
            required
            withAsterisk={false}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            maxLength={20}
            data-autofocus={permit ? undefined : true}
            value={form.plate}
            error={faults.fields.plate}
            onChange={(event) => set({ plate: event.currentTarget.value })}
          />
          {mayEdit && <PlatePreview typed={form.plate} except={permit?.id} />}
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput
              label={text.permits.holder}
              autoComplete="off"
              maxLength={100}
              value={form.holder}
              error={faults.fields.holder}
              onChange={(event) => set({ holder: event.currentTarget.value })}
            />
            <TextInput
              label={text.permits.group}
              autoComplete="off"
              maxLength={100}
              value={form.group}
              error={faults.fields.group}
              onChange={(event) => set({ group: event.currentTarget.value })}
            />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Select
              label={text.permits.vehicleType}
              placeholder={text.permits.vehicleAny}
              data={TYPES.map((value) => ({ value, label: text.vehicle.types[value] }))}
              clearable
              value={form.vehicle_type}
              error={faults.fields.vehicle_type}
              onChange={(value) => set({ vehicle_type: TYPES.find((one) => one === value) ?? null })}
            />
            <Select
              label={text.permits.vehicleColour}
              placeholder={text.permits.vehicleAny}
              data={COLOURS.map((value) => ({ value, label: text.vehicle.colours[value] }))}
              clearable
              value={form.vehicle_colour}
              error={faults.fields.vehicle_colour}
              onChange={(value) => set({ vehicle_colour: COLOURS.find((one) => one === value) ?? null })}
            />
          </SimpleGrid>
          <TextHint>{text.permits.vehicleWhy}</TextHint>
          <Switch
            label={text.permits.denied}
            description={text.permits.deniedWhy}
            color="red"
            checked={form.denied}
            onChange={(event) => set({ denied: event.currentTarget.checked })}
          />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput
              type="datetime-local"
              label={text.permits.validFrom}
              value={form.valid_from}
              error={faults.fields.valid_from}
              onChange={(event) => set({ valid_from: event.currentTarget.value })}
            />
            <TextInput
              type="datetime-local"
              label={text.permits.validUntil}
              value={form.valid_until}
              error={faults.fields.valid_until}
              onChange={(event) => set({ valid_until: event.currentTarget.value })}
            />
          </SimpleGrid>
          <TextHint>{text.permits.validWhy(own)}</TextHint>
          <WeekEditor rules={rules} zone={zone} onChange={setRules} />
          <MultiSelect
            label={text.permits.gates}
            description={text.permits.gatesWhy}
            placeholder={form.gates.length === 0 ? text.everyGate : undefined}
            data={gates.data?.map(({ id, name }) => ({ value: id, label: name })) ?? []}
            value={form.gates}
            error={faults.fields.gates}
            clearable
            onChange={(value) => set({ gates: value })}
          />
          <Textarea
            label={text.permits.note}
            autosize
            minRows={2}
            maxLength={1000}
            value={form.note}
            error={faults.fields.note}
            onChange={(event) => set({ note: event.currentTarget.value })}
          />
        </Stack>
      </fieldset>
      <Actions permit={permit} mayEdit={mayEdit} whole={whole} saving={save.isPending} onDone={onDone} />
    </form>
  )
}

function TextHint({ children }: { children: string }) {
  return (
    <span style={{ fontSize: '0.75rem', color: 'var(--ink-soft)', marginTop: -10, display: 'block' }}>{children}</span>
  )
}

function Actions({
  permit,
  mayEdit,
  whole,
  saving,
  onDone,
}: {
  permit: Permit | null
  mayEdit: boolean
  whole: boolean
  saving: boolean
  onDone: () => void
}) {
  const mayRestore = useMay('edit_permits') && permit?.withdrawn_at != null
  return (
    <Group justify="space-between" mt="xl">
      {permit && mayEdit ? (
        <Button
          variant="subtle"
          color="red"
          onClick={() => {
            onDone()
            void withdraw(permit)
          }}
        >
          {text.permits.withdraw}
        </Button>
      ) : (
        <span />
      )}
      <Group gap="xs">
        <Button variant="default" onClick={onDone}>
          {mayEdit ? text.action.cancel : text.action.close}
        </Button>
        {mayEdit && (
          <Button type="submit" loading={saving} disabled={!whole}>
            {permit ? text.action.save : text.permits.created}
          </Button>
        )}
        {mayRestore && (
          <Button
            onClick={() => {
              onDone()
              void restore(permit)
            }}
          >
            {text.permits.restore}
          </Button>
        )}
      </Group>
    </Group>
  )
}

/** Withdraws at once; a few seconds are left to take it back. */
async function withdraw(permit: Permit): Promise<void> {
  try {
    await take(api.DELETE('/api/v1/permits/{id}', { params: { path: { id: permit.id } } }))
    say(text.permits.withdrawnDone(permit.plate), () => void restore(permit))
  } catch (error) {
    complain(error)
  }
  refresh()
}

async function restore(permit: Permit): Promise<void> {
  try {
    await take(api.POST('/api/v1/permits/{id}/restore', { params: { path: { id: permit.id } } }))
    say(text.permits.restored(permit.plate))
  } catch (error) {
    complain(error)
  }
  refresh()
}
