// Log in with name and password.
import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'
import { Navigate, useNavigate, useSearchParams } from 'react-router'

import { api, ApiError, take } from '../api'
import { explain } from '../parts/Failure'
import { text } from '../strings'
import { Doorway } from './Doorway'
import { inside } from './inside'
import { enter, useSession } from './session'

export default function LogInPage() {
  const navigate = useNavigate()
  const next = inside(useSearchParams()[0].get('next'))
  const session = useSession()
  const setup = useQuery({ queryKey: ['setup'], queryFn: () => take(api.GET('/api/v1/setup')) })
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const logIn = useMutation({
    mutationFn: () => take(api.POST('/api/v1/session', { body: { name, password } })),
    onSuccess: (session) => {
      enter(session)
      void navigate(next, { replace: true })
    },
    onError: () => setPassword(''),
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    logIn.mutate()
  }

  if (session.data) return <Navigate to={next} replace />
  return (
    <Doorway title={text.logIn.title} lead={text.logIn.lead}>
      <form onSubmit={submit}>
        <Stack>
          {setup.data?.needed && <Alert color="yellow">{text.logIn.setupNeeded}</Alert>}
          {logIn.error && (
            <Alert color="red" role="alert">
              {refusal(logIn.error)}
            </Alert>
          )}
          <TextInput
            label={text.logIn.name}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            size="md"
            required
            withAsterisk={false}
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label={text.logIn.password}
            autoComplete="current-password"
            size="md"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" size="md" loading={logIn.isPending}>
            {text.logIn.submit}
          </Button>
        </Stack>
      </form>
    </Doorway>
  )
}

function refusal(error: Error): string {
  return error instanceof ApiError && error.status === 401 ? text.logIn.wrong : explain(error)
}
