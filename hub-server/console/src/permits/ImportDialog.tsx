// Brings permits in from a CSV file: tried first without changing anything, then all or nothing.
import { Alert, Button, FileInput, Group, Loader, Modal, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconFileSpreadsheet } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'

import { api, type ImportResult, take } from '../api'
import { queries } from '../api/queries'
import { Failure } from '../parts/Failure'
import parts from '../parts/parts.module.css'
import { say } from '../parts/toast'
import { fromHub, text } from '../strings'
import classes from './permits.module.css'

const send = (sheet: string, dryRun: boolean) =>
  take(
    api.POST('/api/v1/permits/import', {
      params: { query: { dry_run: dryRun } },
      body: sheet,
      bodySerializer: (body) => body,
      headers: { 'Content-Type': 'text/csv' },
    }),
  )

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null)
  const check = useMutation({ mutationFn: async (chosen: File) => send(await chosen.text(), true) })
  const bring = useMutation({
    mutationFn: async (chosen: File) => send(await chosen.text(), false),
    onSuccess: (result) => {
      void queries.invalidateQueries({ queryKey: ['permits'] })
      if (result.errors.length > 0) return
      say(text.sheet.done(result.created, result.updated))
      onClose()
    },
  })
  const choose = (chosen: File | null) => {
    setFile(chosen)
    check.reset()
    bring.reset()
    if (chosen) check.mutate(chosen)
  }
  const result = bring.data ?? check.data
  const right = result?.errors.length === 0
  return (
    <Modal opened onClose={onClose} title={text.sheet.title} size="lg" centered>
      <Stack>
        <Text size="sm" c="dimmed">
          {text.sheet.lead}
        </Text>
        <FileInput
          label={text.sheet.choose}
          placeholder={text.sheet.placeholder}
          accept=".csv,text/csv"
          leftSection={<IconFileSpreadsheet size={18} aria-hidden="true" />}
          clearable
          value={file}
          onChange={choose}
        />
        <div aria-live="polite">
          {check.isPending && (
            <Group gap="xs">
              <Loader size="xs" />
              <Text size="sm">{text.sheet.checking}</Text>
            </Group>
          )}
          {(check.error ?? bring.error) && <Failure error={check.error ?? bring.error} />}
          {result && right && (
            <Alert color="green" icon={<IconCircleCheck />}>
              {text.sheet.good(result.created, result.updated)}
            </Alert>
          )}
          {result && !right && <Faults result={result} />}
        </div>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {text.action.cancel}
          </Button>
          <Button disabled={!file || !right} loading={bring.isPending} onClick={() => file && bring.mutate(file)}>
            {text.sheet.import}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function Faults({ result }: { result: ImportResult }) {
  return (
    <Stack gap="sm">
      <Alert color="red" icon={<IconAlertTriangle />}>
        {text.sheet.bad(result.errors.length)}
      </Alert>
      <div className={classes.faults}>
        <table className={parts.table}>
          <thead>
            <tr>
              <th>{text.sheet.line}</th>
              <th>{text.sheet.column}</th>
              <th>{text.sheet.why}</th>
            </tr>
          </thead>
          <tbody>
            {result.errors.map((fault) => (
              <tr key={`${fault.row} ${fault.field} ${fault.why}`}>
                <td data-label={text.sheet.line}>{fault.row}</td>
                <td data-label={text.sheet.column}>{fault.field}</td>
                <td>{fromHub(fault.why) ?? fault.why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Stack>
  )
}
