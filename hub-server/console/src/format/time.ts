// Times as people say them. Pure: the present moment is a parameter.
import { locale, text } from '../strings'
import { decimal, perLocale } from './locale'

const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false } as const
const MINUTES = { hour: '2-digit', minute: '2-digit', hour12: false } as const
const DAY = { day: 'numeric', month: 'short' } as const

const clock = perLocale((locale) => new Intl.DateTimeFormat(locale, CLOCK))
const minutes = perLocale((locale) => new Intl.DateTimeFormat(locale, MINUTES))
const day = perLocale((locale) => new Intl.DateTimeFormat(locale, DAY))
const dayOfYear = perLocale((locale) => new Intl.DateTimeFormat(locale, { ...DAY, year: 'numeric' }))
const exact = perLocale((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' }))
const relative = perLocale((locale) => new Intl.RelativeTimeFormat(locale, { numeric: 'always', style: 'short' }))

/** How long ago, in the largest fitting unit: "3 min ago", "in 2 hr.". */
export function ago(at: string, now: number): string {
  const seconds = Math.round((Date.parse(at) - now) / 1000)
  const distance = Math.abs(seconds)
  if (distance < 5) return text.time.justNow
  if (distance < 60) return relative().format(seconds, 'second')
  if (distance < 3600) return relative().format(Math.trunc(seconds / 60), 'minute')
  if (distance < 86_400) return relative().format(Math.trunc(seconds / 3600), 'hour')
  return relative().format(Math.trunc(seconds / 86_400), 'day')
}

/** The time of day with seconds, with the date in front unless it is today. */
export function moment(at: string, now: number): string {
  const date = new Date(at)
  const name = dayName(date, new Date(now))
  return name === text.time.today ? clock().format(date) : `${name}, ${minutes().format(date)}`
}

/** A date without the time of day; the year only if it is not this one. */
export function dateOf(at: string, now: number): string {
  const date = new Date(at)
  return (date.getFullYear() === new Date(now).getFullYear() ? day : dayOfYear)().format(date)
}

/** Everything about a moment, for a hint. */
export function fully(at: string): string {
  return exact().format(new Date(at))
}

/** Seconds as days, hours and minutes: "7 h 36 min". */
export function lasting(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const days = Math.floor(whole / 86_400)
  const hours = Math.floor((whole % 86_400) / 3600)
  const mins = Math.floor((whole % 3600) / 60)
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`
  if (hours > 0) return mins > 0 ? `${hours} h ${mins} min` : `${hours} h`
  return mins > 0 ? `${mins} min` : `${whole} s`
}

/** Microseconds as people read them: "84 µs", "3.2 ms", "51 ms", "1.2 s". */
export function brief(us: number): string {
  if (us < 1000) return `${us} µs`
  const ms = us / 1000
  if (ms < 10) return `${decimal(ms)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  return `${decimal(ms / 1000)} s`
}

/** A moment for `<input type="datetime-local">`, in the browser's time zone. */
export function toField(at: string | null | undefined): string {
  if (!at) return ''
  const date = new Date(at)
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

/** What a person put into such a field, as RFC 3339; none if it is empty. */
export function fromField(value: string): string | null {
  const date = new Date(value)
  return value === '' || Number.isNaN(date.getTime()) ? null : date.toISOString()
}

function dayName(date: Date, now: Date): string {
  const midnight = (of: Date) => new Date(of.getFullYear(), of.getMonth(), of.getDate()).getTime()
  const days = Math.round((midnight(now) - midnight(date)) / 86_400_000)
  if (days === 0) return text.time.today
  if (days === 1) return text.time.yesterday
  return dateOf(date.toISOString(), now.getTime())
}

const zoned = new Map<string, Intl.DateTimeFormat>()

/** An hour or a day of a site below a chart: "14" or "3 Mar". */
export function bucketShort(at: string, daily: boolean, zone: string): string {
  return inZone(zone, daily ? DAY : { hour: '2-digit', hour12: false }).format(new Date(at))
}

/** The same in full, for tables and hints. */
export function bucketName(at: string, daily: boolean, zone: string): string {
  const full = { ...DAY, weekday: 'short' } as const
  return inZone(zone, daily ? full : { ...full, ...MINUTES }).format(new Date(at))
}

function inZone(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale()} ${zone} ${JSON.stringify(options)}`
  let format = zoned.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(locale(), { ...options, timeZone: zone })
    zoned.set(key, format)
  }
  return format
}
