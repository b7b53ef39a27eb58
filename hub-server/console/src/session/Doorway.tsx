// The frame of the pages that are seen before anybody is logged in.
import { Paper, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

import { Logo } from '../parts/Logo'
import { LanguageChoice } from '../shell/LanguageChoice'
import { text } from '../strings'
import classes from './session.module.css'

export function Doorway({
  title,
  lead,
  wide = false,
  children,
}: {
  title: string
  lead: string
  wide?: boolean
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · ${text.product}`
  }, [title])
  return (
    <div className={classes.doorway}>
      <header className={classes.brand}>
        <Logo size={40} />
        <span>{text.product}</span>
      </header>
      <main className={wide ? classes.wide : classes.narrow}>
        <Paper className={classes.sheet} p={{ base: 'lg', sm: 'xl' }}>
          <Title order={1}>{title}</Title>
          <Text c="dimmed" size="sm" mt={4} mb="lg">
            {lead}
          </Text>
          {children}
        </Paper>
      </main>
      <footer className={classes.footer}>
        <LanguageChoice />
      </footer>
    </div>
  )
}
