// The API's words under short names.
import type { components } from './schema'

type Schemas = components['schemas']

export type Session = Schemas['Session']
export type RoleOfOrganisation = Schemas['Role']
export type ApiKey = Schemas['ApiKey']
export type SecondFactorOffer = Schemas['SecondFactorOffer']
export type SessionListed = Schemas['SessionListed']
export type Account = Schemas['Account']
export type Passage = Schemas['Passage']
export type PassageDetail = Schemas['PassageDetail']
export type Picture = Schemas['Picture']
export type Stages = Schemas['Stages']
export type Outcome = Schemas['Outcome']
export type Reason = Schemas['Reason']
export type Direction = Schemas['Direction']
export type Vehicle = Schemas['Vehicle']
export type VehicleType = Schemas['VehicleType']
export type VehicleColour = Schemas['VehicleColour']
export type VehicleMismatch = Schemas['VehicleMismatch']
export type Permit = Schemas['Permit']
export type PermitInput = Schemas['PermitInput']
export type Span = Schemas['Span']
export type ImportResult = Schemas['ImportResult']
export type Visit = Schemas['Visit']
export type VisitState = Schemas['VisitState']
export type SiteOccupancy = Schemas['SiteOccupancy']
export type Gate = Schemas['Gate']
export type Edge = Schemas['Edge']
export type EdgeGate = Schemas['EdgeGate']
export type EnrolmentCode = Schemas['EnrolmentCode']
export type BarrierAction = Schemas['BarrierAction']
export type Order = Schemas['Order']
export type AuditLine = Schemas['AuditLine']

export { api, ApiError, take } from './client'
export type { FieldFault } from './client'
