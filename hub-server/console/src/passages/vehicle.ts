// A vehicle's type and colour in words. Pure.
import type { Passage, Vehicle, VehicleColour, VehicleMismatch, VehicleType } from '../api'
import { wordOf } from '../format/word'
import { text } from '../strings'

export const TYPES: readonly VehicleType[] = ['car', 'van', 'truck', 'bus', 'motorcycle']

export const COLOURS: readonly VehicleColour[] = ['white', 'grey', 'black', 'red', 'blue', 'green', 'yellow', 'brown']

/** `red van`, `van`, `red`; null where neither is known. */
export function describe(type: string | null | undefined, colour: string | null | undefined): string | null {
  const words = text.vehicle.phrase(
    type == null ? '' : wordOf(text.vehicle.types, type),
    colour == null ? '' : wordOf(text.vehicle.colours, colour),
  )
  return words === '' ? null : words
}

/** What was seen of a vehicle, as a word or two; null where nothing is told. */
export function seenAs(vehicle: Vehicle | null | undefined): string | null {
  return vehicle ? describe(vehicle.type, vehicle.colour) : null
}

/** The sentence of a mismatch: what the permit says, and what was seen in its place. */
export function mismatchOf(mismatch: VehicleMismatch, vehicle: Vehicle | null | undefined): string {
  const said = describe(mismatch.type, mismatch.colour) ?? text.vehicle.something
  const seen = describe(mismatch.type == null ? null : vehicle?.type, mismatch.colour == null ? null : vehicle?.colour)
  return text.vehicle.mismatch(said, seen ?? text.vehicle.something)
}

/** Why a gate decided so. A gate that asks although a permit holds does so because of the vehicle. */
export function reasonOf(passage: Pick<Passage, 'outcome' | 'reason' | 'mismatch'>): string {
  return passage.outcome === 'ask' && passage.reason === 'permitted' && passage.mismatch
    ? text.vehicle.asks
    : text.reason[passage.reason]
}
