// The frame of every page for somebody who is logged in: navigation, connection state, account, version.
import { Alert, AppShell, Burger, Group, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPlugConnectedX } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { Link, Navigate, Outlet, useLocation } from 'react-router'

import type { Session } from '../api'
import { useLive } from '../live/useLive'
import { Failure } from '../parts/Failure'
import { Logo } from '../parts/Logo'
import { Waiting } from '../parts/Waiting'
import { usePreferredLanguage } from '../session/preferences'
import { useSession } from '../session/session'
import { text } from '../strings'
import { ConnectionMark } from './ConnectionMark'
import { Navigation } from './Navigation'
import classes from './shell.module.css'

export default function Shell() {
  const session = useSession()
  const { pathname, search } = useLocation()
  if (session.data) return <Inside session={session.data} />
  if (session.data === null) {
    const next = pathname === '/' ? '' : `?next=${encodeURIComponent(pathname + search)}`
    return <Navigate to={`/login${next}`} replace />
  }
  if (session.error) return <Failure error={session.error} onRetry={() => void session.refetch()} />
  return <Waiting />
}

function Inside({ session }: { session: Session }) {
  usePreferredLanguage()
  // News is about passages, gates and visits: who may see none of it gets no stream.
  const phase = useLive(session.rights.includes('view_passages'))
  const [opened, menu] = useDisclosure(false)
  const { pathname } = useLocation()
  const main = useRef<HTMLElement>(null)

  // A new page starts at its top and takes the focus, so that the keyboard and a screen reader follow.
  const shown = useRef(pathname)
  const { close } = menu
  useEffect(() => {
    close()
    if (shown.current === pathname) return
    shown.current = pathname
    window.scrollTo(0, 0)
    main.current?.focus({ preventScroll: true })
  }, [pathname, close])

  return (
    <AppShell
      layout="alt"
      header={{ height: { base: 56, sm: 0 } }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', sm: 'xl' }}
    >
      <a className="skip" href="#content">
        {text.skip}
      </a>
      <AppShell.Header hiddenFrom="sm" className={classes.header}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={menu.toggle}
              size="sm"
              color="white"
              aria-label={text.nav.open}
              aria-expanded={opened}
            />
            <UnstyledButton component={Link} to="/" className={classes.brand}>
              <Logo size={26} />
              {text.product}
            </UnstyledButton>
          </Group>
          {phase && <ConnectionMark phase={phase} />}
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} data-opened={opened || undefined}>
        <Navigation session={session} phase={phase} onClose={menu.close} />
      </AppShell.Navbar>
      <AppShell.Main id="content" ref={main} tabIndex={-1} className={classes.main}>
        <div className={classes.page}>
          {phase === 'reconnecting' && (
            <Alert color="yellow" icon={<IconPlugConnectedX />} className={classes.lost} p="xs" mb="md">
              {text.connection.reconnectingWhy}
            </Alert>
          )}
          <Outlet />
        </div>
        <footer className={classes.footer}>
          <Text size="xs" c="dimmed">
            {text.nav.version(session.version, session.build)}
          </Text>
        </footer>
      </AppShell.Main>
    </AppShell>
  )
}
