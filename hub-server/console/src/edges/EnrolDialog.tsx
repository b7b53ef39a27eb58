// Enrols an edge in two steps: name it and its gates, then carry the code to it.
import {
  ActionIcon,
  Alert,
  Button,
  CopyButton,
  Group,
  Loader,
  Modal,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { IconCheck, IconCircleCheck, IconCopy, IconPlus, IconTrash } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { api, type Direction, type EnrolmentCode, take } from '../api'
import { queries } from '../api/queries'
import { explain } from '../parts/Failure'
import { When } from '../parts/When'
import { text } from '../strings'
import classes from './edges.module.css'
import { useEdges, useSites } from './fleet'

const DIRECTIONS: readonly Direction[] = ['entry', 'exit']

export function EnrolDialog({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<{ name: string; code: EnrolmentCode } | null>(null)
  return (
    <Modal opened onClose={onClose} title={text.enrol.title} size="lg" centered closeOnClickOutside={made === null}>
      {made ? (
        <Code name={made.name} code={made.code} onClose={onClose} />
      ) : (
        <EnrolForm onMade={(name, code) => setMade({ name, code })} onClose={onClose} />
      )}
    </Modal>
  )
}

function EnrolForm({ onMade, onClose }: { onMade: (name: string, code: EnrolmentCode) => void; onClose: () => void }) {
  const sites = useSites()
  const [name, setName] = useState('')
  const [site, setSite] = useState<string | null>(null)
  const [gates, setGates] = useState<{ name: string; direction: Direction }[]>([{ name: '', direction: 'entry' }])
  const make = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/edges/enrolments', { body: { name, site: site ?? sites.data?.[0]?.id ?? null, gates } })),
    onSuccess: (code) => {
      void queries.invalidateQueries({ queryKey: ['enrolments'] })
      onMade(name, code)
    },
  })
  const change = (index: number, part: Partial<(typeof gates)[number]>) =>
    setGates(gates.map((gate, at) => (at === index ? { ...gate, ...part } : gate)))
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    make.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {make.error && (
          <Alert color="red" role="alert">
            {explain(make.error)}
          </Alert>
        )}
        <TextInput
          label={text.enrol.name}
          description={text.enrol.nameWhy}
          required
          withAsterisk={false}
          maxLength={100}
          autoComplete="off"
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {sites.data && sites.data.length > 1 && (
          <Select
            label={text.enrol.site}
            data={sites.data.map((one) => ({ value: one.id, label: one.name }))}
            allowDeselect={false}
            value={site ?? sites.data[0]?.id ?? null}
            onChange={setSite}
          />
        )}
        <fieldset className={classes.gateFields}>
          <legend>{text.enrol.gates}</legend>
          {gates.map((gate, index) => (
            <div key={index} className={classes.gateField}>
              <TextInput
                aria-label={text.enrol.gateName}
                placeholder={text.enrol.gateName}
                required
                maxLength={100}
                autoComplete="off"
                value={gate.name}
                onChange={(event) => change(index, { name: event.currentTarget.value })}
              />
              <Select
                aria-label={text.enrol.direction}
                data={DIRECTIONS.map((value) => ({ value, label: text.direction[value] }))}
                allowDeselect={false}
                w={110}
                value={gate.direction}
                onChange={(value) => change(index, { direction: DIRECTIONS.find((one) => one === value) ?? 'entry' })}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                disabled={gates.length === 1}
                aria-label={text.enrol.remove(index + 1)}
                onClick={() => setGates(gates.filter((_, at) => at !== index))}
              >
                <IconTrash size={18} />
              </ActionIcon>
            </div>
          ))}
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPlus size={15} aria-hidden="true" />}
            onClick={() => setGates([...gates, { name: '', direction: 'exit' }])}
          >
            {text.enrol.add}
          </Button>
        </fieldset>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {text.action.cancel}
          </Button>
          <Button type="submit" loading={make.isPending}>
            {text.enrol.make}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Code({ name, code, onClose }: { name: string; code: EnrolmentCode; onClose: () => void }) {
  const edges = useEdges()
  const arrived = edges.data?.some((edge) => edge.name === name && edge.state === 'enrolled') ?? false
  return (
    <Stack>
      <Text size="sm">{text.enrol.codeLead}</Text>
      <div>
        <Text size="sm" fw={600} mb={4}>
          {text.enrol.code}
        </Text>
        <output className={classes.code}>{code.code}</output>
      </div>
      <div>
        <Text size="sm" fw={600} mb={4}>
          {text.enrol.command}
        </Text>
        <div className={classes.command}>
          <code>{code.command}</code>
          <CopyButton value={code.command}>
            {({ copied, copy }) => (
              <Button
                size="xs"
                variant="default"
                leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
                onClick={copy}
              >
                {copied ? text.action.copied : text.action.copy}
              </Button>
            )}
          </CopyButton>
        </div>
      </div>
      <div aria-live="polite">
        {arrived ? (
          <Alert color="green" icon={<IconCircleCheck />}>
            {text.enrol.arrived(name)}
          </Alert>
        ) : (
          <Group gap="xs" wrap="nowrap">
            <Loader size="xs" />
            <Text size="sm" c="dimmed">
              {text.enrol.waiting} {text.enrol.expires} <When at={code.expires_at} style="ago" />.
            </Text>
          </Group>
        )}
      </div>
      <Group justify="flex-end">
        <Button variant={arrived ? 'filled' : 'default'} onClick={onClose}>
          {arrived ? text.enrol.done : text.action.close}
        </Button>
      </Group>
    </Stack>
  )
}
