// The side navigation: only the pages that this account may open.
import { ActionIcon, Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import {
  IconActivity,
  IconBroadcast,
  IconCar,
  IconCheck,
  IconClipboardList,
  IconDeviceDesktop,
  IconId,
  IconKey,
  IconLayoutDashboard,
  IconListCheck,
  IconLogout,
  IconMoon,
  IconParking,
  IconRouter,
  IconSelector,
  IconShieldCheck,
  IconSun,
  IconUserCircle,
  IconUsers,
  IconWebhook,
  IconX,
} from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { Link, NavLink } from 'react-router'

import type { Session } from '../api'
import { wordOf } from '../format/word'
import type { Phase } from '../live/resume'
import { Logo } from '../parts/Logo'
import { complain } from '../parts/toast'
import { preferLanguage } from '../session/preferences'
import { logOut, type Right } from '../session/session'
import { type Language, LANGUAGES, languageInUse, text } from '../strings'
import { ConnectionMark } from './ConnectionMark'
import classes from './shell.module.css'

type PageName =
  | 'overview'
  | 'checklist'
  | 'live'
  | 'passages'
  | 'permits'
  | 'visits'
  | 'edges'
  | 'audit'
  | 'accounts'
  | 'roles'
  | 'keys'
  | 'webhooks'
  | 'mqtt'

const PAGES: readonly { to: string; name: PageName; icon: typeof IconCar; right: Right | null }[] = [
  { to: '/', name: 'overview', icon: IconLayoutDashboard, right: null },
  { to: '/live', name: 'live', icon: IconActivity, right: 'view_passages' },
  { to: '/passages', name: 'passages', icon: IconCar, right: 'view_passages' },
  { to: '/permits', name: 'permits', icon: IconId, right: 'view_permits' },
  { to: '/visits', name: 'visits', icon: IconParking, right: 'view_visits' },
  { to: '/edges', name: 'edges', icon: IconRouter, right: 'view_fleet' },
  { to: '/audit', name: 'audit', icon: IconClipboardList, right: 'view_audit' },
  { to: '/accounts', name: 'accounts', icon: IconUsers, right: 'manage_accounts' },
  { to: '/roles', name: 'roles', icon: IconShieldCheck, right: 'manage_accounts' },
  { to: '/keys', name: 'keys', icon: IconKey, right: 'manage_keys' },
  { to: '/webhooks', name: 'webhooks', icon: IconWebhook, right: 'manage_integrations' },
  { to: '/mqtt', name: 'mqtt', icon: IconBroadcast, right: 'manage_integrations' },
  { to: '/checklist', name: 'checklist', icon: IconListCheck, right: 'manage_accounts' },
]

const LANGUAGE_CODES = Object.keys(LANGUAGES) as Language[]

export function Navigation({
  session,
  phase,
  onClose,
}: {
  session: Session
  phase: Phase | null
  onClose: () => void
}) {
  return (
    <div className={classes.navigation}>
      <div className={classes.top}>
        <UnstyledButton component={Link} to="/" className={classes.brand}>
          <Logo size={30} />
          {text.product}
        </UnstyledButton>
        <ActionIcon
          hiddenFrom="sm"
          variant="transparent"
          color="white"
          size="lg"
          aria-label={text.action.close}
          onClick={onClose}
        >
          <IconX size={20} />
        </ActionIcon>
      </div>
      <Text className={classes.organisation} truncate title={session.organisation.name}>
        {session.organisation.name}
      </Text>
      <nav aria-label={text.nav.label} className={classes.links}>
        {PAGES.filter((page) => page.right === null || session.rights.includes(page.right)).map((page) => (
          <NavLink key={page.to} to={page.to} end={page.to === '/'} className={classes.link ?? ''} onClick={onClose}>
            <page.icon size={19} stroke={1.7} aria-hidden="true" />
            {text.nav[page.name]}
          </NavLink>
        ))}
      </nav>
      <div className={classes.bottom}>
        <span className={classes.connectionWide}>{phase && <ConnectionMark phase={phase} />}</span>
        <AccountMenu session={session} onClose={onClose} />
      </div>
    </div>
  )
}

function AccountMenu({ session, onClose }: { session: Session; onClose: () => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const prefer = useMutation({ mutationFn: preferLanguage, onError: complain })
  const leave = useMutation({ mutationFn: logOut })
  const role = wordOf(text.role, session.account.role)
  const schemes = [
    { value: 'light', label: text.nav.light, icon: IconSun },
    { value: 'dark', label: text.nav.dark, icon: IconMoon },
    { value: 'auto', label: text.nav.system, icon: IconDeviceDesktop },
  ] as const
  return (
    <Menu position="top-start" width={212} shadow="md" withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.account}>
          <span className={classes.initial} aria-hidden="true">
            {session.account.name.slice(0, 1).toUpperCase()}
          </span>
          <span className={classes.who}>
            <span className={classes.name}>{session.account.name}</span>
            <span className={classes.role}>{role}</span>
          </span>
          <IconSelector size={16} aria-hidden="true" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{text.nav.scheme}</Menu.Label>
        {schemes.map((scheme) => (
          <Menu.Item
            key={scheme.value}
            leftSection={<scheme.icon size={16} />}
            rightSection={colorScheme === scheme.value ? <IconCheck size={16} /> : null}
            onClick={() => setColorScheme(scheme.value)}
          >
            {scheme.label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{text.nav.language}</Menu.Label>
        {LANGUAGE_CODES.map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            rightSection={languageInUse() === language ? <IconCheck size={16} /> : null}
            onClick={() => prefer.mutate(language)}
          >
            {LANGUAGES[language]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component={Link} to="/account" leftSection={<IconUserCircle size={16} />} onClick={onClose}>
          {text.nav.own}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => leave.mutate()}>
          {text.nav.logOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
