// What an account is, and where: fields that making and changing one share.
import { MultiSelect, Select, Switch } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { api, take } from '../api'
import { useSites } from '../edges/fleet'
import { wordOf } from '../format/word'
import { text } from '../strings'

/** `sites`: `null` for all of them. */
export interface Place {
  role: string
  sites: string[] | null
}

export function useRoles() {
  return useQuery({
    queryKey: ['roles'],
    queryFn: async () => (await take(api.GET('/api/v1/roles'))).items,
  })
}

export function RoleAndSites({
  value,
  faults,
  onChange,
}: {
  value: Place
  faults: Record<string, string>
  onChange: (value: Place) => void
}) {
  const roles = useRoles()
  const sites = useSites()
  return (
    <>
      <Select
        label={text.accounts.role}
        description={value.role in text.accounts.roleWhy ? wordOf(text.accounts.roleWhy, value.role) : null}
        data={(roles.data ?? []).map((role) => ({ value: role.name, label: wordOf(text.role, role.name) }))}
        value={value.role}
        allowDeselect={false}
        error={faults.role}
        onChange={(role) => onChange({ ...value, role: role ?? value.role })}
      />
      <Switch
        label={text.accounts.everySite}
        description={text.accounts.everySiteWhy}
        checked={value.sites === null}
        onChange={(event) => onChange({ ...value, sites: event.currentTarget.checked ? null : [] })}
      />
      {value.sites !== null && (
        <MultiSelect
          label={text.accounts.sites}
          data={(sites.data ?? []).map((site) => ({ value: site.id, label: site.name }))}
          value={value.sites}
          error={faults.sites}
          searchable
          onChange={(chosen) => onChange({ ...value, sites: chosen })}
        />
      )}
    </>
  )
}
