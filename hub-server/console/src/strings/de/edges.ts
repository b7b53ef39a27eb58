// Die Torrechner, wie ein neuer dazukommt, und ein Tor von Hand bewegen.
import type { Like } from '../catalogue'
import type { edges as english } from '../en/edges'
import { counter } from '../forms'

const many = counter('de')

export const edges: Like<typeof english> = {
  edges: {
    title: 'Torrechner',
    lead: 'Die kleinen Rechner an Ihren Toren: was sie sehen, vorhalten und wissen.',
    enrol: 'Torrechner anmelden',
    empty: 'Noch kein Torrechner',
    emptyWhy:
      'Ein Torrechner ist der kleine Rechner an einem Tor. Melden Sie den ersten an: Es braucht einen Namen und einen Befehl.',
    connected: 'Verbunden',
    away: 'Nicht erreichbar',
    retired: 'Stillgelegt',
    lastHeard: 'Zuletzt gehört',
    waiting: 'Wartende Ereignisse',
    behind: (count: number) => many(count, '# im Rückstand', '# im Rückstand'),
    none: 'keine',
    events: 'Ereignisse im Speicher',
    book: 'Berechtigungsbuch',
    current: (version: number) => `${version}, aktuell`,
    older: (has: number, wants: number) => `${has} von ${wants}`,
    version: 'Version',
    gates: 'Tore',
    inputs: { active: 'aktiv', rest: 'in Ruhe' },
    inputNames: { loop: 'Schleife', safety: 'Sicherheit', limit_open: 'Endlage offen', tamper: 'Sabotage' },
    camera: { live: 'live', offline: 'ausgefallen', frozen: 'eingefroren' },
    noCamera: 'Noch hat sich keine Kamera gemeldet.',
    models: 'Modelle',
    modelFine: 'im Einsatz',
    modelBad: 'nicht im Einsatz',
    heat: (step: number, fps: number) =>
      `Heiß oder überlastet, Stufe ${step}: Höchstens ${fps} Bilder je Sekunde werden angesehen.`,
    heatCoarse: 'Ferne Kennzeichen werden weniger fein gesucht.',
    gap: (expected: number, got: number, epoch: number) =>
      `Die Ereignisse ${expected} bis ${got - 1} der Epoche ${epoch} sind nie angekommen.`,
    gapOne: (expected: number, epoch: number) => `Das Ereignis ${expected} der Epoche ${epoch} ist nie angekommen.`,
    retire: 'Stilllegen',
    retireTitle: (name: string) => `${name} stilllegen?`,
    retireWhy:
      'Der Hub weist diesen Torrechner von da an ab: Seine Tore erhalten keine Berechtigungen mehr, und seine Ereignisse kommen nicht mehr an. Um den Rechner wieder zu benutzen, melden Sie ihn neu an.',
    retired_: (name: string) => `${name} ist stillgelegt.`,
    more: 'Weitere Handlungen',
    pending: 'Codes, die auf ihren Torrechner warten',
    expires: 'läuft ab',
    used: 'benutzt',
  },

  enrol: {
    title: 'Torrechner anmelden',
    name: 'Name des Torrechners',
    nameWhy: 'Woran Sie ihn erkennen, zum Beispiel „Nordtor“.',
    site: 'Standort',
    gates: 'Tore an diesem Rechner',
    gateName: 'Name des Tors',
    direction: 'Richtung',
    add: 'Tor hinzufügen',
    remove: (number: number) => `Tor ${number} entfernen`,
    make: 'Code erstellen',
    codeLead: 'Geben Sie das am Torrechner ein. Der Code gilt einmal, und nur für diesen Hub.',
    code: 'Code',
    command: 'Befehl für den Torrechner; er fragt nach dem Code',
    expires: 'Der Code läuft ab',
    waiting: 'Wartet darauf, dass sich der Torrechner anmeldet. Sie können dieses Fenster schließen.',
    arrived: (name: string) => `${name} ist angemeldet.`,
    done: 'Fertig',
  },

  order: {
    title: (gate: string) => `${gate} von Hand bewegen`,
    action: 'Was zu tun ist',
    actions: { open: 'Einmal öffnen', hold_open: 'Offen halten', close: 'Schließen' },
    did: {
      open: 'Das Tor hat den Befehl zum Öffnen.',
      hold_open: 'Das Tor hat den Befehl, offen zu bleiben.',
      close: 'Das Tor hat den Befehl zum Schließen.',
    },
    reason: 'Grund',
    reasonPlaceholder: 'Lieferung für die Küche',
    why: 'Der Befehl gilt einige Sekunden und wird höchstens einmal ausgeführt. Ist das Tor in dieser Zeit nicht erreichbar, bewirkt er nichts.',
    hold: 'Das Tor bleibt offen, bis es jemand schließt.',
    give: { open: 'Tor öffnen', hold_open: 'Tor offen halten', close: 'Tor schließen' },
    state: {
      waiting: 'Wartet auf das Tor',
      sent: 'An das Tor gesendet',
      done: 'Ausgeführt',
      expired: 'Verfallen: Das Tor war nicht rechtzeitig erreichbar, also hat sich nichts bewegt.',
      repeated: 'War schon ausgeführt; nichts hat sich noch einmal bewegt.',
      blocked: 'Der Sicherheitseingang verbietet es. Etwas ist unter dem Schrankenbaum.',
      no_such_gate: 'Der Torrechner kennt dieses Tor nicht.',
      failed:
        'Die Anschlüsse der Schranke haben nicht reagiert. Sehen Sie am Tor nach: Niemand weiß, ob sich der Schrankenbaum bewegt hat.',
    },
    holds: (seconds: number) => `gilt ${seconds} s`,
    again: 'Weiteren Befehl geben',
  },
}
