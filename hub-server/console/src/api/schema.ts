// Written by `npm run generate` from ../openapi.json. Do not edit.

export interface paths {
  '/api/v1/setup': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['SetupState']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: {
        content: {
          'application/json': components['schemas']['SetupRequest']
        }
      }
      responses: {
        201: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Session']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/session': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Session']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: {
        content: {
          'application/json': components['schemas']['LogIn']
        }
      }
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Session']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: {
          headers: {
            [name: string]: unknown
          }
          content?: never
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/accounts': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['AccountPage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: {
        content: {
          'application/json': components['schemas']['NewAccount']
        }
      }
      responses: {
        201: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Account']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/passages': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: {
          cursor?: string
          limit?: number
          plate?: string
          gate?: string
          outcome?: string
          from?: string
          until?: string
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['PassagePage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/passages/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          id: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['PassageDetail']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: {
          cursor?: string
          limit?: number
          plate?: string
          withdrawn?: boolean
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['PermitPage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: {
        content: {
          'application/json': components['schemas']['PermitInput']
        }
      }
      responses: {
        201: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Permit']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          id: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Permit']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put: {
      parameters: {
        query?: never
        header?: never
        path: {
          id: string
        }
        cookie?: never
      }
      requestBody: {
        content: {
          'application/json': components['schemas']['PermitInput']
        }
      }
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Permit']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    post?: never
    delete: {
      parameters: {
        query?: never
        header?: never
        path: {
          id: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Permit']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits/{id}/restore': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    post: {
      parameters: {
        query?: never
        header?: never
        path: {
          id: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Permit']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits/import': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    post: {
      parameters: {
        query?: {
          dry_run?: boolean
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: {
        content: {
          'text/csv': string
        }
      }
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ImportResult']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/visits': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: {
          cursor?: string
          limit?: number
          state?: string
          plate?: string
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['VisitPage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: {
        content: {
          'application/json': components['schemas']['NewVisit']
        }
      }
      responses: {
        201: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Visit']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/visits/{id}/close': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    post: {
      parameters: {
        query?: never
        header?: never
        path: {
          id: string
        }
        cookie?: never
      }
      requestBody: {
        content: {
          'application/json': components['schemas']['CloseVisit']
        }
      }
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Visit']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/occupancy': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Occupancy']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/sites': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['SitePage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/gates': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['GatePage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/edges': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['EdgePage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/edges/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    post?: never
    delete: {
      parameters: {
        query?: never
        header?: never
        path: {
          id: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        204: {
          headers: {
            [name: string]: unknown
          }
          content?: never
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/edges/enrolments': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['EnrolmentPage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post: {
      parameters: {
        query?: never
        header?: never
        path?: never
        cookie?: never
      }
      requestBody: {
        content: {
          'application/json': components['schemas']['NewEnrolment']
        }
      }
      responses: {
        201: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['EnrolmentCode']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/gates/{id}/orders': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: never
        header?: never
        path: {
          id: string
        }
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['OrderPage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post: {
      parameters: {
        query?: never
        header?: never
        path: {
          id: string
        }
        cookie?: never
      }
      requestBody: {
        content: {
          'application/json': components['schemas']['NewOrder']
        }
      }
      responses: {
        202: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['Order']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/audit': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get: {
      parameters: {
        query?: {
          cursor?: string
          limit?: number
          action?: string
          account?: string
          from?: string
          until?: string
        }
        header?: never
        path?: never
        cookie?: never
      }
      requestBody?: never
      responses: {
        200: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['AuditEntryPage']
          }
        }
        default: {
          headers: {
            [name: string]: unknown
          }
          content: {
            'application/json': components['schemas']['ErrorBody']
          }
        }
      }
    }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
}
export type webhooks = Record<string, never>
export interface components {
  schemas: {
    Named: {
      /** Format: uuid */
      id: string
      name: string
    }
    SetupState: {
      needed: boolean
    }
    SetupRequest: {
      token: string
      organisation: string
      site: string
      time_zone: string
      name: string
      password: string
    }
    LogIn: {
      name: string
      password: string
    }
    /** @enum {string} */
    Role: 'admin' | 'operator' | 'viewer'
    SessionAccount: {
      /** Format: uuid */
      id: string
      name: string
      role: components['schemas']['Role']
    }
    Session: {
      account: components['schemas']['SessionAccount']
      organisation: components['schemas']['Named']
      rights: string[]
      csrf: string
      version: string
      build: string
    }
    Account: {
      /** Format: uuid */
      id: string
      name: string
      role: components['schemas']['Role']
      /** Format: date-time */
      created_at: string
    }
    NewAccount: {
      name: string
      password: string
      role: components['schemas']['Role']
    }
    /** @enum {string} */
    Outcome: 'open' | 'deny' | 'ask'
    /** @enum {string} */
    Reason:
      | 'permitted'
      | 'denied'
      | 'unknown'
      | 'not_yet_valid'
      | 'expired'
      | 'outside_schedule'
      | 'other_gate'
      | 'unsure'
      | 'ambiguous'
      | 'time_unknown'
      | 'no_plate'
    /** @enum {string} */
    Direction: 'entry' | 'exit'
    Stages: {
      /** Format: int64 */
      capture_us: number
      /** Format: int64 */
      decode_us: number
      /** Format: int64 */
      detect_us: number
      /** Format: int64 */
      read_us: number
      /** Format: int64 */
      decide_us: number
      /** Format: int64 */
      record_us: number
      /** Format: int64 */
      actuate_us: number
    }
    PermitRef: {
      /** Format: uuid */
      id: string
      plate: string
      holder: string
    }
    Picture: {
      /** @enum {string} */
      kind: 'frame' | 'crop'
      /** @enum {string} */
      state: 'stored' | 'waiting' | 'expired'
      url: string
      media_type: string
      /** Format: int64 */
      size_bytes: number
    }
    Passage: {
      /** Format: uuid */
      id: string
      gate: components['schemas']['Named']
      site: components['schemas']['Named']
      camera: string
      plate?: string | null
      /** Format: double */
      confidence?: number | null
      direction: components['schemas']['Direction']
      outcome: components['schemas']['Outcome']
      reason: components['schemas']['Reason']
      permit?: null | components['schemas']['PermitRef']
      /** Format: int64 */
      book_version: number
      /** Format: date-time */
      first_seen: string
      /** Format: date-time */
      last_seen: string
      /** Format: date-time */
      ended_at?: string | null
      /** Format: int64 */
      frames: number
      stages: components['schemas']['Stages']
      pictures: components['schemas']['Picture'][]
    }
    Candidate: {
      text: string
      /** Format: double */
      confidence: number
    }
    CharacterOption: {
      symbol: string
      /** Format: double */
      probability: number
    }
    Character: {
      options: components['schemas']['CharacterOption'][]
    }
    /** @enum {string} */
    BarrierAction: 'open' | 'close' | 'hold_open'
    BarrierMove: {
      action: components['schemas']['BarrierAction']
      cause: string
      /** Format: date-time */
      at: string
    }
    EventOrigin: {
      edge: components['schemas']['Named']
      /** Format: int64 */
      epoch: number
      /** Format: int64 */
      seq: number
      /** Format: date-time */
      at: string
      time_quality: string
      /** Format: date-time */
      received_at: string
    }
    PassageDetail: {
      /** Format: uuid */
      id: string
      gate: components['schemas']['Named']
      site: components['schemas']['Named']
      camera: string
      plate?: string | null
      /** Format: double */
      confidence?: number | null
      direction: components['schemas']['Direction']
      outcome: components['schemas']['Outcome']
      reason: components['schemas']['Reason']
      permit?: null | components['schemas']['PermitRef']
      /** Format: int64 */
      book_version: number
      /** Format: date-time */
      first_seen: string
      /** Format: date-time */
      last_seen: string
      /** Format: date-time */
      ended_at?: string | null
      /** Format: int64 */
      frames: number
      stages: components['schemas']['Stages']
      pictures: components['schemas']['Picture'][]
      candidates: components['schemas']['Candidate'][]
      characters: components['schemas']['Character'][]
      corners?: number[][] | null
      /** Format: double */
      detection?: number | null
      models: string[]
      barrier: components['schemas']['BarrierMove'][]
      event: components['schemas']['EventOrigin']
    }
    Span: {
      /** Format: int64 */
      weekday: number
      /** Format: int64 */
      from_minute: number
      /** Format: int64 */
      until_minute: number
    }
    WeekSchedule: {
      spans: components['schemas']['Span'][]
    }
    PermitInput: {
      plate: string
      holder: string
      group: string
      note: string
      /** Format: date-time */
      valid_from?: string | null
      /** Format: date-time */
      valid_until?: string | null
      schedule: components['schemas']['WeekSchedule']
      gates: string[]
      denied: boolean
    }
    Permit: {
      /** Format: uuid */
      id: string
      plate: string
      holder: string
      group: string
      note: string
      /** Format: date-time */
      valid_from?: string | null
      /** Format: date-time */
      valid_until?: string | null
      schedule: components['schemas']['WeekSchedule']
      gates: string[]
      denied: boolean
      /** Format: date-time */
      withdrawn_at?: string | null
      /** Format: date-time */
      created_at: string
      /** Format: date-time */
      updated_at: string
    }
    ImportRowError: {
      /** Format: int64 */
      row: number
      field: string
      why: string
    }
    ImportResult: {
      dry_run: boolean
      /** Format: int64 */
      rows: number
      /** Format: int64 */
      created: number
      /** Format: int64 */
      updated: number
      errors: components['schemas']['ImportRowError'][]
    }
    Correction: {
      by: string
      reason: string
      /** Format: date-time */
      at: string
    }
    /** @enum {string} */
    VisitState: 'open' | 'closed' | 'unpaired'
    Visit: {
      /** Format: uuid */
      id: string
      plate: string
      holder?: string | null
      site: components['schemas']['Named']
      state: components['schemas']['VisitState']
      /** Format: date-time */
      entered_at?: string | null
      /** Format: uuid */
      entry_passage?: string | null
      /** Format: date-time */
      left_at?: string | null
      /** Format: uuid */
      exit_passage?: string | null
      /** Format: int64 */
      duration_s?: number | null
      corrected?: null | components['schemas']['Correction']
    }
    CloseVisit: {
      reason: string
    }
    NewVisit: {
      /** Format: uuid */
      site: string
      plate: string
      reason: string
    }
    SiteOccupancy: {
      site: components['schemas']['Named']
      /** Format: int64 */
      on_site: number
      /** Format: int64 */
      capacity?: number | null
    }
    Occupancy: {
      sites: components['schemas']['SiteOccupancy'][]
    }
    Site: {
      /** Format: uuid */
      id: string
      name: string
      time_zone: string
    }
    Gate: {
      /** Format: uuid */
      id: string
      name: string
      direction: components['schemas']['Direction']
      site: components['schemas']['Named']
      edge: components['schemas']['Named']
    }
    GateInput: {
      name: string
      active: boolean
      /** Format: date-time */
      at: string
    }
    GateCamera: {
      name: string
      /** @enum {string} */
      state: 'live' | 'offline' | 'frozen'
      why: string
      /** Format: date-time */
      at: string
    }
    EdgeGate: {
      /** Format: uuid */
      id: string
      name: string
      direction: components['schemas']['Direction']
      inputs: components['schemas']['GateInput'][]
      cameras: components['schemas']['GateCamera'][]
    }
    Model: {
      name: string
      version: string
      sha256: string
      input: string
      classes: string
      loaded: boolean
      why: string
    }
    Gap: {
      /** Format: int64 */
      epoch: number
      /** Format: int64 */
      expected: number
      /** Format: int64 */
      got: number
      /** Format: date-time */
      at: string
    }
    Edge: {
      /** Format: uuid */
      id: string
      name: string
      machine: string
      version?: string | null
      /** @enum {string} */
      state: 'enrolled' | 'retired'
      connected: boolean
      /** Format: date-time */
      last_heard_at?: string | null
      /** Format: int64 */
      lag_events: number
      /** Format: int64 */
      events_held: number
      /** Format: int64 */
      epoch: number
      /** Format: int64 */
      through: number
      /** Format: int64 */
      book_version: number
      /** Format: int64 */
      wanted_book_version: number
      gaps: components['schemas']['Gap'][]
      gates: components['schemas']['EdgeGate'][]
      models: components['schemas']['Model'][]
    }
    NewGate: {
      name: string
      direction: components['schemas']['Direction']
    }
    NewEnrolment: {
      name: string
      /** Format: uuid */
      site?: string | null
      gates: components['schemas']['NewGate'][]
    }
    EnrolmentCode: {
      code: string
      /** Format: date-time */
      expires_at: string
      address: string
      command: string
    }
    Enrolment: {
      /** Format: uuid */
      id: string
      name: string
      /** Format: date-time */
      expires_at: string
      /** Format: date-time */
      used_at?: string | null
    }
    NewOrder: {
      action: components['schemas']['BarrierAction']
      reason: string
    }
    Order: {
      /** Format: uuid */
      id: string
      /** Format: uuid */
      gate: string
      action: components['schemas']['BarrierAction']
      reason: string
      by: string
      /** Format: date-time */
      given_at: string
      /** Format: date-time */
      expires_at: string
      /** @enum {string} */
      state: 'waiting' | 'sent' | 'done' | 'expired' | 'repeated' | 'blocked' | 'no_such_gate'
      /** Format: date-time */
      done_at?: string | null
    }
    AuditEntry: {
      /** Format: int64 */
      id: number
      /** Format: date-time */
      at: string
      actor: string
      action: string
      object_kind: string
      object_id: string
      summary: string
      details: unknown
      address?: string | null
      hash: string
    }
    ErrorBody: {
      error_code: string
      message: string
      details: unknown
      request_id: string
      /** Format: date-time */
      timestamp: string
    }
    PassagePage: {
      items: components['schemas']['Passage'][]
      next_cursor?: string | null
    }
    PermitPage: {
      items: components['schemas']['Permit'][]
      next_cursor?: string | null
    }
    VisitPage: {
      items: components['schemas']['Visit'][]
      next_cursor?: string | null
    }
    AuditEntryPage: {
      items: components['schemas']['AuditEntry'][]
      next_cursor?: string | null
    }
    AccountPage: {
      items: components['schemas']['Account'][]
      next_cursor?: string | null
    }
    OrderPage: {
      items: components['schemas']['Order'][]
      next_cursor?: string | null
    }
    SitePage: {
      items: components['schemas']['Site'][]
      next_cursor?: string | null
    }
    GatePage: {
      items: components['schemas']['Gate'][]
      next_cursor?: string | null
    }
    EdgePage: {
      items: components['schemas']['Edge'][]
      next_cursor?: string | null
    }
    EnrolmentPage: {
      items: components['schemas']['Enrolment'][]
      next_cursor?: string | null
    }
  }
  responses: never
  parameters: never
  requestBodies: never
  headers: never
  pathItems: never
}
export type $defs = Record<string, never>
export type operations = Record<string, never>
