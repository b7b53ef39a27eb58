// Log in with name and password.
import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type SyntheticEvent, useEffect, useRef, useState } from 'react'
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
  const [code, setCode] = useState('')
  const [step, setStep] = useState<'password' | 'code'>('password')
  const logIn = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/session', { body: step === 'code' ? { name, password, code } : { name, password } })),
    onSuccess: (session) => {
      enter(session)
      void navigate(session.needs_second_factor ? '/account' : next, { replace: true })
    },
    onError: (error) => {
      setCode('')
      if (isCode(error, 'code_needed')) setStep('code')
      else if (step === 'password') setPassword('')
    },
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
          {logIn.error && !isCode(logIn.error, 'code_needed') && (
            <Alert color="red" role="alert">
              {refusal(logIn.error)}
            </Alert>
          )}
          {step === 'code' ? (
            <CodeStep
              code={code}
              onChange={setCode}
              onBack={() => {
                setStep('password')
                setPassword('')
                logIn.reset()
              }}
            />
          ) : (
            <>
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
            </>
          )}
          <Button type="submit" size="md" loading={logIn.isPending}>
            {text.logIn.submit}
          </Button>
        </Stack>
      </form>
    </Doorway>
  )
}

function CodeStep({ code, onChange, onBack }: { code: string; onChange: (code: string) => void; onBack: () => void }) {
  const field = useRef<HTMLInputElement>(null)
  // The page changed on the person's own press; the next thing to do is to type the code.
  useEffect(() => field.current?.focus(), [])
  return (
    <>
      <TextInput
        label={text.logIn.code}
        description={text.logIn.codeWhy}
        autoComplete="one-time-code"
        autoCapitalize="characters"
        spellCheck={false}
        size="md"
        required
        withAsterisk={false}
        ref={field}
        value={code}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Button variant="subtle" onClick={onBack}>
        {text.action.back}
      </Button>
    </>
  )
}

function isCode(error: Error, code: string): boolean {
  return error instanceof ApiError && error.code === code
}

function refusal(error: Error): string {
  if (isCode(error, 'wrong_code')) return text.logIn.wrongCode
  return error instanceof ApiError && error.status === 401 ? text.logIn.wrong : explain(error)
}
