// Week schedules as people think of them: days with the same times together, nights over midnight. Pure.
//
// The API knows spans of one weekday. A rule here is a set of days with one time from and one until; if until is not
// later than from, it ends the next morning.
import type { Span } from '../api'
import { text } from '../strings'

export const DAYS = [0, 1, 2, 3, 4, 5, 6] as const
export const MINUTES_PER_DAY = 1440
/** The hub takes no more. */
export const MOST_SPANS = 64

export interface Rule {
  /** 0 is Monday. */
  days: number[]
  /** As in a time field: "08:00"; empty while a person has not chosen. */
  from: string
  /** As in a time field; "00:00" is midnight at the end of the day. */
  until: string
}

/** What is wrong with a rule, if anything. */
export function faultOf(rule: Rule): string | null {
  const from = minuteOf(rule.from)
  const until = minuteOf(rule.until)
  if (from === null || until === null) return text.week.empty
  // From midnight to midnight is the whole day; any other two equal times say nothing.
  if (from === until && from !== 0) return text.week.empty
  return rule.days.length === 0 ? text.week.noDays : null
}

/** Whether a rule runs over midnight into the next day. */
export function isOvernight(rule: Rule): boolean {
  const from = minuteOf(rule.from)
  const until = minuteOf(rule.until)
  return from !== null && until !== null && until !== 0 && until < from
}

/** The spans of the rules, sorted, without repeats. Rules with faults are left out. */
export function toSpans(rules: readonly Rule[]): Span[] {
  const spans: Span[] = []
  for (const rule of rules) {
    if (faultOf(rule)) continue
    const from = minuteOf(rule.from) ?? 0
    const until = minuteOf(rule.until) ?? 0
    for (const weekday of rule.days) {
      if (from < until) {
        spans.push({ weekday, from_minute: from, until_minute: until })
        continue
      }
      spans.push({ weekday, from_minute: from, until_minute: MINUTES_PER_DAY })
      if (until > 0) spans.push({ weekday: (weekday + 1) % 7, from_minute: 0, until_minute: until })
    }
  }
  const seen = new Set<string>()
  return spans.sort(inWeek).filter((span) => {
    const key = `${span.weekday} ${span.from_minute} ${span.until_minute}`
    return !seen.has(key) && seen.add(key)
  })
}

/** The rules that make these spans: nights joined, days with the same times together. */
export function toRules(spans: readonly Span[]): Rule[] {
  const rest = [...spans].sort(inWeek)
  const rules: Rule[] = []
  const put = (weekday: number, from: number, until: number) => {
    const [fromText, untilText] = [fieldOf(from), fieldOf(until)]
    const same = rules.find((rule) => rule.from === fromText && rule.until === untilText)
    if (!same) rules.push({ days: [weekday], from: fromText, until: untilText })
    else if (!same.days.includes(weekday)) same.days = [...same.days, weekday].sort((a, b) => a - b)
  }
  const mornings = new Set<Span>()
  for (const span of rest) {
    if (span.until_minute !== MINUTES_PER_DAY || span.from_minute === 0) continue
    const morning = rest.find(
      (other) =>
        other.weekday === (span.weekday + 1) % 7 &&
        other.from_minute === 0 &&
        other.until_minute < span.from_minute &&
        !mornings.has(other),
    )
    if (!morning) continue
    mornings.add(morning)
    put(span.weekday, span.from_minute, morning.until_minute)
    mornings.add(span)
  }
  for (const span of rest) {
    if (!mornings.has(span)) put(span.weekday, span.from_minute, span.until_minute)
  }
  return rules.sort((a, b) => (a.days[0] ?? 7) - (b.days[0] ?? 7) || a.from.localeCompare(b.from))
}

/** A schedule in a few words: "Mon-Fri 07:00-19:00, Sat 09:00-13:00". */
export function inWords(spans: readonly Span[]): string {
  if (spans.length === 0) return text.permits.always
  return toRules(spans)
    .map((rule) => {
      const whole = rule.from === '00:00' && rule.until === '00:00'
      const times = whole ? '' : ` ${rule.from}–${rule.until === '00:00' ? '24:00' : rule.until}`
      return `${daysInWords(rule.days)}${times}`
    })
    .join(', ')
}

/** The spans of one day, for the picture of the week. */
export function onDay(spans: readonly Span[], weekday: number): Span[] {
  return spans.filter((span) => span.weekday === weekday)
}

/** "08:00" as minutes after midnight. */
export function minuteOf(field: string): number | null {
  const match = /^(\d\d):(\d\d)/.exec(field)
  if (!match) return null
  const minute = Number(match[1]) * 60 + Number(match[2])
  return minute < MINUTES_PER_DAY ? minute : null
}

/** Minutes after midnight as "08:00"; the end of the day is "00:00", as time fields have no 24:00. */
export function fieldOf(minute: number): string {
  const within = minute % MINUTES_PER_DAY
  return `${String(Math.floor(within / 60)).padStart(2, '0')}:${String(within % 60).padStart(2, '0')}`
}

function daysInWords(days: readonly number[]): string {
  const runs: [number, number][] = []
  for (const day of days) {
    const last = runs.at(-1)
    if (last?.[1] === day - 1) last[1] = day
    else runs.push([day, day])
  }
  return runs
    .map(([first, last]) => {
      const name = (day: number) => text.week.day[day] ?? ''
      if (first === last) return name(first)
      return last === first + 1 ? `${name(first)}, ${name(last)}` : `${name(first)}–${name(last)}`
    })
    .join(', ')
}

function inWeek(a: Span, b: Span): number {
  return a.weekday - b.weekday || a.from_minute - b.from_minute || a.until_minute - b.until_minute
}
