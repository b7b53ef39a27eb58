// Proves UX-09: switching the language changes every text, sentences keep what is put into them, and no text of a page
// stands outside the catalogue.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import ts from 'typescript'
import { afterEach, expect, test } from 'vitest'

import { readError } from '../api/client'
import { percent } from '../format/share'
import { brief, dateOf } from '../format/time'
import { explain, sortFaults } from '../parts/Failure'
import { choose, languageInUse, onLanguage, speak, text } from '.'
import { de } from './de'
import { en } from './en'
import { es } from './es'
import { literalsIn } from './literals'

const OTHERS = { de, es }
/** What no sentence holds by itself, so that it is found again in what comes out. */
const GIVEN = ['41', '57', '83']

type Node = string | ((...given: string[]) => string) | { readonly [key: string]: Node }

/** Every text of a catalogue with its path; sentences with sample words put in. */
function* textsOf(node: Node, path = ''): Generator<[string, string]> {
  if (typeof node === 'string') yield [path, node]
  // The hub's sentences have a test of their own.
  else if (path === 'hub') return
  else if (typeof node === 'function') yield [path, node(...GIVEN.slice(0, node.length))]
  else for (const [key, inner] of Object.entries(node)) yield* textsOf(inner, path ? `${path}.${key}` : key)
}

const english = new Map(textsOf(en as unknown as Node))

afterEach(() => speak('en'))

test.each(Object.entries(OTHERS))('%s has the same texts, none empty, none left in English', (_, catalogue) => {
  const texts = new Map(textsOf(catalogue as unknown as Node))
  expect([...texts.keys()].sort()).toEqual([...english.keys()].sort())
  const left: string[] = []
  for (const [path, sentence] of texts) {
    expect(sentence.trim(), path).not.toBe('')
    expect(sentence, path).not.toMatch(/undefined|NaN|#|\[object/)
    // Words may be the same in two languages; whole sentences are not.
    const isSentence =
      sentence
        .replace(/[\d\s]+/g, ' ')
        .trim()
        .split(' ').length > 3
    if (isSentence && sentence === english.get(path)) left.push(path)
  }
  expect(left).toEqual([])
})

test.each(Object.entries(OTHERS))('%s keeps in each sentence what is put into it', (_, catalogue) => {
  for (const [path, sentence] of textsOf(catalogue as unknown as Node)) {
    const held = (whole: string) => [...whole.matchAll(/\d+/g)].map(([digits]) => digits).sort()
    expect(new Set(held(sentence)), path).toEqual(new Set(held(english.get(path) ?? '')))
  }
})

test('one and many are told apart as each language does', () => {
  expect([en, de, es].map((each) => each.passage.frames(1))).toEqual(['1 frame', '1 Einzelbild', '1 fotograma'])
  expect([en, de, es].map((each) => each.passage.frames(1200))).toEqual([
    '1,200 frames',
    '1.200 Einzelbilder',
    '1200 fotogramas',
  ])
})

test('switching the language changes texts, numbers and dates, and tells who listens', async () => {
  const heard: string[] = []
  const stop = onLanguage(() => heard.push(languageInUse()))
  const at = '2026-03-05T12:00:00Z'
  const now = Date.parse('2027-06-01T12:00:00Z')
  expect([text.nav.permits, percent(0.043), brief(1_240_000)]).toEqual(['Permits', '4.3 %', '1.2 s'])
  await speak('de', ['de-AT', 'en'])
  expect([text.nav.permits, percent(0.043), brief(1_240_000)]).toEqual(['Berechtigungen', '4,3 %', '1,2 s'])
  expect(dateOf(at, now)).toContain('März')
  await speak('es')
  expect([text.nav.permits, percent(0.9995)]).toEqual(['Permisos', '>99,9 %'])
  expect(dateOf(at, now)).toMatch(/5 mar/)
  stop()
  await speak('en')
  expect(heard).toEqual(['de', 'es'])
})

test.each(Object.entries(OTHERS))('%s says each sentence of the hub, with its numbers', (_, { hub }) => {
  for (const [said, sentence] of Object.entries(hub)) {
    expect(sentence.split('#').length, said).toBe(said.split('#').length)
    expect(sentence, said).not.toBe(said)
  }
})

test('an error of the hub is told in the language in use', async () => {
  const taken = readError(409, { error_code: 'conflict', message: 'This visit is closed already.' })
  const odd = readError(409, { error_code: 'conflict', message: 'Something new.' })
  const short = readError(400, {
    error_code: 'invalid',
    message: 'password needs at least 8 characters.',
    details: { fields: [{ field: 'password', why: 'needs at least 8 characters' }] },
  })
  expect([explain(taken), explain(odd), explain(short)]).toEqual([
    'This visit is closed already.',
    'Something new.',
    'password needs at least 8 characters.',
  ])
  await speak('de')
  expect(explain(taken)).toBe('Dieser Aufenthalt ist schon beendet.')
  expect(explain(odd)).toBe('Das widerspricht dem, was schon da ist. Laden Sie es neu.')
  expect(sortFaults(short, ['password']).fields).toEqual({ password: 'braucht mindestens 8 Zeichen' })
  await speak('es')
  expect(explain(short)).toContain('necesita al menos 8 caracteres')
})

test('the first wish that the console speaks is taken, whatever the region', () => {
  expect(choose([null, 'fr-FR', 'de-AT', 'es'])).toBe('de')
  expect(choose(['es-419'])).toBe('es')
  expect(choose(['constructor', '__proto__', '', 'xx'])).toBe('en')
  expect(choose([])).toBe('en')
})

const SOURCES = join(import.meta.dirname, '..')

test('no page has text of its own, and none reads the catalogue before the language is known', () => {
  const found = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.ts$|^strings|^api.schema/.test(name))
    .flatMap((name) => literalsIn(name, readFileSync(join(SOURCES, name), 'utf8')))
  expect(found).toEqual([])
})

test('text planted into a page is found', () => {
  const planted = [
    'export const Page = () => <p>Hello there</p>',
    'export const Page = () => <Button aria-label="Open it" />',
    'export const Page = () => <Field label={`Plate of ${name}`} />',
    "export const Page = () => <p>{busy ? 'Please wait' : null}</p>",
    'const TITLE = text.live.title',
    "say('It is done')",
  ]
  for (const source of planted) expect(literalsIn('planted.tsx', source), source).toHaveLength(1)
  const fine = [
    'export const Page = () => <p className="wide">{text.live.title} · {count} s</p>',
    "export const Page = () => <Mark tone={bad ? 'warn' : 'good'}>{text.live.title}</Mark>",
    'const titleOf = () => text.live.title',
    'type Word = keyof typeof text.role',
  ]
  for (const source of fine) expect(literalsIn('fine.tsx', source), source).toEqual([])
})

// The check is about TypeScript's own tree, so it must not silently read none.
test('the check understands the files that it reads', () => {
  expect(
    ts.createSourceFile('a.tsx', '<p>x</p>', ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX).statements,
  ).toHaveLength(1)
})
