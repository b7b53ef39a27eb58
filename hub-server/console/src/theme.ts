// The console's look: one calm blue-green, cool greys, contrast of at least 4.5 to 1 for text.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple, type MantineTheme } from '@mantine/core'

const petrol: MantineColorsTuple = [
  '#eaf6f8',
  '#d5e9ed',
  '#abd3db',
  '#7dbcc8',
  '#57a8b7',
  '#3f9bac',
  '#1f7f92',
  '#14687a',
  '#0f5363',
  '#083e4b',
]

const gray: MantineColorsTuple = [
  '#f6f8f9',
  '#eef1f3',
  '#e2e7ea',
  '#d3dade',
  '#b9c3c9',
  '#96a2aa',
  '#5b6871',
  '#45515a',
  '#2d3840',
  '#1a242b',
]

const dark: MantineColorsTuple = [
  '#dbe2e7',
  '#bcc7ce',
  '#94a2ac',
  '#6b7a85',
  '#36434d',
  '#28343d',
  '#1c262e',
  '#131b21',
  '#0e151a',
  '#0a1014',
]

/** Which of the meaningful colours of app.css an alert's colour is. */
const TONES: Readonly<Record<string, string>> = { red: 'bad', yellow: 'warn', green: 'good' }

const components = (closing: { 'aria-label': string }) => ({
  Alert: {
    vars: (_: MantineTheme, { color }: { color?: string }) => {
      const tone = TONES[color ?? ''] ?? 'quiet'
      return { root: { '--alert-bg': `var(--${tone}-ground)`, '--alert-color': `var(--${tone}-ink)` } }
    },
  },
  Modal: { defaultProps: { closeButtonProps: closing } },
  Drawer: { defaultProps: { closeButtonProps: closing } },
  Notification: { defaultProps: { closeButtonProps: closing } },
  ModalTitle: { defaultProps: { fw: 650, fz: 'lg' } },
  DrawerTitle: { defaultProps: { fw: 650, fz: 'lg' } },
})

/** The look, with the closing buttons of every dialog named by `close`. */
export const themeWith = (close: string) =>
  createTheme({
    components: components({ 'aria-label': close }),
    colors: { petrol, gray, dark },
    primaryColor: 'petrol',
    primaryShade: { light: 7, dark: 6 },
    defaultRadius: 'md',
    fontFamily: '"Inter Variable", system-ui, "Segoe UI", Roboto, sans-serif',
    fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace',
    headings: {
      fontWeight: '650',
      sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.125rem' }, h3: { fontSize: '1rem' } },
    },
    respectReducedMotion: true,
    cursorType: 'pointer',
  })

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': gray[6],
    '--mantine-color-placeholder': '#6d7982',
    '--mantine-color-error': '#b3261e',
  },
  dark: {
    '--mantine-color-dimmed': dark[2],
    '--mantine-color-placeholder': '#82919b',
    '--mantine-color-error': '#ff9c93',
  },
})
