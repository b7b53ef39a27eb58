// The stages of a passage in the order in which they run. Pure.
import type { Stages } from '../api'

export const STAGES = [
  'capture_us',
  'decode_us',
  'detect_us',
  'read_us',
  'vehicle_us',
  'decide_us',
  'record_us',
  'actuate_us',
] as const

export type Stage = (typeof STAGES)[number]

export interface StagePart {
  stage: Stage
  us: number
  /** Its part of the whole, 0 to 1. */
  share: number
}

/** The stages that ran, with their part of the whole. */
export function stageParts(stages: Stages): { parts: StagePart[]; totalUs: number } {
  const ran = STAGES.map((stage) => ({ stage, us: stages[stage] })).filter(({ us }) => us > 0)
  const totalUs = ran.reduce((sum, { us }) => sum + us, 0)
  return { parts: ran.map((part) => ({ ...part, share: part.us / totalUs })), totalUs }
}
